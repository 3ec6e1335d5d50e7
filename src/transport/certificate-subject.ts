/** Whom a certificate names, in the forms that user names and logs have. */

import type { X509Certificate } from 'node:crypto';
import { certificateFields } from './certificate-fields.ts';
import { type DerElement, derChildren, objectIdentifierOf } from './der.ts';

const commonNameId = '2.5.4.3';

/**
 * The first Common Name of the subject; undefined when there is none, or when it could not be a
 * user name in MQTT: not UTF-8, empty, or with control characters.
 */
export function commonNameOf(certificate: X509Certificate): string | undefined {
  const attribute = attributesOf(certificate).find(({ id }) => id === commonNameId);
  return attribute && nameIn(attribute.value.content);
}

/**
 * The subject as RFC 2253 writes it, and as `openssl x509 -subject -nameopt RFC2253` prints it:
 * last attribute first, `CN=sensor,O=Example`.
 */
export function subjectOf(certificate: X509Certificate): string {
  const attributes = attributesOf(certificate);
  // Node has OpenSSL write one relative name on each line, escaped as RFC 2253 wants it. What is
  // left to do: the order, bytes beyond ASCII, and the values of attributes without a name.
  const names = (certificate.subject ?? '').split('\n').map((line) => line.split(' + '));
  let at = attributes.length;
  return names
    .toReversed()
    .map((parts) =>
      parts.toReversed().map((part) => {
        at--;
        return isDotted(part) ? dumped(attributes[at]) : asciiOnly(part);
      }),
    )
    .map((parts) => parts.join('+'))
    .join(',');
}

interface Attribute {
  readonly id: string;
  readonly value: DerElement;
}

/** In the order of the certificate. */
function attributesOf(certificate: X509Certificate): Attribute[] {
  const relativeNames = derChildren(certificateFields(certificate).subject);
  return relativeNames.flatMap(derChildren).map((attribute) => {
    const [id, value] = derChildren(attribute);
    return { id: objectIdentifierOf(id), value };
  });
}

function nameIn(bytes: Uint8Array): string | undefined {
  try {
    const text = new TextDecoder('utf-8', { fatal: true, ignoreBOM: true }).decode(bytes);
    return text === '' || /\p{Cc}/u.test(text) ? undefined : text;
  } catch {
    return undefined;
  }
}

function isDotted(part: string): boolean {
  return /^\d+(?:\.\d+)+=/.test(part);
}

function dumped({ id, value }: Attribute): string {
  return `${id}=#${Buffer.from(value.bytes).toString('hex').toUpperCase()}`;
}

function asciiOnly(text: string): string {
  return text.replace(/[^\0-\x7f]+/g, (characters) =>
    Buffer.from(characters).toString('hex').toUpperCase().replace(/../g, '\\$&'),
  );
}
