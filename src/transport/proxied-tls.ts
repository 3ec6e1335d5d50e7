/** The field of the PROXY protocol that tells of the TLS which the load balancer has ended. */

import { ProxyFields } from './proxy-fields.ts';
import type { ProxiedTls } from './proxy-header.ts';
import { corrupt } from './proxy-header-error.ts';

/*
 *   flags      a byte
 *   verify     4 bytes: 0 when the certificate of the client was found good
 *   fields     type, 2 bytes of length, text
 */
const fixedBytes = 5;
const flagBits = { tls: 0x01, certificateInSession: 0x04 } as const;
const fieldTypes = { version: 0x21, commonName: 0x22, cipher: 0x23 } as const;

/** @returns undefined when the client did not use TLS */
export function readProxiedTls(bytes: Uint8Array): ProxiedTls | undefined {
  if (bytes.length < fixedBytes) throw corrupt('its field about TLS has less than 5 bytes');
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  const flags = view.getUint8(0);
  const verify = view.getUint32(1);
  const fields = new ProxyFields(bytes.subarray(fixedBytes));
  const text = (type: number) => readText(fields.value(type));
  const version = text(fieldTypes.version) ?? 'TLS';
  const cipher = text(fieldTypes.cipher);
  const commonName = text(fieldTypes.commonName);
  if (!(flags & flagBits.tls)) return undefined;
  // The flag is needed: without a certificate there was nothing to find bad.
  const hasVerifiedCertificate = (flags & flagBits.certificateInSession) !== 0 && verify === 0;
  return {
    cipher: cipher === undefined ? version : `${version}/${cipher}`,
    hasVerifiedCertificate,
    commonName: hasVerifiedCertificate ? commonName : undefined,
  };
}

/** Text that may become a user name, and stand in a line of a log. */
function readText(bytes: Uint8Array | undefined): string | undefined {
  if (bytes === undefined || bytes.length === 0) return undefined;
  try {
    const text = utf8.decode(bytes);
    if (!/\p{Cc}/u.test(text)) return text;
  } catch {
    // Told below.
  }
  throw corrupt('its field about TLS has a text that is not UTF-8, or with control characters');
}

const utf8 = new TextDecoder('utf-8', { fatal: true, ignoreBOM: true });
