/** Tells a client over TLS 1.3 why its certificate is refused. */

import { createCipheriv, createHmac } from 'node:crypto';
import type { Socket } from 'node:net';
import type { TLSSocket } from 'node:tls';

interface Suite {
  readonly cipher: 'aes-128-gcm' | 'aes-256-gcm' | 'chacha20-poly1305';
  readonly hash: string;
  readonly keyBytes: number;
}

const suites: Readonly<Record<string, Suite>> = {
  TLS_AES_128_GCM_SHA256: { cipher: 'aes-128-gcm', hash: 'sha256', keyBytes: 16 },
  TLS_AES_256_GCM_SHA384: { cipher: 'aes-256-gcm', hash: 'sha384', keyBytes: 32 },
  TLS_CHACHA20_POLY1305_SHA256: { cipher: 'chacha20-poly1305', hash: 'sha256', keyBytes: 32 },
};

const secretPattern = /^SERVER_TRAFFIC_SECRET_0 [0-9a-f]+ ([0-9a-f]+)/;
/** Records that OpenSSL sends by itself when a handshake is over, if any: session tickets. */
const ticketRecords = 2;

/**
 * Node decides about a client's certificate when the handshake is over for OpenSSL, and can then
 * only hang up, which leaves the client without a reason. TLS 1.3 has its alert at that time as
 * well, so it can still be sent: as the record that would have come next.
 *
 * [decisions/010-tls.md]
 */
export class FarewellAlert {
  readonly #secure: TLSSocket;
  readonly #plain: Socket;
  #secret: Buffer | undefined;

  /** @param plain what `secure` sends through; before the handshake begins */
  constructor(secure: TLSSocket, plain: Socket) {
    this.#secure = secure;
    this.#plain = plain;
    secure.on('keylog', this.#note);
  }

  /** The handshake was good: nothing of it is kept. */
  drop(): void {
    this.#secure.off('keylog', this.#note);
    this.#secret = undefined;
  }

  /**
   * Sends a fatal alert where that is possible, and ends the connection once the client does; where
   * it is not possible, at once. To be called while Node tells that the handshake is over.
   *
   * @param description RFC 8446, 6.2
   */
  send(description: number): void {
    // What OpenSSL has to send at the end of the handshake leaves when this returns.
    const before = this.#plain.bytesWritten;
    setImmediate(() => {
      const hasSentTickets = this.#plain.bytesWritten > before;
      this.#send(description, hasSentTickets ? ticketRecords : 0);
    });
  }

  readonly #note = (line: Buffer): void => {
    const secret = secretPattern.exec(line.toString('latin1'))?.[1];
    if (secret !== undefined) this.#secret = Buffer.from(secret, 'hex');
  };

  #send(description: number, sequence: number): void {
    const secure = this.#secure;
    const suite = secure.destroyed ? undefined : suites[secure.getCipher()?.name ?? ''];
    if (suite === undefined || this.#secret === undefined) {
      secure.destroy();
      return;
    }
    const record = alertRecord(description, { suite, secret: this.#secret, sequence });
    this.#secret = undefined;
    // Hanging up at once would take the alert back from a client that is still sending.
    secure.once('end', () => secure.destroy()).resume();
    this.#plain.end(record);
  }
}

interface RecordKeys {
  readonly suite: Suite;
  readonly secret: Buffer;
  /** How many records went before under the same keys. */
  readonly sequence: number;
}

const alertType = 21;
const applicationDataType = 23;
const fatal = 2;
const tagBytes = 16;
const ivBytes = 12;

/**
 * An encrypted record (RFC 8446, 5.2): all but the first five bytes is encrypted.
 *
 *     23 | 3 3 | length | level | description | 21 | tag
 */
function alertRecord(description: number, { suite, secret, sequence }: RecordKeys): Uint8Array {
  const { cipher: name, hash, keyBytes } = suite;
  const content = Buffer.from([fatal, description, alertType]);
  const header = Buffer.from([applicationDataType, 3, 3, 0, content.length + tagBytes]);
  const key = expandLabel(secret, { hash, label: 'key', length: keyBytes });
  const nonce = expandLabel(secret, { hash, label: 'iv', length: ivBytes });
  nonce[ivBytes - 1] ^= sequence;
  // The three modes have the same interface; the types know it for one at a time.
  const cipher = createCipheriv(name as 'aes-256-gcm', key, nonce, { authTagLength: tagBytes });
  cipher.setAAD(header);
  return Buffer.concat([header, cipher.update(content), cipher.final(), cipher.getAuthTag()]);
}

/** HKDF-Expand-Label with no context (RFC 8446, 7.1), for no more than one hash's length. */
function expandLabel(
  secret: Buffer,
  { hash, label, length }: { hash: string; label: string; length: number },
): Buffer {
  const name = Buffer.from(`tls13 ${label}`);
  const info = Buffer.concat([Buffer.from([0, length, name.length]), name, Buffer.from([0, 1])]);
  return createHmac(hash, secret).update(info).digest().subarray(0, length);
}
