/** TLS that did not come about. */

import type { X509Certificate } from 'node:crypto';

/** There was a network connection, but no TLS came to be on it. */
export class HandshakeError extends Error {
  override readonly name = 'HandshakeError';
  /** Of Node or OpenSSL: `CERT_HAS_EXPIRED`, `ERR_SSL_WRONG_VERSION_NUMBER`, `ECONNRESET`. */
  readonly code: string;
  /** What the server has shown, where it came so far. */
  readonly certificate: X509Certificate | undefined;

  constructor(cause: Error, certificate: X509Certificate | undefined) {
    super(cause.message, { cause });
    this.code = (cause as { readonly code?: string }).code ?? 'unknown error';
    this.certificate = certificate;
  }
}
