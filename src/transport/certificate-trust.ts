/** Whether a certificate leads to an authority that is trusted, whatever its dates. */

import type { KeyObject, X509Certificate } from 'node:crypto';
import { type CertificateExtension, certificateFields } from './certificate-fields.ts';
import { derChildren, derTags, objectIdentifierOf, readDer } from './der.ts';

/** Extensions whose meaning is obeyed here, or has none for a client's certificate. */
const understood: readonly string[] = [
  '2.5.29.14',
  '2.5.29.15',
  '2.5.29.17',
  '2.5.29.19',
  '2.5.29.32',
  '2.5.29.35',
  '2.5.29.37',
];
const keyUsage = '2.5.29.15';
const basicConstraints = '2.5.29.19';
const nameConstraints = '2.5.29.30';
const forClients: readonly string[] = ['1.3.6.1.5.5.7.3.2', '2.5.29.37.0'];

// What OpenSSL asks for at its security level 2, which is the default.
const modulusBitsMin = 2048;
const divisorBitsMin = 224;
const coordinateBytesMin = 28; // of a curve with 224 bits
const brokenHash = /md\d|sha1(?!\d)/i;
const pss = 'rsassaPss';
const pssHashes: readonly string[] = [
  '2.16.840.1.101.3.4.2.1',
  '2.16.840.1.101.3.4.2.2',
  '2.16.840.1.101.3.4.2.3',
];

/** The certificates that issued `certificate`, among those known. */
export function issuersOf(
  certificate: X509Certificate,
  known: readonly X509Certificate[],
): X509Certificate[] {
  return known.filter((other) => certificate.checkIssued(other) && isSigned(certificate, other));
}

/**
 * Whether a client's certificate is good but for its dates.
 *
 * OpenSSL tells of one fault only, the last that it finds, and it looks at the dates last: where
 * those do not matter, an expired certificate would have everything else forgiven as well. This
 * looks at the rest again, and refuses what it does not understand.
 *
 * @param sent what came along with the certificate
 * @param authorities those that are trusted
 */
export function isTrustedButForDates(
  certificate: X509Certificate,
  sent: readonly X509Certificate[],
  authorities: readonly X509Certificate[],
): boolean {
  if (!mayAuthenticate(certificate) || !isAcceptable(certificate)) return false;
  const known = [...authorities, ...sent];
  return leadsToAuthority(certificate, known, { authorities, passed: [] });
}

/** @param passed the authorities between `certificate` and the client's */
function leadsToAuthority(
  certificate: X509Certificate,
  known: readonly X509Certificate[],
  { authorities, passed }: { authorities: readonly X509Certificate[]; passed: X509Certificate[] },
): boolean {
  return issuersOf(certificate, known).some((issuer) => {
    if (!issuer.ca || !isAcceptable(issuer) || passed.length > pathLengthMaxOf(issuer))
      return false;
    if (authorities.includes(issuer) && issuer.subject === issuer.issuer) return true;
    // What has led nowhere is not tried again: the client chooses what it sends.
    const others = known.filter((other) => other !== issuer);
    return leadsToAuthority(issuer, others, { authorities, passed: [...passed, issuer] });
  });
}

function isAcceptable(certificate: X509Certificate): boolean {
  const { extensions } = certificateFields(certificate);
  const isStrange = extensions.some(({ id, isCritical }) => {
    const name = objectIdentifierOf(id);
    return name === nameConstraints || (isCritical && !understood.includes(name));
  });
  return !isStrange && isForClients(certificate) && hasSafeKey(certificate);
}

/** Those of authorities count as well: one may be for the certificates of servers only. */
function isForClients({ keyUsage: purposes }: X509Certificate): boolean {
  return purposes === undefined || purposes.some((id) => forClients.includes(id));
}

/** The bits of `keyUsage` that a key in a handshake needs one of. RFC 5280, 4.2.1.3 */
const digitalSignatureOrKeyAgreement = 0x88;

function mayAuthenticate(certificate: X509Certificate): boolean {
  const usage = extensionOf(certificate, keyUsage);
  if (usage === undefined) return true;
  // The first byte counts unused bits.
  const [, bits = 0] = readDer(usage.value).content;
  return (bits & digitalSignatureOrKeyAgreement) !== 0;
}

function extensionOf(certificate: X509Certificate, name: string): CertificateExtension | undefined {
  const { extensions } = certificateFields(certificate);
  return extensions.find(({ id }) => objectIdentifierOf(id) === name);
}

function hasSafeKey(certificate: X509Certificate): boolean {
  // OpenSSL reads keys when they are asked for.
  try {
    const { publicKey } = certificate;
    const { modulusLength = modulusBitsMin, divisorLength = divisorBitsMin } =
      publicKey.asymmetricKeyDetails ?? {};
    if (modulusLength < modulusBitsMin || divisorLength < divisorBitsMin) return false;
    return (
      publicKey.asymmetricKeyType !== 'ec' || coordinateBytesOf(publicKey) >= coordinateBytesMin
    );
  } catch {
    return false;
  }
}

const uncompressed = 4;

/** `SEQUENCE { algorithm, BIT STRING with a point }`. SEC 1, 2.3.3 */
function coordinateBytesOf(key: KeyObject): number {
  const [, point] = derChildren(readDer(key.export({ type: 'spki', format: 'der' })));
  // The first byte counts unused bits.
  const [, form, ...coordinates] = point.content;
  return form === uncompressed ? coordinates.length / 2 : coordinates.length;
}

function isSigned(certificate: X509Certificate, issuer: X509Certificate): boolean {
  const isRoot = certificate.subject === certificate.issuer;
  if (!isRoot && !hasSafeHash(certificate)) return false;
  try {
    return certificate.verify(issuer.publicKey);
  } catch {
    return false;
  }
}

function hasSafeHash({ raw, signatureAlgorithm = '' }: X509Certificate): boolean {
  if (signatureAlgorithm !== pss) return !brokenHash.test(signatureAlgorithm);
  const [, algorithm] = derChildren(readDer(raw));
  const [, parameters] = derChildren(algorithm);
  // `SEQUENCE { [0] hash DEFAULT SHA-1, … }`. RFC 4055, 3.1
  const hash = derChildren(parameters).find(({ tag }) => tag === pssHashTag);
  if (hash === undefined) return false;
  const [name] = derChildren(derChildren(hash)[0]);
  return pssHashes.includes(objectIdentifierOf(name));
}

const pssHashTag = 0xa0;

/** `SEQUENCE { cA BOOLEAN DEFAULT FALSE, pathLenConstraint INTEGER OPTIONAL }` */
function pathLengthMaxOf(certificate: X509Certificate): number {
  const extension = extensionOf(certificate, basicConstraints);
  const parts = extension ? derChildren(readDer(extension.value)) : [];
  const length = parts.find(({ tag }) => tag === derTags.integer);
  return length === undefined ? Number.POSITIVE_INFINITY : Number(`0x${hexOf(length.content)}`);
}

function hexOf(bytes: Uint8Array): string {
  return Buffer.from(bytes).toString('hex');
}
