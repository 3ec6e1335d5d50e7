/** The command line of `pantala passwd`, which is that of mosquitto_passwd. */

import { iterationsDefault, iterationsMax, type PasswordHashType } from '../auth/password-hash.ts';
import { UsageError } from './usage-error.ts';

/** What is to be done. */
export interface PasswdTask {
  readonly action:
    | 'create' // a file with one user
    | 'set' // the password of a user, old or new
    | 'delete' // a user
    | 'hash'; // all plain passwords of a file
  /** `-` is standard output, for `create`. */
  readonly file: string;
  /** Empty for `hash`. */
  readonly user: string;
  /** Undefined: ask for it. */
  readonly password: string | undefined;
  readonly type: PasswordHashType;
  readonly iterations: number;
}

/** The command line says nothing that can be done: show how it is used. */
export class UsageWanted extends Error {
  override readonly name = 'UsageWanted';
}

export const hashTypes: readonly string[] = [
  'argon2id',
  'sha512-pbkdf2',
  'sha512',
] satisfies PasswordHashType[];

const bytesMax = 65_535;

interface Flags {
  batch: boolean;
  create: boolean;
  delete: boolean;
  hash: boolean;
  type: PasswordHashType;
  iterations: number;
}

/** @throws UsageError, UsageWanted */
export function readPasswdArguments(args: readonly string[]): PasswdTask {
  if (args.length === 0) throw new UsageWanted();
  const { flags, words } = splitArguments(args);
  checkTogether(flags);
  const task = { ...taskOf(flags, words), type: flags.type, iterations: flags.iterations };
  checkUser(task.user, task.action);
  if (task.password !== undefined && Buffer.byteLength(task.password) > bytesMax) {
    throw new UsageError('Password must be less than 65536 characters long.');
  }
  return task;
}

/** Flags come first, as there: what follows the first word is a word, whatever it looks like. */
function splitArguments(args: readonly string[]): { flags: Flags; words: readonly string[] } {
  const flags: Flags = {
    batch: false,
    create: false,
    delete: false,
    hash: false,
    type: 'argon2id',
    iterations: iterationsDefault,
  };
  for (let at = 0; at < args.length; at += 1) {
    const arg = args[at];
    if (arg === '-H') flags.type = readType(args[++at]);
    else if (arg === '-I') flags.iterations = readIterations(args[++at]);
    else if (arg === '-b') flags.batch = true;
    else if (arg === '-c') flags.create = true;
    else if (arg === '-D') flags.delete = true;
    else if (arg === '-U') flags.hash = true;
    else return { flags, words: args.slice(at) };
  }
  return { flags, words: [] };
}

function readType(word: string | undefined): PasswordHashType {
  if (word === undefined) {
    throw new UsageError('-H argument given but not enough other arguments.');
  }
  if (isHashType(word)) return word;
  throw new UsageError(`Unknown hash type '${word}': it is one of ${hashTypes.join(', ')}`);
}

function isHashType(word: string): word is PasswordHashType {
  return hashTypes.includes(word);
}

function readIterations(word: string | undefined): number {
  if (word === undefined) {
    throw new UsageError('-I argument given but not enough other arguments.');
  }
  const number = /^\d+$/.test(word) ? Number(word) : 0;
  if (number < 1) throw new UsageError('Number of iterations must be > 0.');
  if (number <= iterationsMax) return number;
  throw new UsageError(
    `Number of iterations must be at most ${iterationsMax}: each login takes that long.`,
  );
}

function checkTogether(flags: Flags): void {
  const pairs = [
    ['-c', flags.create, '-D', flags.delete],
    ['-c', flags.create, '-U', flags.hash],
    ['-D', flags.delete, '-U', flags.hash],
    ['-b', flags.batch, '-D', flags.delete],
  ] as const;
  for (const [first, isFirst, second, isSecond] of pairs) {
    if (!isFirst || !isSecond) continue;
    throw new UsageError(`${first} and ${second} cannot be used together.`);
  }
}

type Words = Pick<PasswdTask, 'action' | 'file' | 'user' | 'password'>;

function taskOf(flags: Flags, words: readonly string[]): Words {
  const [file, user, password] = words;
  const { length } = words;
  if (flags.create) {
    const missing = flags.batch
      ? length < 3 && 'password file, username, or password'
      : length < 2 && 'password file or username';
    if (missing) throw new UsageError(`-c argument given but ${missing} missing.`);
    return { action: 'create', file, user, password: flags.batch ? password : undefined };
  }
  if (flags.delete) {
    if (length < 2) {
      throw new UsageError('-D argument given but password file or username missing.');
    }
    return { action: 'delete', file, user, password: undefined };
  }
  if (flags.hash) {
    if (length !== 1) throw new UsageError('-U argument given but password file missing.');
    return { action: 'hash', file, user: '', password: undefined };
  }
  if (length !== (flags.batch ? 3 : 2)) throw new UsageWanted();
  return { action: 'set', file, user, password };
}

/** More is refused than there: names with which nobody could ever log in. */
function checkUser(user: string, action: PasswdTask['action']): void {
  if (Buffer.byteLength(user) > bytesMax) {
    throw new UsageError('Username must be less than 65536 characters long.');
  }
  // biome-ignore lint/suspicious/noControlCharactersInRegex: these are what is looked for
  if (/[\0-\x1f\x7f]/.test(user)) {
    throw new UsageError('Username must not contain control characters.');
  }
  if (user.includes(':')) throw new UsageError("Username must not contain the ':' character.");
  if (action === 'hash' || action === 'delete') return;
  if (user === '') throw new UsageError('Username must not be empty.');
  if (user !== user.trim()) throw new UsageError('Username must not begin or end with a blank.');
  if (user.startsWith('#')) {
    throw new UsageError("Username must not begin with '#', which makes a comment of its line.");
  }
}
