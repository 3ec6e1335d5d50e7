/** What a certificate says, in words for people. */

import type { X509Certificate } from 'node:crypto';

/** The certificates of a file in PEM, in its order. Text around them is nobody's business. */
export function certificateBlocks(pem: string): string[] {
  return pem.match(/-----BEGIN CERTIFICATE-----[\s\S]*?-----END CERTIFICATE-----/g) ?? [];
}

/** Who a certificate is of: its common name, or else all that is known. */
export function subjectName({ subject }: X509Certificate): string {
  return commonName(subject);
}

/** Who has issued a certificate. */
export function issuerName({ issuer }: X509Certificate): string {
  return commonName(issuer);
}

/** Node has one attribute on each line: `O=Example\nCN=sensor`. */
function commonName(name: string | undefined): string {
  const attributes = (name ?? '').split('\n');
  const common = attributes.findLast((attribute) => attribute.startsWith('CN='));
  return common?.slice('CN='.length) || attributes.join(', ') || 'nobody';
}

/** The names and addresses that a certificate is for, as clients look for them. */
export function namesFor(certificate: X509Certificate): string[] {
  const { subjectAltName } = certificate;
  const names = (subjectAltName ?? '')
    .split(', ')
    .flatMap((entry) => /^(?:DNS|IP Address):(.+)$/.exec(entry)?.[1] ?? []);
  if (names.length > 0) return names;
  const name = /(?:^|\n)CN=(.+)/.exec(certificate.subject)?.[1];
  return name === undefined ? [] : [name];
}

export function hasAlternativeNames({ subjectAltName }: X509Certificate): boolean {
  return /(?:^|, )(?:DNS|IP Address):/.test(subjectAltName ?? '');
}

/** `a`, `a and b`, `a, b and c`; many are not all told. */
export function listOf(names: readonly string[], shown = 5): string {
  if (names.length > shown) return `${names.slice(0, shown).join(', ')} and others`;
  if (names.length < 2) return names.join('');
  return `${names.slice(0, -1).join(', ')} and ${names.at(-1)}`;
}

/** `2026-11-26`, in UTC, as certificates have it. */
export function day(date: Date): string {
  return date.toISOString().slice(0, 'yyyy-mm-dd'.length);
}

/** It is signed by the key that is in it. */
export function isSelfSigned(certificate: X509Certificate): boolean {
  return certificate.subject === certificate.issuer && certificate.verify(certificate.publicKey);
}

/**
 * It has the name of the CA that issued it, so that many take it for self-signed: both were given
 * the same answers when they were made.
 */
export function isNamedAsIssuer(certificate: X509Certificate): boolean {
  return certificate.subject === certificate.issuer && !isSelfSigned(certificate);
}
