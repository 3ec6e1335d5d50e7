/**
 * Mosquitto's `password_file`: `USER:HASH` on a line each.
 *
 * What Mosquitto 2.1 makes of it: a line without a colon is passed over, as are comments. The name
 * is what stands before the first colon, the hash what stands before the second, both without
 * blanks around them. It does not start where a name is empty or stands there twice, where there
 * is no hash or one of an unknown kind, or where either is longer than MQTT could send. (2.0 left
 * such lines out.) The plain passwords of Mosquitto 1.x are such an unknown kind.
 */

import { type FileFault, linesOf, withoutBlanks } from './file-lines.ts';
import { type PasswordHash, PasswordHashError, parsePasswordHash } from './password-hash.ts';

/** A password file as it was read. */
export interface PasswordFile {
  /** From name to hash: the users of all lines that are in order. */
  readonly users: ReadonlyMap<string, PasswordHash>;
  /** In the order of the lines. */
  readonly faults: readonly FileFault[];
}

const bytesMax = 65_535;

/**
 * Reads the text of a password file. It throws nothing: what is wrong stands in `faults`.
 *
 * @param path what the messages call the file
 */
export function parsePasswordFile(text: string, path = 'password_file'): PasswordFile {
  const users = new Map<string, PasswordHash>();
  const faults: FileFault[] = [];
  for (const { line, text: entry } of linesOf(text)) {
    const colon = entry.indexOf(':');
    if (colon === -1) continue;
    const name = withoutBlanks(entry.slice(0, colon));
    const [hashText] = entry.slice(colon + 1).split(':', 1);
    const fault = nameFault(name, users, path);
    if (fault === undefined) {
      const hash = readHash(withoutBlanks(hashText), path);
      if ('type' in hash) users.set(name, hash);
      else faults.push({ line, severity: 'error', ...hash });
    } else {
      faults.push({ line, severity: 'error', ...fault });
    }
  }
  return { users, faults };
}

type Fault = Pick<FileFault, 'message' | 'remedy'>;

function nameFault(
  name: string,
  users: ReadonlyMap<string, unknown>,
  path: string,
): Fault | undefined {
  if (name === '') {
    return {
      message: `Invalid line in password file '${path}': no username.`,
      remedy: "Write the name before the ':', or remove the line.",
    };
  }
  if (Buffer.byteLength(name) > bytesMax) {
    return {
      message: `Invalid line in password file '${path}', username too long.`,
      remedy: `A user name has at most ${bytesMax} bytes: remove the line.`,
    };
  }
  if (name.includes('\0')) {
    return {
      message: `Invalid line in password file '${path}', null character in username.`,
      remedy: `Is this a password file? Write one with 'pantala passwd'.`,
    };
  }
  if (users.has(name)) {
    return {
      message: `Duplicate user '${name}' in password file '${path}'.`,
      remedy: 'Keep the line with the newer password and remove the other.',
    };
  }
  return undefined;
}

function readHash(text: string, path: string): PasswordHash | Fault {
  if (text === '') {
    return {
      message: `Unable to decode line in password file '${path}': no password.`,
      remedy: "Set one: 'pantala passwd FILE USER'.",
    };
  }
  try {
    return parsePasswordHash(text);
  } catch (error) {
    if (!(error instanceof PasswordHashError)) throw error;
    const isPlain = !text.startsWith('$');
    return {
      message: `Unable to decode line in password file '${path}': ${error.message}.`,
      remedy: isPlain
        ? "Passwords in plain text are not read: hash them all with 'pantala passwd -U FILE'."
        : "Set the password of this user again: 'pantala passwd FILE USER'.",
    };
  }
}
