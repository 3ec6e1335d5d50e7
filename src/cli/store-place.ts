/** Which file a command on a store is about, and that nobody else has it. */

import { existsSync, statSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { defaultConfig } from '../server/config-file.ts';
import { lockStore, StoreInUseError } from '../storage/store-lock.ts';
import type { Io } from './command.ts';
import { exitCodes, ToolFailure } from './tool-failure.ts';

export interface StorePlace {
  /** A directory, or the file itself; undefined: where a broker without configuration has it. */
  readonly place: string | undefined;
  /** The name of the file in the directory; undefined: the one that it has by default. */
  readonly file: string | undefined;
}

/** @throws ToolFailure when there is no store */
export function storePath({ place, file }: StorePlace, env: Io['env']): string {
  const { state, general } = defaultConfig([], { env });
  const directory = place ?? state?.directory;
  if (directory === undefined) {
    throw failure('The user has no home directory, and so no store: name its directory.');
  }
  if (!existsSync(directory)) throw failure(`There is no '${directory}'.`);
  if (!statSync(directory).isDirectory()) {
    if (file === undefined) return directory;
    throw failure(`'${directory}' is no directory: name one, or leave --file out.`);
  }
  const path = join(directory, file ?? state?.file ?? general.persistenceFile);
  if (existsSync(path)) return path;
  throw failure(`There is no store in '${directory}': '${path}' is missing.`);
}

/**
 * Keeps brokers away from the store for as long as the result is not disposed of.
 *
 * @param complain takes a line, where it cannot be locked
 * @throws ToolFailure when another process has it
 */
export async function takeStore(
  path: string,
  complain: (line: string) => void,
): Promise<AsyncDisposable | undefined> {
  try {
    const lock = await lockStore(path);
    if (lock === undefined) complain(unlocked(path));
    return lock;
  } catch (error) {
    if (!(error instanceof StoreInUseError)) throw error;
    const owner = error.owner === undefined ? 'Another process' : `Process ${error.owner}`;
    throw failure(`${owner} has '${path}' in use: stop it first.`);
  }
}

function unlocked(path: string): string {
  return (
    `Warning: '${path}' cannot be locked, as nothing can be written in '${dirname(path)}': ` +
    'see that no broker uses it.'
  );
}

function failure(message: string): ToolFailure {
  return new ToolFailure(exitCodes.other, `Error: ${message}`);
}
