/** Opens a store on disk: nobody else has it, it is sound, and what is in it is known. */

import {
  accessSync,
  closeSync,
  constants,
  existsSync,
  mkdirSync,
  openSync,
  readSync,
} from 'node:fs';
import { dirname, join, resolve } from 'node:path';
import type { LmdbDamage } from './lmdb-report.ts';
import { LmdbStore } from './lmdb-store.ts';
import { finishSalvage, type Salvage, salvage } from './salvage.ts';
import { readSound } from './store-file.ts';
import { lockStore } from './store-lock.ts';

/** `sync`: a commit is done when the disk has it; `os`: when the operating system has it. */
export type Durability = 'sync' | 'os' | 'none';

/** Hands over all records of a store, in the order of their keys; the views are lent. */
export type Records = (take: (key: Uint8Array, value: Uint8Array) => void) => void;

export interface OpenStoreOptions<Loaded> {
  /** Made where it is missing. */
  readonly directory: string;
  readonly file: string;
  readonly durability: Durability;
  /** Reads what is in the store; called once more if that was damaged. */
  readonly load: (records: Records) => Loaded;
  /** The store was damaged, and has been replaced by what could be read of it. */
  readonly salvaged: (
    damage: readonly LmdbDamage[],
    salvage: Salvage & {
      /** Nothing is missing but a commit that was not finished. */
      readonly isTorn: boolean;
    },
  ) => void;
  /** Records turned out to be damaged later, and are left out. */
  readonly damaged: (count: number) => void;
}

export interface OpenStore<Loaded> {
  readonly store: LmdbStore;
  readonly loaded: Loaded;
  /** False where no lock could be made. */
  readonly isLocked: boolean;
  close(): Promise<void>;
}

/** The file is another program's. */
export class ForeignFileError extends Error {
  override readonly name = 'ForeignFileError';
}

/**
 * @throws StoreInUseError when another process has it
 * @throws ForeignFileError when the file is Mosquitto's
 * @throws what node:fs throws when the directory cannot be made or the file cannot be read
 * @throws what `load` throws
 */
export async function openStore<Loaded>(
  options: OpenStoreOptions<Loaded>,
): Promise<OpenStore<Loaded>> {
  const { directory, file, durability, damaged } = options;
  makeDirectory(directory);
  const path = join(directory, file);
  demandAccess(directory, path);
  const lock = await lockStore(path);
  try {
    finishSalvage(path);
    if (isMosquittos(path)) throw new ForeignFileError(`${path} is a database of Mosquitto's`);
    const loaded = await loadSound(path, options);
    const store = new LmdbStore({ path, syncs: durability === 'sync', damaged });
    return {
      store,
      loaded,
      isLocked: lock !== undefined,
      close: async () => {
        await store.close();
        await lock?.[Symbol.asyncDispose]();
      },
    };
  } catch (error) {
    await lock?.[Symbol.asyncDispose]();
    throw error;
  }
}

async function loadSound<Loaded>(
  path: string,
  { load, salvaged }: OpenStoreOptions<Loaded>,
): Promise<Loaded> {
  const { loaded, damage } = loadFrom(path, load);
  if (damage.length === 0) return loaded;
  // A commit that was broken off by a power failure: the one before it is whole, and nobody was
  // told of this one.
  const isTorn = existsSync(path) && readSound(path, () => undefined, 'previous').length === 0;
  const outcome = await salvage(path, new Date(), isTorn ? 'previous' : 'newest');
  salvaged(damage, { ...outcome, isTorn });
  return loadFrom(path, load).loaded;
}

function loadFrom<Loaded>(
  path: string,
  load: (records: Records) => Loaded,
): { loaded: Loaded; damage: readonly LmdbDamage[] } {
  let damage: readonly LmdbDamage[] = [];
  const loaded = load((take) => {
    damage = existsSync(path) ? readSound(path, take) : [];
  });
  return { loaded, damage };
}

/** With parents. Node's own way goes round in circles where the system makes none, as in /proc. */
function makeDirectory(directory: string): void {
  const path = resolve(directory);
  if (existsSync(path)) return;
  makeDirectory(dirname(path));
  try {
    // What clients send is nobody else's business.
    mkdirSync(path, { mode: 0o700 });
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== 'EEXIST') throw error;
  }
}

/** A store that is there and only cannot be written now can be read all the same. */
function demandAccess(directory: string, path: string): void {
  const isThere = existsSync(path);
  try {
    accessSync(isThere ? path : directory, constants.R_OK | constants.W_OK);
  } catch (error) {
    if (!isThere || (error as NodeJS.ErrnoException).code !== 'EROFS') throw error;
  }
}

const mosquittoMark = Buffer.from('\0\xb5\0mosquitto db', 'latin1');

function isMosquittos(path: string): boolean {
  if (!existsSync(path)) return false;
  const start = Buffer.alloc(mosquittoMark.length);
  const descriptor = openSync(path, 'r');
  try {
    readSync(descriptor, start, 0, start.length, 0);
  } finally {
    closeSync(descriptor);
  }
  return start.equals(mosquittoMark);
}
