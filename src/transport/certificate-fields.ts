/** Where things stand in a certificate (RFC 5280, 4.1). */

import type { X509Certificate } from 'node:crypto';
import { type DerElement, derChildren, derTags, expectDer, readDer } from './der.ts';

export interface CertificateFields {
  /** The bytes of the number, sign included. */
  readonly serial: Uint8Array;
  readonly issuer: DerElement;
  readonly subject: DerElement;
  readonly extensions: readonly CertificateExtension[];
}

export interface CertificateExtension {
  readonly id: DerElement;
  readonly isCritical: boolean;
  readonly value: Uint8Array;
}

const versionTag = 0xa0;
const extensionsTag = 0xa3;

export function certificateFields({ raw }: X509Certificate): CertificateFields {
  const [toBeSigned] = derChildren(readDer(raw));
  const fields = derChildren(toBeSigned);
  if (fields[0]?.tag === versionTag) fields.shift();
  const serial = expectDer(fields[0], derTags.integer);
  const issuer = expectDer(fields[2], derTags.sequence);
  const subject = expectDer(fields[4], derTags.sequence);
  const list = fields.find(({ tag }) => tag === extensionsTag);
  return {
    serial: serial.content,
    issuer,
    subject,
    extensions: list === undefined ? [] : extensionsOf(list),
  };
}

/** Of a certificate or a revocation list: the sequence stands in an element of its own. */
export function extensionsOf(list: DerElement): CertificateExtension[] {
  return derChildren(expectDer(derChildren(list)[0], derTags.sequence)).map(extensionOf);
}

/** `SEQUENCE { id, critical BOOLEAN DEFAULT FALSE, value OCTET STRING }` */
export function extensionOf(element: DerElement): CertificateExtension {
  const parts = derChildren(element);
  const id = expectDer(parts[0], derTags.objectIdentifier);
  const value = expectDer(parts.at(-1), derTags.octetString);
  return { id, isCritical: parts.length === 3 && parts[1].content[0] !== 0, value: value.content };
}
