/** What is wrong with the certificate of a server, seen before a client stumbles over it. */

import { X509Certificate } from 'node:crypto';
import { isIP } from 'node:net';
import { rootCertificates } from 'node:tls';
import {
  certificateBlocks,
  day,
  hasAlternativeNames,
  isNamedAsIssuer,
  isSelfSigned,
  issuerName,
  listOf,
  namesFor,
  subjectName,
} from './certificate-facts.ts';
import { keyPairProblem, readCertificate } from './key-pair.ts';

export interface ServerCertificate {
  /** What `certfile` holds: the server's certificate, and those of intermediate CAs behind it. */
  readonly certPem: string;
  /** What `keyfile` holds. */
  readonly keyPem: string;
  /** What `cafile` holds, if there is one. */
  readonly caPem?: string | undefined;
  readonly now: Date;
  /** Names and addresses that clients use for the server, where they are known. */
  readonly hosts?: readonly string[];
}

/** By what it is about, so that it can be told apart in a test or a dashboard. */
export type FindingType =
  | 'unusable'
  | 'expired'
  | 'not yet valid'
  | 'expires soon'
  | 'self-signed'
  | 'named as its CA'
  | 'certificate of a CA'
  | 'no alternative name'
  | 'other host'
  | 'intermediate missing'
  | 'not for servers'
  | 'weak key'
  | 'weak signature';

export interface Finding {
  readonly type: FindingType;
  /** What is wrong and what to do about it, for a log. */
  readonly sentence: string;
}

/** Expiry is told from this time on before it comes. */
const expiryWarningDays = 14;

const rsaBitsMin = 2048;

/** Finds nothing in a certificate that every client takes which trusts its CA. */
export function checkServerCertificate(server: ServerCertificate): Finding[] {
  const { certPem, keyPem } = server;
  const names = { certName: 'the certfile', keyName: 'the keyfile' };
  const problem = keyPairProblem({ certPem, keyPem, ...names });
  if (problem !== undefined) return [{ type: 'unusable', sentence: `${problem}.` }];
  const scene = sceneOf(server);
  return checks.flatMap((check) => check(scene) ?? []);
}

interface Scene {
  readonly leaf: X509Certificate;
  /** Those behind the leaf in its file. */
  readonly others: readonly X509Certificate[];
  /** Undefined: there is no file of CAs. */
  readonly authorities: readonly X509Certificate[] | undefined;
  readonly now: Date;
  readonly hosts: readonly string[];
}

type Check = (scene: Scene) => Finding | Finding[] | undefined;

const checks: readonly Check[] = [
  checkDates,
  checkAuthority,
  checkSelfSigned,
  checkOwnName,
  checkNames,
  checkHosts,
  checkIssuer,
  checkPurpose,
  checkKey,
  checkSignature,
];

function sceneOf({ certPem, caPem, now, hosts = [] }: ServerCertificate): Scene {
  const [leaf, ...others] = readAll(certPem);
  const authorities = caPem === undefined ? undefined : readAll(caPem);
  return { leaf, others, authorities, now, hosts };
}

function readAll(pem: string): X509Certificate[] {
  return certificateBlocks(pem).flatMap((block) => readCertificate(block) ?? []);
}

/** Of the certificate, and of all that clients need to trust it. */
function checkDates({ leaf, others, authorities = [], now }: Scene): Finding[] {
  const issuers = authorities.filter((authority) =>
    [leaf, ...others].some((certificate) => certificate.checkIssued(authority)),
  );
  const all = new Map([leaf, ...others, ...issuers].map((each) => [each.fingerprint256, each]));
  return [...all.values()].flatMap((each) => checkValidity(each, each === leaf, now) ?? []);
}

function checkValidity(
  certificate: X509Certificate,
  isLeaf: boolean,
  now: Date,
): Finding | undefined {
  const { validFromDate, validToDate } = certificate;
  const what = `the certificate of ${isLeaf ? 'the server' : 'the CA'} '${subjectName(certificate)}'`;
  const renew = isLeaf ? 'have a new one made' : 'renew it, and give it to every client';
  if (validToDate < now) {
    return {
      type: 'expired',
      sentence: `${what} expired on ${day(validToDate)}, and clients refuse it: ${renew}.`,
    };
  }
  if (validFromDate > now) {
    return {
      type: 'not yet valid',
      sentence:
        `${what} becomes valid on ${day(validFromDate)}, and it is ${day(now)} here: set the clock ` +
        `of this machine, or have a certificate made that is valid now.`,
    };
  }
  const daysLeft = (validToDate.getTime() - now.getTime()) / 86_400_000;
  if (daysLeft >= expiryWarningDays) return undefined;
  const left = daysLeft < 1 ? 'in less than a day' : `in ${Math.floor(daysLeft)} days`;
  return {
    type: 'expires soon',
    sentence: `${what} expires ${left}, on ${day(validToDate)}: ${renew} before that.`,
  };
}

/** The file of a CA in the place of the server's own is one of the commonest mistakes. */
function checkAuthority({ leaf, authorities = [] }: Scene): Finding | undefined {
  const isListed = authorities.some(({ fingerprint256 }) => fingerprint256 === leaf.fingerprint256);
  if (!leaf.ca || (isSelfSigned(leaf) && !isListed)) return undefined;
  return {
    type: 'certificate of a CA',
    sentence:
      `certfile holds the certificate of the CA '${subjectName(leaf)}' itself, whose key should not ` +
      `be on a server: have the CA issue a certificate for this server.`,
  };
}

function checkSelfSigned({ leaf, authorities = [] }: Scene): Finding | undefined {
  const isListed = authorities.some(({ fingerprint256 }) => fingerprint256 === leaf.fingerprint256);
  if (isListed || !isSelfSigned(leaf)) return undefined;
  return {
    type: 'self-signed',
    sentence:
      `the certificate of the server '${subjectName(leaf)}' is self-signed, so clients take it only ` +
      `when they are given this very file, as with --cafile: have one issued by a CA that they trust.`,
  };
}

/** Who answers the questions of `openssl req` alike for the CA and the server makes such a one. */
function checkOwnName({ leaf }: Scene): Finding | undefined {
  if (!isNamedAsIssuer(leaf)) return undefined;
  return {
    type: 'named as its CA',
    sentence:
      `the certificate of the server has the same name as its CA, '${subjectName(leaf)}', so clients ` +
      `take it for self-signed and refuse it: make it again, with the name of this host as Common Name.`,
  };
}

function checkNames({ leaf }: Scene): Finding | undefined {
  if (leaf.ca || isNamedAsIssuer(leaf)) return undefined;
  if (hasAlternativeNames(leaf)) return undefined;
  const [name = 'the name of the server'] = namesFor(leaf);
  return {
    type: 'no alternative name',
    sentence:
      `the certificate of the server has no subjectAltName, so browsers and many newer clients take ` +
      `it for no host, and no client for an address: have it made with subjectAltName=DNS:${name}.`,
  };
}

function checkHosts({ leaf, hosts }: Scene): Finding | undefined {
  const missed = hosts.filter((host) => !isFor(leaf, host));
  if (missed.length === 0) return undefined;
  return {
    type: 'other host',
    sentence:
      `the certificate of the server is for ${listOf(namesFor(leaf)) || 'no name'}, not for ` +
      `${listOf(missed)}: have it made with a subjectAltName for each name that clients use.`,
  };
}

function isFor(leaf: X509Certificate, host: string): boolean {
  return (isIP(host) === 0 ? leaf.checkHost(host) : leaf.checkIP(host)) !== undefined;
}

/**
 * Clients know the root CA, but not those between it and the server, which the server must send.
 * Whether its issuer is one of these is known when `cafile` does not have it, or when the
 * certificate says where the issuer's can be fetched, as those of public CAs do.
 */
function checkIssuer({ leaf, others, authorities }: Scene): Finding | undefined {
  if (isSelfSigned(leaf)) return undefined;
  if ([...others, ...(authorities ?? [])].some((each) => leaf.checkIssued(each))) return undefined;
  const isSuspect = authorities !== undefined || /CA Issuers/.test(leaf.infoAccess ?? '');
  if (!isSuspect || isByPublicRoot(leaf)) return undefined;
  const issuer = issuerName(leaf);
  return {
    type: 'intermediate missing',
    sentence:
      `neither certfile nor cafile holds the certificate of '${issuer}', which has issued that of the ` +
      `server: if it is an intermediate CA, append its certificate to certfile, or clients that ` +
      `know only the root CA refuse the server.`,
  };
}

function isByPublicRoot(leaf: X509Certificate): boolean {
  return rootCertificates.some((root) => leaf.checkIssued(new X509Certificate(root)));
}

// Object identifiers of RFC 5280 section 4.2.1.12.
const serverAuthentication = '1.3.6.1.5.5.7.3.1';
const anyPurpose = '2.5.29.37.0';

function checkPurpose({ leaf }: Scene): Finding | undefined {
  // Node calls the extended key usage so, and leaves it undefined where there is none.
  const purposes = leaf.keyUsage as readonly string[] | undefined;
  if (purposes === undefined) return undefined;
  if (purposes.includes(serverAuthentication) || purposes.includes(anyPurpose)) return undefined;
  return {
    type: 'not for servers',
    sentence:
      'the certificate of the server was made for other purposes, and clients refuse it: have one ' +
      'made without extendedKeyUsage, or with extendedKeyUsage=serverAuth.',
  };
}

function checkKey({ leaf }: Scene): Finding | undefined {
  const { asymmetricKeyType, asymmetricKeyDetails } = leaf.publicKey;
  const bits = asymmetricKeyDetails?.modulusLength;
  if (asymmetricKeyType?.startsWith('rsa') !== true || bits === undefined) return undefined;
  if (bits >= rsaBitsMin) return undefined;
  return {
    type: 'weak key',
    sentence:
      `the key of the server has ${bits} bits, which can be broken and is refused by most clients: ` +
      `make one with: openssl genrsa -out server.key ${rsaBitsMin}, and a certificate for it.`,
  };
}

function checkSignature({ leaf, others }: Scene): Finding | undefined {
  const weak = [leaf, ...others].find((each) => !isSelfSigned(each) && hasWeakSignature(each));
  if (weak === undefined) return undefined;
  return {
    type: 'weak signature',
    sentence:
      `the certificate of '${subjectName(weak)}' is signed with SHA-1 or MD5, which can be forged and ` +
      `is refused by most clients: have it issued again with SHA-256 (openssl x509 -sha256).`,
  };
}

// Of RFC 3279 section 2.2, in DER: MD5 and SHA-1 with RSA, SHA-1 with ECDSA, SHA-1 with DSA.
const weakAlgorithms = [
  '06092a864886f70d010104',
  '06092a864886f70d010105',
  '06072a8648ce3d0401',
  '06072a8648ce380403',
].map((hex) => Buffer.from(hex, 'hex'));

/** Node 24 does not name the algorithm; a certificate does so in its bytes. */
function hasWeakSignature({ raw }: X509Certificate): boolean {
  return weakAlgorithms.some((algorithm) => raw.includes(algorithm));
}
