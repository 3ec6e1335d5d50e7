/**
 * Passwords as Mosquitto's password files keep them: three formats of hashes. All hashing but the
 * fast one is done in Node's thread pool: see hash-queue.ts for how much of it at once.
 */

import {
  argon2 as argon2WithCallback,
  createHash,
  pbkdf2 as pbkdf2WithCallback,
  randomBytes,
  timingSafeEqual,
} from 'node:crypto';
import { promisify } from 'node:util';

const argon2 = promisify(argon2WithCallback);
const pbkdf2 = promisify(pbkdf2WithCallback);

/** A password, as a file has it: enough to recognise it, and not to know it. */
export type PasswordHash = Argon2idHash | Pbkdf2Hash | Sha512Hash;

/** `$argon2id$v=19$m=47104,t=1,p=1$SALT$DIGEST`, in base64 without padding. */
interface Argon2idHash {
  readonly type: 'argon2id';
  readonly memoryKiB: number;
  readonly passes: number;
  readonly lanes: number;
  readonly salt: Uint8Array;
  readonly digest: Uint8Array;
}

/** `$7$ITERATIONS$SALT$DIGEST`, in base64. */
interface Pbkdf2Hash {
  readonly type: 'sha512-pbkdf2';
  readonly iterations: number;
  readonly salt: Uint8Array;
  readonly digest: Uint8Array;
}

/** `$6$SALT$DIGEST`, in base64: one round of SHA-512, little against a thief of the file. */
interface Sha512Hash {
  readonly type: 'sha512';
  readonly salt: Uint8Array;
  readonly digest: Uint8Array;
}

/** The name of a format, as `-H` of `pantala passwd` takes it. */
export type PasswordHashType = PasswordHash['type'];

/** A hash that cannot be read. The message does not show it. */
export class PasswordHashError extends Error {
  override readonly name = 'PasswordHashError';
}

// What checking one password may cost: a gigabyte for some seconds. Who writes more into his file
// has made a mistake, and everybody who knows a user name could make the broker pay for it.
const memoryKiBMax = 2 ** 20;
const passesMax = 100;
const lanesMax = 64;
export const iterationsMax = 10_000_000;

// What mosquitto_passwd of 2.1 takes. The first is OWASP's recommendation.
const argon2Cost = { memoryKiB: 47_104, passes: 1, lanes: 1 } as const;
export const iterationsDefault = 1000;

// RFC 9106 recommends these for argon2id. Mosquitto up to 2.0 reads no other salt than one of 12
// bytes; 2.1 writes 64, and reads both.
const argon2Lengths = { salt: 16, digest: 32 } as const;
const shaLengths = { salt: 12, digest: 64 } as const;
const shaSaltLengths: readonly number[] = [shaLengths.salt, 64];

/** @throws PasswordHashError */
export function parsePasswordHash(text: string): PasswordHash {
  const [empty, type, ...parts] = text.split('$');
  if (empty === '') {
    if (type === 'argon2id') return parseArgon2id(parts);
    if (type === '7') return parsePbkdf2(parts);
    if (type === '6') return parseSha512(parts);
  }
  throw new PasswordHashError('it begins with none of $argon2id$, $7$ and $6$');
}

/** The reverse of `parsePasswordHash`. */
export function passwordHashText(hash: PasswordHash): string {
  switch (hash.type) {
    case 'argon2id': {
      const { memoryKiB, passes, lanes, salt, digest } = hash;
      const cost = `m=${memoryKiB},t=${passes},p=${lanes}`;
      return `$argon2id$v=19$${cost}$${unpadded(salt)}$${unpadded(digest)}`;
    }
    case 'sha512-pbkdf2':
      return `$7$${hash.iterations}$${base64(hash.salt)}$${base64(hash.digest)}`;
    case 'sha512':
      return `$6$${base64(hash.salt)}$${base64(hash.digest)}`;
    default:
      return hash satisfies never;
  }
}

/** A new hash of a password. `iterations` are those of sha512-pbkdf2; the others have none. */
export async function hashPassword(
  password: Uint8Array,
  {
    type = 'argon2id',
    iterations = iterationsDefault,
  }: { readonly type?: PasswordHashType; readonly iterations?: number } = {},
): Promise<PasswordHash> {
  const blank = blankHash(type, iterations);
  return { ...blank, digest: await digestOf(password, blank) };
}

/** Whether it is the password of the hash. Takes as long for one that is not. */
export async function isPasswordOf(hash: PasswordHash, password: Uint8Array): Promise<boolean> {
  return timingSafeEqual(await digestOf(password, hash), hash.digest);
}

/** A hash of no password: to check one against it takes as long as against `hash`. */
export function decoyOf(hash: PasswordHash): PasswordHash {
  const { salt, digest } = hash;
  return { ...hash, salt: randomBytes(salt.length), digest: randomBytes(digest.length) };
}

/** Has everything but the digest, of which only the length is right. */
function blankHash(type: PasswordHashType, iterations: number): PasswordHash {
  const lengths = type === 'argon2id' ? argon2Lengths : shaLengths;
  const parts = { salt: randomBytes(lengths.salt), digest: new Uint8Array(lengths.digest) };
  if (type === 'argon2id') return { type, ...argon2Cost, ...parts };
  return type === 'sha512' ? { type, ...parts } : { type, iterations, ...parts };
}

async function digestOf(password: Uint8Array, hash: PasswordHash): Promise<Uint8Array> {
  switch (hash.type) {
    case 'argon2id':
      return await argon2('argon2id', {
        message: password,
        nonce: hash.salt,
        memory: hash.memoryKiB,
        passes: hash.passes,
        parallelism: hash.lanes,
        tagLength: hash.digest.length,
      });
    case 'sha512-pbkdf2':
      return await pbkdf2(password, hash.salt, hash.iterations, hash.digest.length, 'sha512');
    case 'sha512':
      return createHash('sha512').update(password).update(hash.salt).digest();
    default:
      return hash satisfies never;
  }
}

function parseArgon2id(parts: readonly string[]): Argon2idHash {
  const [version, cost = '', salt = '', digest = ''] = parts;
  const numbers = /^m=(\d{1,10}),t=(\d{1,10}),p=(\d{1,10})$/.exec(cost);
  if (parts.length !== 4 || numbers === null) {
    throw new PasswordHashError('it is not $argon2id$v=19$m=…,t=…,p=…$SALT$HASH');
  }
  if (version !== 'v=19') throw new PasswordHashError('its version of argon2id is not 19');
  const [memoryKiB, passes, lanes] = numbers.slice(1).map(Number);
  const hash: Argon2idHash = {
    type: 'argon2id',
    memoryKiB: inRange('m', memoryKiB, 8 * lanes, memoryKiBMax),
    passes: inRange('t', passes, 1, passesMax),
    lanes: inRange('p', lanes, 1, lanesMax),
    salt: bytesOf('salt', salt, unpadded),
    digest: bytesOf('hash', digest, unpadded),
  };
  // The least that argon2 itself takes.
  if (hash.salt.length < 8) throw new PasswordHashError('its salt is shorter than 8 bytes');
  if (hash.digest.length < 4) throw new PasswordHashError('its hash is shorter than 4 bytes');
  return hash;
}

function parsePbkdf2(parts: readonly string[]): Pbkdf2Hash {
  const [iterations = '', salt = '', digest = ''] = parts;
  if (parts.length !== 3 || !/^\d{1,10}$/.test(iterations)) {
    throw new PasswordHashError('it is not $7$ITERATIONS$SALT$HASH');
  }
  return {
    type: 'sha512-pbkdf2',
    iterations: inRange('the number of iterations', Number(iterations), 1, iterationsMax),
    ...shaBytes(salt, digest),
  };
}

function parseSha512(parts: readonly string[]): Sha512Hash {
  const [salt = '', digest = ''] = parts;
  if (parts.length !== 2) throw new PasswordHashError('it is not $6$SALT$HASH');
  return { type: 'sha512', ...shaBytes(salt, digest) };
}

function shaBytes(saltText: string, digestText: string) {
  const salt = bytesOf('salt', saltText, base64);
  const digest = bytesOf('hash', digestText, base64);
  if (!shaSaltLengths.includes(salt.length)) {
    throw new PasswordHashError(`its salt has ${salt.length} bytes instead of 12 or 64`);
  }
  if (digest.length !== shaLengths.digest) {
    throw new PasswordHashError(`its hash has ${digest.length} bytes instead of 64`);
  }
  return { salt, digest };
}

function inRange(name: string, value: number, min: number, max: number): number {
  if (value >= min && value <= max) return value;
  throw new PasswordHashError(`${name} is ${value}, and not from ${min} to ${max}`);
}

/** Only what the encoder would have written. */
function bytesOf(name: string, text: string, encode: (bytes: Uint8Array) => string): Uint8Array {
  const bytes = Buffer.from(text, 'base64');
  if (encode(bytes) === text) return bytes;
  throw new PasswordHashError(`its ${name} is not in base64`);
}

function base64(bytes: Uint8Array): string {
  return Buffer.from(bytes).toString('base64');
}

function unpadded(bytes: Uint8Array): string {
  return base64(bytes).replaceAll('=', '');
}
