/** `pantala passwd`: writes password files, in the place of mosquitto_passwd. */

import {
  closeSync,
  constants,
  fstatSync,
  fsyncSync,
  openSync,
  readFileSync,
  realpathSync,
  type Stats,
  writeSync,
} from 'node:fs';
import { getSystemErrorMessage } from 'node:util';
import { accessWarnings, currentReader } from '../auth/guarded-file.ts';
import {
  hashPassword,
  PasswordHashError,
  parsePasswordHash,
  passwordHashText,
} from '../auth/password-hash.ts';
import { bytesOfText, textAsBytes } from './byte-text.ts';
import { type Command, helpText, type Io, programOf } from './command.ts';
import {
  hashTypes,
  type PasswdTask,
  readPasswdArguments,
  UsageWanted,
} from './passwd-arguments.ts';
import { CorruptFileError, PasswordLines } from './password-lines.ts';
import { askPassword } from './password-prompt.ts';
import { replaceFile } from './replace-file.ts';
import { exitCodes, ToolFailure } from './tool-failure.ts';
import { UsageError } from './usage-error.ts';

export const passwd: Command = {
  summary: 'Manages a password file.',
  usage: '[-H HASH] [-I N] [-c | -D] [-b] FILE USER [PASSWORD] | -U FILE',
  operand: 'FILE',
  options: [
    { flags: '-b', help: 'take PASSWORD from the command line, where others can see it' },
    { flags: '-c', help: 'make a new FILE, which must not exist; - is standard output' },
    { flags: '-D', help: 'delete USER' },
    {
      flags: '-H HASH',
      help: 'argon2id (default), sha512-pbkdf2 or, for Mosquitto 1.6, sha512',
      values: hashTypes,
    },
    { flags: '-I N', help: 'the iterations of sha512-pbkdf2 (default 1000)' },
    { flags: '-U', help: 'hash all passwords of FILE that are in plain text' },
    { flags: '--help', help: 'print this help' },
  ],
  async run(args, io) {
    if (args[0] === '-h' || args[0] === '--help') {
      io.stdout.write(helpText(programOf(io, 'passwd'), passwd));
      return 0;
    }
    try {
      await perform(readPasswdArguments(args), io);
      return 0;
    } catch (error) {
      return explain(error, io);
    }
  },
};

function explain(error: unknown, io: Io): number {
  if (error instanceof UsageWanted) {
    io.stdout.write(helpText(programOf(io, 'passwd'), passwd));
    return exitCodes.other;
  }
  if (error instanceof ToolFailure) {
    if (error.message !== '') io.stderr.write(`${error.message}\n`);
    return error.exitCode;
  }
  if (!(error instanceof UsageError)) throw error;
  io.stderr.write(`Error: ${error.message}\n`);
  return exitCodes.other;
}

/** @throws ToolFailure */
async function perform(task: PasswdTask, io: Io): Promise<void> {
  if (task.action === 'create') return await create(task, io);
  const file = openFile(task.file, io);
  const lines = parseLines(file.text);
  switch (task.action) {
    case 'set':
      await setPassword(lines, task, io);
      break;
    case 'delete':
      deleteUser(lines, task);
      break;
    case 'hash':
      await hashAll(lines, task, io);
      break;
    default:
      task.action satisfies never;
  }
  try {
    replaceFile(file.path, bytesOfText(lines.text), file.stats);
  } catch (error) {
    const remedy = 'It is as it was. Run this as the owner of the file and of its folder.';
    throw failure(`Unable to write password file ${file.path}.`, error, remedy);
  }
}

async function create(task: PasswdTask, io: Io): Promise<void> {
  const { file, user } = task;
  const isStdout = file === '-';
  const prompts = isStdout ? io.stderr : io.stdout;
  const password = await passwordFor(task, { ...io, stdout: prompts });
  const line = `${user}:${await hashOf(password, task)}\n`;
  if (isStdout) {
    io.stdout.write(line);
    return;
  }
  makeFile(file, Buffer.from(line));
  io.stdout.write(`Adding password for user ${user}\n`);
}

async function setPassword(lines: PasswordLines, task: PasswdTask, io: Io): Promise<void> {
  const user = textAsBytes(task.user);
  const hash = await hashOf(await passwordFor(task, io), task);
  const verb = lines.has(user) ? 'Updating' : 'Adding';
  lines.set(user, hash);
  io.stdout.write(`${verb} password for user ${task.user}\n`);
}

function deleteUser(lines: PasswordLines, { user }: PasswdTask): void {
  if (!lines.has(textAsBytes(user))) {
    const message = `Warning: User ${user} not found in password file.`;
    throw new ToolFailure(exitCodes.other, message);
  }
  lines.delete(textAsBytes(user));
}

/** Unlike mosquitto_passwd it leaves alone what is hashed already. */
async function hashAll(lines: PasswordLines, task: PasswdTask, io: Io): Promise<void> {
  let hashed = 0;
  await lines.replaceAll(async (password) => {
    if (isHash(password)) {
      hashed += 1;
      return password;
    }
    return await hashOf(bytesOfText(password), task);
  });
  if (hashed === 0) return;
  io.stderr.write(
    `Warning: ${hashed} of the passwords were hashed already and stay as they are.\n`,
  );
}

function isHash(text: string): boolean {
  try {
    parsePasswordHash(text);
    return true;
  } catch (error) {
    if (error instanceof PasswordHashError) return false;
    throw error;
  }
}

async function passwordFor({ password }: PasswdTask, io: Io): Promise<Uint8Array> {
  return password === undefined ? await askPassword(io) : Buffer.from(password);
}

async function hashOf(password: Uint8Array, { type, iterations }: PasswdTask): Promise<string> {
  return passwordHashText(await hashPassword(password, { type, iterations }));
}

interface OpenedFile {
  /** Of the file itself. */
  readonly path: string;
  /** A character for each byte. */
  readonly text: string;
  readonly stats: Stats;
}

function openFile(name: string, io: Io): OpenedFile {
  try {
    const path = realpathSync(name);
    const descriptor = openSync(path, constants.O_RDWR);
    try {
      const stats = fstatSync(descriptor);
      for (const { message, remedy } of accessWarnings(path, stats, currentReader())) {
        io.stderr.write(`Warning: ${message}\n${remedy}\n`);
      }
      if (!stats.isFile()) throw new ToolFailure(exitCodes.other, `Error: ${path} is not a file.`);
      return { path, stats, text: readFileSync(descriptor, 'latin1') };
    } finally {
      closeSync(descriptor);
    }
  } catch (error) {
    const isMissing = (error as NodeJS.ErrnoException).code === 'ENOENT';
    const remedy = isMissing ? 'Make it with -c.' : undefined;
    throw failure(`Unable to open password file ${name}.`, error, remedy);
  }
}

function makeFile(path: string, bytes: Uint8Array): void {
  try {
    const descriptor = openSync(path, 'wx', 0o600);
    try {
      writeSync(descriptor, bytes);
      fsyncSync(descriptor);
    } finally {
      closeSync(descriptor);
    }
  } catch (error) {
    const exists = (error as NodeJS.ErrnoException).code === 'EEXIST';
    const remedy = exists ? 'Leave out -c to add a user to it.' : undefined;
    throw failure(`Unable to open file ${path} for writing.`, error, remedy);
  }
}

function parseLines(text: string): PasswordLines {
  try {
    return new PasswordLines(text);
  } catch (error) {
    if (!(error instanceof CorruptFileError)) throw error;
    throw new ToolFailure(
      exitCodes.other,
      `Error: Corrupt password file at line ${error.line}.\n` +
        "Each line is 'USER:PASSWORD', or a comment with '#' in the first column.",
    );
  }
}

function failure(what: string, error: unknown, remedy: string | undefined): ToolFailure {
  if (error instanceof ToolFailure) return error;
  const { errno } = error as NodeJS.ErrnoException;
  if (errno === undefined) throw error;
  const reason = getSystemErrorMessage(errno);
  const sentence = `Error: ${what} ${reason.charAt(0).toUpperCase()}${reason.slice(1)}.`;
  return new ToolFailure(
    exitCodes.other,
    remedy === undefined ? sentence : `${sentence}\n${remedy}`,
  );
}
