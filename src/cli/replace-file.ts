/** Gives a file new contents all at once: whoever reads it sees the old ones or the new ones. */

import { randomBytes } from 'node:crypto';
import {
  closeSync,
  fchmodSync,
  fchownSync,
  fsyncSync,
  openSync,
  renameSync,
  type Stats,
  unlinkSync,
  writeSync,
} from 'node:fs';
import process from 'node:process';
import { syncDirectoryOf } from '../storage/sync-directory.ts';

/**
 * @param path of the file itself, not of a link to it
 * @param like whose owner and permissions the file has and keeps
 * @throws what the system throws; the file is as it was then
 */
export function replaceFile(path: string, bytes: Uint8Array, like: Stats): void {
  const draft = `${path}.new.${randomBytes(6).toString('hex')}`;
  const descriptor = openSync(draft, 'wx', 0o600);
  try {
    try {
      writeSync(descriptor, bytes);
      keepOwner(descriptor, like);
      fchmodSync(descriptor, like.mode & 0o777);
      fsyncSync(descriptor);
    } finally {
      closeSync(descriptor);
    }
    renameSync(draft, path);
  } catch (error) {
    unlinkSync(draft);
    throw error;
  }
  syncDirectoryOf(path);
}

function keepOwner(descriptor: number, { uid, gid }: Stats): void {
  const isOwn = uid === process.getuid?.() && gid === process.getgid?.();
  if (!isOwn && process.getuid !== undefined) fchownSync(descriptor, uid, gid);
}
