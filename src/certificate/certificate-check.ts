/** What is wrong with the certificates of a server, seen before a client stumbles over it. */

import { X509Certificate } from 'node:crypto';
import { isIP } from 'node:net';
import { rootCertificates } from 'node:tls';
import {
  day,
  hasAlternativeNames,
  isNamedAsIssuer,
  isSelfSigned,
  issuerName,
  listOf,
  namesFor,
  subjectName,
} from './certificate-facts.ts';

export interface ServerCertificate {
  /** What it shows: its own certificate, and those of intermediate CAs behind it. */
  readonly chain: readonly X509Certificate[];
  /** What `cafile` and `capath` hold; absent where there is neither. */
  readonly authorities?: readonly X509Certificate[] | undefined;
  readonly now: Date;
  /** Names and addresses that clients use for the server, where they are known. */
  readonly hosts?: readonly string[];
}

/** By what it is about, so that it can be told apart in a test or a dashboard. */
export type FindingType =
  | 'expired'
  | 'not yet valid'
  | 'expires soon'
  | 'self-signed'
  | 'named as its CA'
  | 'certificate of a CA'
  | 'no alternative name'
  | 'other host'
  | 'intermediate missing'
  | 'out of order'
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
export function checkServerCertificate({
  chain: [leaf, ...others],
  authorities,
  now,
  hosts = [],
}: ServerCertificate): Finding[] {
  const scene = { leaf, others, authorities, now, hosts };
  return checks.flatMap((check) => check(scene) ?? []);
}

/** Finds authorities in whose name clients come, and which do not count. */
export function checkClientAuthorities(
  authorities: readonly X509Certificate[],
  now: Date,
): Finding[] {
  return authorities.flatMap((authority) => {
    const what = `the certificate of the CA '${subjectName(authority)}'`;
    const effect = 'every client with a certificate of it is refused';
    const renew = 'renew it, with the same key and name';
    return validityFinding(authority, now, { what, effect, renew }) ?? [];
  });
}

interface Scene {
  readonly leaf: X509Certificate;
  /** Those behind the leaf. */
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
  checkOrder,
  checkIssuer,
  checkPurpose,
  checkKey,
  checkSignature,
];

/** Of the certificate, and of all that clients need to trust it. */
function checkDates({ leaf, others, authorities = [], now }: Scene): Finding[] {
  const issuers = authorities.filter((authority) =>
    [leaf, ...others].some((certificate) => certificate.checkIssued(authority)),
  );
  const all = new Map([leaf, ...others, ...issuers].map((each) => [each.fingerprint256, each]));
  return [...all.values()].flatMap((each) => {
    const isLeaf = each === leaf;
    const what = `the certificate of ${isLeaf ? 'the server' : 'the CA'} '${subjectName(each)}'`;
    const renew = isLeaf ? 'have a new one made' : 'renew it, and give it to every client';
    return validityFinding(each, now, { what, effect: 'clients refuse it', renew }) ?? [];
  });
}

interface ValidityWords {
  readonly what: string;
  /** Of its being over. */
  readonly effect: string;
  readonly renew: string;
}

function validityFinding(
  { validFromDate, validToDate }: X509Certificate,
  now: Date,
  { what, effect, renew }: ValidityWords,
): Finding | undefined {
  if (validToDate < now) {
    return {
      type: 'expired',
      sentence: `${what} expired on ${day(validToDate)}, and ${effect}: ${renew}.`,
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
  const [name = 'HOST, where HOST is the name that clients connect to'] = namesFor(leaf);
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

function checkOrder({ leaf, others }: Scene): Finding | undefined {
  const chain = [leaf, ...others];
  const at = others.findIndex((other, i) => !chain[i].checkIssued(other));
  if (at === -1) return undefined;
  const [issued, other] = [chain[at], others[at]].map(subjectName);
  return {
    type: 'out of order',
    sentence:
      `behind the certificate of '${issued}', certfile holds that of '${other}', which has not ` +
      `issued it: put each certificate right behind the one that it has issued.`,
  };
}

/**
 * Clients know the root CA, but not those between it and the server, which the server must send.
 * Whether the last issuer is one of these is known when there is but the server's certificate, and
 * `cafile` does not have its issuer; or when a certificate says where that of its issuer can be
 * fetched, as those of public CAs do.
 */
function checkIssuer(scene: Scene): Finding | undefined {
  const { leaf, others, authorities } = scene;
  const last = others.at(-1) ?? leaf;
  if (last.subject === last.issuer || checkOrder(scene) !== undefined) return undefined;
  if (authorities?.some((authority) => last.checkIssued(authority))) return undefined;
  const isAlone = others.length === 0 && authorities !== undefined;
  const isSuspect = isAlone || /CA Issuers/.test(last.infoAccess ?? '');
  if (!isSuspect || isByPublicRoot(last)) return undefined;
  const whose = last === leaf ? 'the server' : `'${subjectName(last)}'`;
  return {
    type: 'intermediate missing',
    sentence:
      `neither certfile nor cafile holds the certificate of '${issuerName(last)}', which has issued that of ` +
      `${whose}: if it is an intermediate CA, append its certificate to certfile (what public CAs call ` +
      `fullchain.pem has it), or clients that know only the root CA refuse the server.`,
  };
}

function isByPublicRoot(certificate: X509Certificate): boolean {
  return rootCertificates.some((root) => certificate.checkIssued(new X509Certificate(root)));
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
