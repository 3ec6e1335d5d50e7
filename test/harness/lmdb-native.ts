/**
 * LMDB's own part in trials of its files: it writes samples, and gives its word on a file. It does
 * so in a child process, where it may crash.
 */

import { spawnSync } from 'node:child_process';
import { createHash } from 'node:crypto';
import { copyFileSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { basename, join } from 'node:path';
import process from 'node:process';
import { open, type RootDatabase } from 'lmdb';
import { type Random, randomFrom } from '../fuzz/random.ts';

export const pageBytes = 4096;
const nativeSeconds = 60;
const writesPerTrial = 1_000;
const writesPerTransaction = 50;

export interface LmdbSample {
  readonly name: string;
  readonly bytes: Buffer;
  /** The same file some transactions before. */
  readonly older: Buffer;
}

/** The library's word on a file that it was given to read and to change. */
export interface NativeVerdict {
  /** Undefined when it crashed, did not end or threw. */
  readonly digest: string | undefined;
  readonly output: string;
}

/** A folder for the files of a test run; the caller removes it. */
export function trialFolder(): string {
  return mkdtempSync(join(tmpdir(), 'pantala-lmdb-'));
}

/** Opens a file with the options that the broker's store uses. */
export function openNatively(path: string): RootDatabase<Buffer, Buffer> {
  return open<Buffer, Buffer>({
    path,
    noSubdir: true,
    overlappingSync: false,
    noSync: true,
    pageSize: pageBytes,
    keyEncoding: 'binary',
    encoding: 'binary',
  });
}

/** Files with different things in them, made by the library. */
export function writeSamples(folder: string): readonly LmdbSample[] {
  const { status, stdout, stderr } = runChild(['samples', folder]);
  if (status !== 0) throw new Error(`the samples could not be written: ${stderr}`);
  return stdout
    .trim()
    .split('\n')
    .map((name) => ({
      name,
      bytes: readFileSync(join(folder, `${name}.mdb`)),
      older: readFileSync(join(folder, `${name}.old`)),
    }));
}

/** Gives files to the library, which reads all of each, then puts and deletes. */
export function tryNatively(paths: readonly string[]): readonly NativeVerdict[] {
  const verdicts: NativeVerdict[] = [];
  while (verdicts.length < paths.length) {
    const { stdout, stderr, signal } = runChild(['try', ...paths.slice(verdicts.length)]);
    const digests = stdout.trim().split('\n');
    for (const digest of digests.filter((line) => line !== '')) {
      verdicts.push({ digest, output: stderr });
    }
    // It got no further than this one; the next child goes on behind it.
    if (verdicts.length < paths.length) {
      verdicts.push({ digest: undefined, output: `${signal ?? 'no signal'}: ${stderr}` });
    }
  }
  return verdicts;
}

/** Tells apart whether two readers have found the same records in the same order. */
export class RecordDigest {
  readonly #hash = createHash('sha1');
  readonly #sizes = Buffer.alloc(8);

  add(key: Uint8Array, value: Uint8Array): void {
    this.#sizes.writeUInt32LE(key.length, 0);
    this.#sizes.writeUInt32LE(value.length, 4);
    this.#hash.update(this.#sizes).update(key).update(value);
  }

  end(): string {
    return this.#hash.digest('hex');
  }
}

function runChild(args: readonly string[]) {
  return spawnSync(process.execPath, [import.meta.filename, ...args], {
    encoding: 'utf8',
    timeout: nativeSeconds * 1000,
    killSignal: 'SIGKILL',
  });
}

async function tryFile(path: string): Promise<void> {
  const database = openNatively(path);
  const digest = new RecordDigest();
  const keys: Buffer[] = [];
  for (const { key, value } of database.getRange()) {
    digest.add(key, value);
    keys.push(Buffer.from(key));
  }
  const random = randomFrom(1);
  for (let done = 0; done < writesPerTrial; done += writesPerTransaction) {
    database.transactionSync(() => {
      for (let write = 0; write < writesPerTransaction; write += 1) {
        const known = keys[random(Math.max(1, keys.length))] ?? keyOf(random(500));
        const choice = random(4);
        if (choice < 2) database.removeSync(known);
        else database.putSync(choice === 2 ? known : keyOf(random(5_000)), randomValue(random));
      }
    });
  }
  await database.close();
  // At once: the next file may be the one that ends this process.
  writeFileSync(process.stdout.fd, `${digest.end()}\n`);
}

function keyOf(number: number, byteLength = 13): Buffer {
  const key = Buffer.alloc(byteLength, number % 7);
  key.writeUInt32BE(Math.imul(number, 0x9e3779b1) >>> 0, byteLength - 4);
  return key;
}

function randomValue(random: Random): Buffer {
  const byteLength = random(20) === 0 ? random(20_000) : random(200);
  return Buffer.alloc(byteLength, random(256));
}

/** What a sample is made of: transactions, most of the way to its older version. */
type Recipe = (database: RootDatabase<Buffer, Buffer>, random: Random, turn: number) => void;

const turns = 20;

const recipes: Readonly<Record<string, Recipe>> = {
  few(database, random, turn) {
    if (turn % 5 === 0) database.putSync(keyOf(turn), Buffer.alloc(random(100), turn));
  },
  deep(database, random) {
    database.transactionSync(() => {
      for (let write = 0; write < 500; write += 1) {
        const key = keyOf(random(50_000), random(10) === 0 ? 64 : 13);
        database.putSync(key, Buffer.alloc(random(240), write));
      }
    });
  },
  large(database, random) {
    for (let write = 0; write < 4; write += 1) {
      database.putSync(keyOf(random(60)), Buffer.alloc(random(30_000), write));
    }
  },
  churned(database, random) {
    for (let transaction = 0; transaction < 4; transaction += 1) {
      database.transactionSync(() => {
        for (let write = 0; write < 30; write += 1) {
          if (random(2) === 0) database.putSync(keyOf(random(400)), randomValue(random));
          else database.removeSync(keyOf(random(400)));
        }
      });
    }
  },
};

async function makeSamples(folder: string): Promise<void> {
  for (const [name, recipe] of Object.entries(recipes)) {
    const path = join(folder, `${name}.mdb`);
    const database = openNatively(path);
    const random = randomFrom(7);
    // What a reader holds is not reused: the list of free pages grows.
    const reader = name === 'churned' ? database.useReadTransaction() : undefined;
    for (let turn = 0; turn < turns; turn += 1) {
      recipe(database, random, turn);
      if (turn === turns - 4) copyFileSync(path, join(folder, `${name}.old`));
    }
    reader?.done();
    await database.close();
    rmSync(`${path}-lock`, { force: true });
    writeFileSync(process.stdout.fd, `${basename(path, '.mdb')}\n`);
  }
}

if (import.meta.main) {
  const [task, ...rest] = process.argv.slice(2);
  if (task === 'samples') await makeSamples(rest[0]);
  else for (const path of rest) await tryFile(path);
}
