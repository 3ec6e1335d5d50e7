/** Has the disk remember which files a directory has: their contents are not enough. */

import { closeSync, fsyncSync, openSync } from 'node:fs';
import { open } from 'node:fs/promises';
import { dirname } from 'node:path';
import process from 'node:process';

/** Call after a file was made or renamed. On Windows directories cannot be opened, nor need be. */
export function syncDirectoryOf(path: string): void {
  if (process.platform === 'win32') return;
  const directory = openSync(dirname(path), 'r');
  try {
    fsyncSync(directory);
  } finally {
    closeSync(directory);
  }
}

/** The same, while others go on. */
export async function syncDirectoryOfLater(path: string): Promise<void> {
  if (process.platform === 'win32') return;
  await using directory = await open(dirname(path), 'r');
  await directory.sync();
}
