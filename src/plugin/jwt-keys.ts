/** Where the keys come from that tokens are checked with. */

import { readFile, stat } from 'node:fs/promises';
import {
  createLocalJWKSet,
  createRemoteJWKSet,
  customFetch,
  errors,
  type FetchImplementation,
  type JSONWebKeySet,
  type JWTVerifyGetKey,
} from 'jose';
import { readText } from './bounded-text.ts';
import { PluginOptionError } from './plugin-load-error.ts';

/** The keys cannot be had now: that says nothing about the token. */
export class KeysUnavailableError extends Error {
  override readonly name = 'KeysUnavailableError';
}

export interface KeySource {
  readonly key: JWTVerifyGetKey;
  /** Reads again what has been read. */
  reload(): Promise<void>;
}

/** How keys are fetched and looked up again. */
export interface RefreshOptions {
  /** Seconds before an unknown key, or a failure, leads to another look. */
  readonly refreshSeconds: number;
  readonly timeoutSeconds: number;
}

const keySetBytesMax = 1024 * 1024;
const cacheMinutes = 10;
// HS256 asks for as many bytes as its hash has. (RFC 7518 section 3.2)
const secretBytesMin = 32;

/** A JWKS in a file, which is read again when a token names a key that it did not have. */
export async function keysFromFile(
  path: string,
  { refreshSeconds }: Pick<RefreshOptions, 'refreshSeconds'>,
): Promise<KeySource> {
  let set = await readKeySet(path);
  let lookedAt = Date.now();
  let modifiedAt = (await stat(path)).mtimeMs;
  const lookAgain = async (): Promise<boolean> => {
    if (Date.now() - lookedAt < refreshSeconds * 1000) return false;
    lookedAt = Date.now();
    const { mtimeMs } = await stat(path);
    if (mtimeMs === modifiedAt) return false;
    set = await readKeySet(path);
    modifiedAt = mtimeMs;
    return true;
  };
  const key: JWTVerifyGetKey = async (header, token) => {
    try {
      return await set(header, token);
    } catch (error) {
      if (!(error instanceof errors.JWKSNoMatchingKey)) throw error;
      // A file that is being written keeps the keys that it had.
      const isNew = await lookAgain().catch(() => false);
      if (!isNew) throw error;
      return await set(header, token);
    }
  };
  return {
    key,
    async reload() {
      set = await readKeySet(path);
      modifiedAt = (await stat(path)).mtimeMs;
    },
  };
}

/** A JWKS behind a URL, kept for minutes and fetched anew for a key that it did not have. */
export function keysFromUrl(url: URL, options: RefreshOptions): KeySource {
  const { refreshSeconds, timeoutSeconds } = options;
  const set = createRemoteJWKSet(url, {
    timeoutDuration: timeoutSeconds * 1000,
    cooldownDuration: refreshSeconds * 1000,
    cacheMaxAge: cacheMinutes * 60_000,
    [customFetch]: patientFetch(refreshSeconds),
  });
  const key: JWTVerifyGetKey = async (header, token) => {
    try {
      return await set(header, token);
    } catch (error) {
      if (isTokensFault(error)) throw error;
      throw new KeysUnavailableError('the keys cannot be fetched', { cause: error });
    }
  };
  return { key, reload: () => set.reload() };
}

/** A secret that the issuer of the tokens knows, too. */
export async function keysFromSecret(path: string): Promise<KeySource> {
  let secret = await readSecret(path);
  return {
    key: async () => secret,
    async reload() {
      secret = await readSecret(path);
    },
  };
}

function isTokensFault(error: unknown): boolean {
  return (
    error instanceof errors.JWKSNoMatchingKey ||
    error instanceof errors.JWKSMultipleMatchingKeys ||
    error instanceof errors.JOSENotSupported
  );
}

/** After a failure nobody is asked for some time: tokens come faster than servers come back. */
function patientFetch(refreshSeconds: number): FetchImplementation {
  let quietUntil = Number.NEGATIVE_INFINITY;
  let failure: unknown;
  return async (url, options) => {
    if (Date.now() < quietUntil) throw failure;
    try {
      const response = await fetch(url, options);
      const text = await readText(response, keySetBytesMax);
      if (response.status !== 200) throw new Error(`status ${response.status}`);
      // What is no key set is a failure, too.
      createLocalJWKSet(JSON.parse(text) as JSONWebKeySet);
      return new Response(text, { status: 200, headers: response.headers });
    } catch (error) {
      failure = error;
      quietUntil = Date.now() + refreshSeconds * 1000;
      throw error;
    }
  };
}

async function readKeySet(path: string) {
  const text = await readFile(path, 'utf8').catch((error: NodeJS.ErrnoException) => {
    throw new PluginOptionError(`plugin_opt_jwks_file '${path}' cannot be read (${error.code})`);
  });
  try {
    return createLocalJWKSet(JSON.parse(text) as JSONWebKeySet);
  } catch {
    throw new PluginOptionError(
      `plugin_opt_jwks_file '${path}' is no JSON Web Key Set: it looks like { "keys": [ … ] }`,
    );
  }
}

async function readSecret(path: string): Promise<Uint8Array> {
  const bytes = await readFile(path).catch((error: NodeJS.ErrnoException) => {
    throw new PluginOptionError(`plugin_opt_secret_file '${path}' cannot be read (${error.code})`);
  });
  const text = bytes.toString('latin1');
  const secret = new Uint8Array(Buffer.from(text.replace(/\r?\n$/, ''), 'latin1'));
  if (secret.length >= secretBytesMin) return secret;
  throw new PluginOptionError(
    `plugin_opt_secret_file '${path}' has a secret of less than ${secretBytesMin} bytes: ` +
      'whoever has a token could guess it',
  );
}
