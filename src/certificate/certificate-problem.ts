/** Why a client does not trust the certificate that it was shown, and what mends it. */

import type { X509Certificate } from 'node:crypto';
import { isIP } from 'node:net';
import {
  day,
  isNamedAsIssuer,
  issuerName,
  listOf,
  namesFor,
  subjectName,
} from './certificate-facts.ts';

/** A certificate that was shown, and where and when. */
export interface ShownCertificate {
  /** What the server has shown; undefined: it is not known any more. */
  readonly certificate: X509Certificate | undefined;
  /** The host that the client has asked for. */
  readonly host: string;
  readonly now: Date;
}

/** @returns a sentence; undefined when `code` is none of a certificate that is not trusted */
export function certificateProblem(code: string, shown: ShownCertificate): string | undefined {
  return problems.get(code)?.(shown);
}

// By the code that Node has for what OpenSSL has found.
const problems: ReadonlyMap<string, (shown: ShownCertificate) => string> = new Map([
  ['CERT_HAS_EXPIRED', expired],
  ['CERT_NOT_YET_VALID', early],
  ['DEPTH_ZERO_SELF_SIGNED_CERT', selfSigned],
  ['SELF_SIGNED_CERT_IN_CHAIN', unknownAuthority],
  ['UNABLE_TO_GET_ISSUER_CERT', rootMissing],
  ['UNABLE_TO_GET_ISSUER_CERT_LOCALLY', unknownIssuer],
  ['UNABLE_TO_VERIFY_LEAF_SIGNATURE', unknownIssuer],
  ['CERT_SIGNATURE_FAILURE', otherAuthority],
  ['ERR_TLS_CERT_ALTNAME_INVALID', otherHost],
  ['HOSTNAME_MISMATCH', otherHost],
  ['IP_ADDRESS_MISMATCH', otherHost],
  ['CERT_REVOKED', revoked],
  ['INVALID_PURPOSE', otherPurpose],
  ['INVALID_CA', noAuthority],
  ['PATH_LENGTH_EXCEEDED', noAuthority],
  ['CERT_CHAIN_TOO_LONG', noAuthority],
  ['CERT_UNTRUSTED', unknownAuthority],
  ['CERT_REJECTED', unknownAuthority],
]);

function expired({ certificate, now }: ShownCertificate): string {
  const old = chainOf(certificate).find(({ validToDate }) => validToDate < now);
  if (old === undefined) {
    return (
      `a certificate that the broker's goes back to, such as that of its CA${by(certificate)}, ` +
      `has expired by ${day(now)}, the date of this machine: have a new one made, and give it with --cafile`
    );
  }
  const whose = old === certificate ? "the broker's certificate" : `that of '${subjectName(old)}'`;
  return (
    `${whose} expired on ${day(old.validToDate)}, and it is ${day(now)} on this machine: ` +
    `have a new one made, and put it in the broker's certfile`
  );
}

function early({ certificate, now }: ShownCertificate): string {
  const young = chainOf(certificate).find(({ validFromDate }) => validFromDate > now);
  const from = young === undefined ? 'later' : `on ${day(young.validFromDate)}`;
  return (
    `the broker's certificate becomes valid ${from}, and it is ${day(now)} on this machine: ` +
    `set the clock of this machine, or have a certificate made that is valid now`
  );
}

function selfSigned({ certificate }: ShownCertificate): string {
  if (certificate !== undefined && isNamedAsIssuer(certificate)) return namesake(certificate);
  const name = certificate ? ` for '${subjectName(certificate)}'` : '';
  return (
    `the broker's certificate${name} is self-signed, so no CA vouches for it: get that certificate ` +
    `from whoever runs the broker, and give it with --cafile`
  );
}

function namesake(certificate: X509Certificate): string {
  return (
    `the broker's certificate has the same name as the CA that issued it, '${subjectName(certificate)}', ` +
    `and is taken for self-signed: have one made whose Common Name is the name of the broker's host`
  );
}

function rootMissing(): string {
  return (
    'you trust an intermediate CA, but not the root CA that has issued its certificate: ' +
    'give --cafile a file with the certificates of both'
  );
}

function unknownAuthority({ certificate }: ShownCertificate): string {
  const root = chainOf(certificate).at(-1);
  const name = root === undefined ? 'its CA' : `the CA '${authorityOf(root)}'`;
  return (
    `the broker's certificate goes back to ${name}, which is none of those that you trust: ` +
    `give that CA's certificate with --cafile`
  );
}

function unknownIssuer({ certificate }: ShownCertificate): string {
  const last = chainOf(certificate).at(-1);
  const issuer = last === undefined ? 'somebody unknown' : `'${issuerName(last)}'`;
  return (
    `the broker's certificate was issued by ${issuer}, which you do not trust and of which the broker ` +
    `sends no certificate: if that is your CA, give its certificate with --cafile; if it is an ` +
    `intermediate CA, put its certificate behind the broker's own in certfile`
  );
}

function otherAuthority({ certificate }: ShownCertificate): string {
  if (certificate !== undefined && isNamedAsIssuer(certificate)) return namesake(certificate);
  return (
    `the broker's certificate is not signed by the CA${by(certificate)} whose certificate you have, but ` +
    `by another of the same name: fetch the present certificate of the CA, and give it with --cafile`
  );
}

function otherHost({ certificate, host }: ShownCertificate): string {
  const names = certificate === undefined ? [] : namesFor(certificate);
  const wanted = `subjectAltName=${isIP(host) === 0 ? 'DNS' : 'IP'}:${host}`;
  const remedy = `have a certificate made with ${wanted}`;
  if (names.length === 0) return `the broker's certificate is not for '${host}': ${remedy}`;
  const { subjectAltName } = certificate!;
  // A common name counts for names only. (RFC 6125 section 6.4.4)
  const also = isIP(host) !== 0 && subjectAltName === undefined ? ', and for no address' : '';
  const isLoopback = host === '::1' || host.startsWith('127.');
  const hosts = names.filter((name) => hostName.test(name));
  const given = isLoopback && hosts.includes('localhost') ? 'localhost' : hosts[0];
  const connect = given === undefined ? '' : `connect with -h ${given}, or `;
  return `the broker's certificate is for ${listOf(names)}${also}, not for '${host}': ${connect}${remedy}`;
}

/** What `-h` could be: no wildcard, nor a name for people such as that of a CA. */
const hostName = /^[a-z0-9.:_-]+$/i;

function revoked({ certificate }: ShownCertificate): string {
  return (
    `the CA${by(certificate)} has revoked the broker's certificate: have a new one made, ` +
    `and put it in the broker's certfile`
  );
}

function otherPurpose(): string {
  return (
    "the broker's certificate was not made for servers: have one made without extendedKeyUsage, " +
    'or with extendedKeyUsage=serverAuth'
  );
}

function noAuthority({ certificate }: ShownCertificate): string {
  return (
    `the certificate${by(certificate)} that the broker's was issued with is not one of a CA that may ` +
    `do so: have the broker's certificate made by a CA, whose own says CA:TRUE`
  );
}

/** The certificate, and those that the server has sent behind it. */
function chainOf(certificate: X509Certificate | undefined): X509Certificate[] {
  const chain: X509Certificate[] = [];
  let next = certificate;
  while (
    next !== undefined &&
    !chain.some(({ fingerprint256 }) => fingerprint256 === next!.fingerprint256)
  ) {
    chain.push(next);
    next = next.issuerCertificate;
  }
  return chain;
}

function authorityOf(root: X509Certificate): string {
  return root.subject === root.issuer ? subjectName(root) : issuerName(root);
}

function by(certificate: X509Certificate | undefined): string {
  return certificate === undefined ? '' : ` '${issuerName(certificate)}'`;
}
