/** SCRAM-SHA-256 for enhanced authentication, the server's side. (RFC 5802, RFC 7677) */

import { createHash, createHmac, pbkdf2, randomBytes, timingSafeEqual } from 'node:crypto';
import { promisify } from 'node:util';
import { saslPrep } from '../session/sasl-prep.ts';
import type { Challenge, Denial, EnhancedAnswer, EnhancedRequest, Hooks, Soon } from './hooks.ts';

/** What a server keeps of a password. It does not suffice to log in with. */
export interface ScramCredential {
  readonly salt: Uint8Array;
  readonly iterations: number;
  readonly storedKey: Uint8Array;
  readonly serverKey: Uint8Array;
}

export interface ScramOptions {
  /** The credential of a user; undefined where there is no such user. */
  readonly credentialOf: (userName: string) => Soon<ScramCredential | undefined>;
  /** What users that are not there seem to have: give what your credentials were made with. */
  readonly iterations?: number;
  /** For tests alone: the server's part of the nonce, printable and without commas. */
  readonly nonce?: () => string;
}

export const scramMethod = 'SCRAM-SHA-256';

const derive = promisify(pbkdf2);
const hashBytes = 32;
const saltBytes = 16;
const nonceBytes = 24;
// RFC 7677 section 4 asks for at least 4096; this is what a server of today should take.
const iterationsDefault = 600_000;
const iterationsMin = 4096;
const messageBytesMax = 4096;

/** Makes the credential of a password; keep that, and forget the password. */
export async function deriveScramCredential(
  password: string,
  {
    iterations = iterationsDefault,
    salt = randomBytes(saltBytes),
  }: { iterations?: number; salt?: Uint8Array } = {},
): Promise<ScramCredential> {
  if (!(iterations >= iterationsMin)) {
    throw new RangeError(`${iterations} iterations: at least ${iterationsMin} are needed`);
  }
  const salted = await derive(saslPrep(password), salt, iterations, hashBytes, 'sha256');
  const storedKey = sha256(hmac(salted, 'Client Key'));
  return { salt, iterations, storedKey, serverKey: hmac(salted, 'Server Key') };
}

/** A hook that lets clients in by SCRAM-SHA-256, and leaves other methods to others. */
export function scramSha256(options: ScramOptions): Required<Pick<Hooks, 'authenticateEnhanced'>> {
  // Whoever asks about a user that is not there gets the same salt each time, as about others.
  const secret = randomBytes(hashBytes);
  return {
    authenticateEnhanced(request) {
      if (request.method !== scramMethod) return 'defer';
      return begin(request, options, secret);
    },
  };
}

async function begin(
  { data, userName: connectName }: EnhancedRequest,
  { credentialOf, nonce = newNonce, iterations: usual = iterationsDefault }: ScramOptions,
  secret: Uint8Array,
): Promise<EnhancedAnswer> {
  const first = readClientFirst(data);
  if (typeof first === 'string') return denied(first);
  // Rules for users go by the name in CONNECT, which nobody has proved otherwise.
  if (connectName !== undefined && connectName !== first.userName) {
    return denied('the user name of CONNECT is another than that of SCRAM');
  }
  const credential = await credentialOf(first.userName);
  const { salt, iterations, storedKey, serverKey } =
    credential ?? unknownCredential(first.userName, secret, usual);
  const fullNonce = first.nonce + nonce();
  const saltText = Buffer.from(salt).toString('base64');
  const serverFirst = `r=${fullNonce},s=${saltText},i=${iterations}`;
  return {
    type: 'challenge',
    data: Buffer.from(serverFirst),
    proceed(reply) {
      const final = readClientFinal(reply, first.header, fullNonce);
      if (typeof final === 'string') return denied(final);
      const message = `${first.bare},${serverFirst},${final.withoutProof}`;
      const isRight = proves(final.proof, storedKey, message);
      if (!isRight || credential === undefined) return denied('user name or password is wrong');
      const signature = hmac(serverKey, message).toString('base64');
      return {
        type: 'allow',
        data: Buffer.from(`v=${signature}`),
        grant: { userName: first.userName },
      };
    },
  } satisfies Challenge;
}

interface ClientFirst {
  /** `n,,`, which comes back in the last message. */
  readonly header: string;
  readonly bare: string;
  readonly userName: string;
  readonly nonce: string;
}

/** @returns what is wrong, as text */
function readClientFirst(data: Uint8Array | undefined): ClientFirst | string {
  const text = textOf(data);
  const parts =
    text && /^(([ny]|p=[^,]*),(?:a=([^,]*))?,)(n=([^,]*),r=([!-+\--~]+)(?:,.*)?)$/su.exec(text);
  if (!parts) return 'the first message of SCRAM cannot be read';
  const [, header, binding, identity, bare, name, nonce] = parts;
  if (binding.startsWith('p')) return 'channel binding is not available';
  const userName = userNameOf(name);
  if (userName === undefined) return 'the user name of SCRAM cannot be read';
  if (identity !== undefined && userNameOf(identity) !== userName) {
    return 'nobody may act for another user';
  }
  return { header, bare, userName, nonce };
}

/** @returns what is wrong, as text */
function readClientFinal(
  data: Uint8Array | undefined,
  header: string,
  nonce: string,
): { withoutProof: string; proof: Buffer } | string {
  const text = textOf(data);
  const parts =
    text && /^(c=([A-Za-z0-9+/=]+),r=([!-+\--~]+)(?:,.*)?),p=([A-Za-z0-9+/=]+)$/su.exec(text);
  if (!parts) return 'the last message of SCRAM cannot be read';
  const [, withoutProof, binding, echoed, proof] = parts;
  if (binding !== Buffer.from(header).toString('base64')) return 'the header of SCRAM has changed';
  if (echoed !== nonce) return 'the nonce of SCRAM is another';
  return { withoutProof, proof: Buffer.from(proof, 'base64') };
}

function proves(proof: Buffer, storedKey: Uint8Array, message: string): boolean {
  if (proof.length !== hashBytes) return false;
  const signature = hmac(storedKey, message);
  const clientKey = Uint8Array.from(proof, (byte, i) => byte ^ signature[i]);
  return timingSafeEqual(sha256(clientKey), storedKey);
}

/** `=2C` stands for a comma and `=3D` for an equals sign; no other `=` may be there. */
function userNameOf(text: string): string | undefined {
  if (/=(?!2C|3D)/.test(text)) return undefined;
  const plain = text.replaceAll('=2C', ',').replaceAll('=3D', '=');
  try {
    return saslPrep(plain) || undefined;
  } catch {
    return undefined;
  }
}

function unknownCredential(
  userName: string,
  secret: Uint8Array,
  iterations: number,
): ScramCredential {
  const key = hmac(secret, userName);
  return {
    salt: key.subarray(0, saltBytes),
    iterations,
    storedKey: key,
    serverKey: key,
  };
}

function textOf(data: Uint8Array | undefined): string | undefined {
  if (data === undefined || data.length > messageBytesMax) return undefined;
  try {
    return new TextDecoder('utf-8', { fatal: true }).decode(data);
  } catch {
    return undefined;
  }
}

function newNonce(): string {
  return randomBytes(nonceBytes).toString('base64');
}

function hmac(key: Uint8Array, text: string): Buffer {
  return createHmac('sha256', key).update(text).digest();
}

function sha256(bytes: Uint8Array): Buffer {
  return createHash('sha256').update(bytes).digest();
}

function denied(reason: string): Denial {
  return { type: 'deny', reason };
}
