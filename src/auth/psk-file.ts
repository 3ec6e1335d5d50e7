/**
 * Mosquitto's `psk_file`: `IDENTITY:KEY` on a line each, the key in hexadecimal digits.
 *
 * What Mosquitto 2.1 makes of it: lines are read as those of a password file are, but one that has
 * no identity, no key, or an identity that was there before is left out with a warning. It does
 * not start with a key that is not hexadecimal. An odd number of digits is one with a zero before
 * it, unless that is there: `abc` and `0abc` are the same key, and so are `0ab` and `ab`.
 */

import { type FileFault, linesOf, withoutBlanks } from './file-lines.ts';

/** A PSK file as it was read. */
export interface PskFile {
  /** From identity to key: those of all lines that are in order. */
  readonly keys: ReadonlyMap<string, Uint8Array>;
  /** In the order of the lines. */
  readonly faults: readonly FileFault[];
}

/** What TLS takes of an identity (RFC 4279 section 5.3: at least 128) and OpenSSL of a key. */
const identityBytesMax = 65_535;
const keyBytesMax = 256;

/**
 * Reads the text of a PSK file. It throws nothing: what is wrong stands in `faults`.
 *
 * @param path what the messages call the file
 */
export function parsePskFile(text: string, path = 'psk_file'): PskFile {
  const keys = new Map<string, Uint8Array>();
  const faults: FileFault[] = [];
  for (const { line, text: entry } of linesOf(text)) {
    const colon = entry.indexOf(':');
    if (colon === -1) continue;
    const identity = withoutBlanks(entry.slice(0, colon));
    const digits = withoutBlanks(entry.slice(colon + 1).split(':', 1)[0]);
    const fault = identityFault(identity, keys, path) ?? keyFault(identity, digits, path);
    if (fault === undefined) keys.set(identity, keyOf(digits));
    else faults.push({ line, ...fault });
  }
  return { keys, faults };
}

type Fault = Omit<FileFault, 'line'>;

function identityFault(
  identity: string,
  keys: ReadonlyMap<string, unknown>,
  path: string,
): Fault | undefined {
  if (identity === '') {
    return {
      severity: 'warning',
      message: `Empty username in password file '${path}', ignoring.`,
      remedy: "Write the identity before the ':', or remove the line.",
    };
  }
  if (Buffer.byteLength(identity) > identityBytesMax || identity.includes('\0')) {
    return {
      severity: 'warning',
      message: `Invalid line in password file '${path}', username too long.`,
      remedy: 'Write lines such as sensor1:3f6c1d…, and nothing else.',
    };
  }
  if (keys.has(identity)) {
    return {
      severity: 'warning',
      message: `Duplicate user '${identity}' in password file '${path}', ignoring.`,
      remedy: 'The first of the lines counts: remove the one that is wrong.',
    };
  }
  return undefined;
}

function keyFault(identity: string, digits: string, path: string): Fault | undefined {
  if (digits === '') {
    return {
      severity: 'warning',
      message: `Invalid line in psk file '${path}': no key.`,
      remedy: "Write a key after the ':', such as what 'openssl rand -hex 32' prints.",
    };
  }
  if (!/^[0-9a-f]+$/i.test(digits)) {
    return {
      severity: 'error',
      message: `psk for identity "${identity}" contains non-hexadecimal characters.`,
      remedy: "Write a key of the digits 0 to 9 and a to f: 'openssl rand -hex 32' makes one.",
    };
  }
  const { length } = keyOf(digits);
  if (length > 0 && length <= keyBytesMax) return undefined;
  return {
    severity: 'error',
    message:
      length === 0
        ? `psk for identity "${identity}" is empty.`
        : `psk for identity "${identity}" is longer than ${keyBytesMax} bytes.`,
    remedy: "Take a key such as 'openssl rand -hex 32' makes.",
  };
}

function keyOf(digits: string): Uint8Array {
  if (digits.length % 2 === 0) return Buffer.from(digits, 'hex');
  const [, zeros, number] = /^((?:00)*)0?(.*)$/.exec(digits)!;
  return Buffer.from(zeros + (number.length % 2 === 0 ? number : `0${number}`), 'hex');
}
