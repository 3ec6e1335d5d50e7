/** SCRAM-SHA-256 for enhanced authentication, the client's side. (RFC 5802, RFC 7677) */

import { utf8Of } from '../packet/text.ts';
import { saslPrep } from '../session/sasl-prep.ts';
import { type EnhancedAuthentication, enhancedAuthentication } from './enhanced-authentication.ts';
import type { Authenticator } from './ports.ts';

export interface ScramOptions {
  readonly userName: string;
  readonly password: string;
  /** For tests alone: the client's part of the nonce, printable and without commas. */
  readonly nonce?: () => string;
}

// RFC 7677 section 4. With fewer, whoever plays the server could guess the password from the proof.
const iterationsMin = 4096;
// Some seconds of work. Servers of today ask for a tenth; one that asks for more keeps us busy.
const iterationsMax = 10_000_000;
const hashBytes = 32;
const nonceBytes = 24;
const messageBytesMax = 4096;

// No channel binding: what MQTT runs on is not known here.
const header = 'n,,';

/**
 * Proves that the client knows the password without telling it, and has the server prove the same:
 * one that does not know it is left with `not authentic`. MQTT 5.0.
 *
 *     await connect('mqtts://localhost', {
 *       authentication: scramSha256({ userName: 'sensor', password: 'secret' }),
 *     });
 *
 * @throws RangeError for characters that no user name or password may have
 */
export function scramSha256({
  userName,
  password,
  nonce = newNonce,
}: ScramOptions): EnhancedAuthentication {
  const name = saslPrep(userName).replaceAll('=', '=3D').replaceAll(',', '=2C');
  if (name === '') throw new RangeError('an empty user name');
  const secret = utf8Of(saslPrep(password));
  return enhancedAuthentication({
    method: 'SCRAM-SHA-256',
    begin() {
      const own = nonce();
      const bare = `n=${name},r=${own}`;
      const authenticator = new Exchange(secret, own, bare);
      return { data: utf8Of(header + bare), authenticator };
    },
  });
}

/** One exchange: a challenge that is answered, and the server's signature that is verified. */
class Exchange implements Authenticator {
  readonly #password: Uint8Array<ArrayBuffer>;
  readonly #nonce: string;
  readonly #bare: string;
  #wasAsked = false;
  #signature: Uint8Array | undefined;

  constructor(password: Uint8Array<ArrayBuffer>, nonce: string, bare: string) {
    this.#password = password;
    this.#nonce = nonce;
    this.#bare = bare;
  }

  async answer(data: Uint8Array | undefined): Promise<Uint8Array> {
    // A second salt would get it a second proof to guess by.
    if (this.#wasAsked) throw new Error('it asks for more than SCRAM has to say');
    this.#wasAsked = true;
    const serverFirst = textOf(data);
    const { nonce, salt, iterations } = this.#readServerFirst(serverFirst);
    const withoutProof = `c=${btoa(header)},r=${nonce}`;
    const message = `${this.#bare},${serverFirst},${withoutProof}`;
    const salted = await derive(this.#password, salt, iterations);
    const clientKey = await hmac(salted, 'Client Key');
    const storedKey = new Uint8Array(await crypto.subtle.digest('SHA-256', clientKey));
    const proof = await hmac(storedKey, message);
    for (let i = 0; i < proof.length; i++) proof[i] ^= clientKey[i];
    this.#signature = await hmac(await hmac(salted, 'Server Key'), message);
    return utf8Of(`${withoutProof},p=${base64Of(proof)}`);
  }

  verify(data: Uint8Array | undefined): void {
    const expected = this.#signature;
    if (expected === undefined) throw new Error('it has not asked for a proof, nor given one');
    const text = textOf(data);
    const [, encoded] = /^v=([A-Za-z0-9+/]+=*)(?:,.*)?$/su.exec(text) ?? [];
    if (encoded === undefined) throw new Error('it has not shown that it knows the password');
    const given = bytesOf(encoded);
    const isRight = given?.length === hashBytes && expected.every((byte, i) => byte === given[i]);
    if (!isRight) throw new Error('it does not know the password: its signature is wrong');
  }

  /** @throws Error that says what is wrong; also for extensions, which nobody here knows */
  #readServerFirst(text: string) {
    const parts = /^r=([!-+\--~]+),s=([A-Za-z0-9+/]+=*),i=([1-9][0-9]{0,15})(?:,.*)?$/su.exec(text);
    const salt = parts && bytesOf(parts[2]);
    if (!parts || !salt) throw new Error('its first message of SCRAM cannot be read');
    const [, nonce, , count] = parts;
    if (!nonce.startsWith(this.#nonce) || nonce === this.#nonce) {
      throw new Error('the nonce of SCRAM is not what this side began, and more');
    }
    const iterations = Number(count);
    if (iterations < iterationsMin) {
      throw new Error(`it asks for ${count} iterations: fewer than ${iterationsMin} are not safe`);
    }
    if (iterations > iterationsMax) {
      throw new Error(`it asks for ${count} iterations: more than ${iterationsMax} are not done`);
    }
    return { nonce, salt, iterations };
  }
}

// Pure, so that a page without SCRAM does not have it.
const decoder = /* @__PURE__ */ new TextDecoder('utf-8', { fatal: true });

async function derive(
  password: Uint8Array<ArrayBuffer>,
  salt: Uint8Array<ArrayBuffer>,
  iterations: number,
): Promise<Uint8Array<ArrayBuffer>> {
  const key = await crypto.subtle.importKey('raw', password, 'PBKDF2', false, ['deriveBits']);
  const algorithm = { name: 'PBKDF2', hash: 'SHA-256', salt, iterations };
  return new Uint8Array(await crypto.subtle.deriveBits(algorithm, key, hashBytes * 8));
}

async function hmac(key: Uint8Array<ArrayBuffer>, text: string): Promise<Uint8Array<ArrayBuffer>> {
  const algorithm = { name: 'HMAC', hash: 'SHA-256' };
  const imported = await crypto.subtle.importKey('raw', key, algorithm, false, ['sign']);
  return new Uint8Array(await crypto.subtle.sign('HMAC', imported, utf8Of(text)));
}

/** @throws Error when it is none */
function textOf(data: Uint8Array | undefined): string {
  if (data !== undefined && data.length <= messageBytesMax) {
    try {
      return decoder.decode(data);
    } catch {
      // The error below says it for people.
    }
  }
  throw new Error('its message of SCRAM cannot be read');
}

/** @returns undefined when it is no base64 */
function bytesOf(base64: string): Uint8Array<ArrayBuffer> | undefined {
  try {
    return Uint8Array.from(atob(base64), (character) => character.charCodeAt(0));
  } catch {
    return undefined;
  }
}

function base64Of(bytes: Uint8Array): string {
  return btoa(String.fromCharCode(...bytes));
}

function newNonce(): string {
  return base64Of(crypto.getRandomValues(new Uint8Array(nonceBytes)));
}
