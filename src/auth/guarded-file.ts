/** Reading a file with secrets in it, and whom it is open to. */

import { closeSync, constants, fstatSync, openSync, readFileSync, type Stats } from 'node:fs';
import { userInfo } from 'node:os';
import process from 'node:process';

/** The text of a file, and what Mosquitto warns of when it reads such a file. */
export interface GuardedFile {
  readonly text: string;
  readonly warnings: readonly AccessWarning[];
}

/** The file is open to somebody else. */
export interface AccessWarning {
  /** In Mosquitto's words, without the `Warning: ` before them. */
  readonly message: string;
  /** What to do about it. */
  readonly remedy: string;
}

/** Who reads. Ids are undefined where the system has none, as on Windows. */
export interface Reader {
  readonly uid: number | undefined;
  readonly gid: number | undefined;
  /** Undefined when nobody knows it. */
  readonly name: string | undefined;
}

/**
 * Reads a password file, an ACL file or a PSK file. Unlike Mosquitto it follows symbolic links:
 * that is how Kubernetes mounts secrets.
 *
 * @throws what the system throws; EISDIR for anything that is no file
 */
export function readGuardedFile(path: string): GuardedFile {
  const descriptor = openSync(path, constants.O_RDONLY | withoutWaiting);
  try {
    const stats = fstatSync(descriptor);
    if (!stats.isFile()) throw notAFile(path);
    return {
      text: readFileSync(descriptor, 'utf8'),
      warnings: accessWarnings(path, stats, currentReader()),
    };
  } finally {
    closeSync(descriptor);
  }
}

/** Whom else the file is open to, or belongs to. */
export function accessWarnings(
  path: string,
  { mode, uid, gid }: Pick<Stats, 'mode' | 'uid' | 'gid'>,
  reader: Reader,
): AccessWarning[] {
  const warnings: AccessWarning[] = [];
  // Windows has other ways to guard a file.
  if (reader.uid === undefined) return warnings;
  const later = 'Future versions will refuse to load this file.';
  if ((mode & 0o007) !== 0) {
    const message = `File ${path} has world readable permissions. ${later}`;
    warnings.push({ message, remedy: `To fix this, use 'chmod 0600 ${path}'.` });
  }
  if (uid !== reader.uid) {
    const name = reader.name ?? String(reader.uid);
    const message = `File ${path} owner is not ${name}. ${later}`;
    warnings.push({ message, remedy: `To fix this, use 'chown ${name} ${path}'.` });
  }
  if (gid !== reader.gid) {
    const message = `File ${path} group is not ${reader.gid}. ${later}`;
    warnings.push({ message, remedy: `To fix this, use 'chgrp ${reader.gid} ${path}'.` });
  }
  return warnings;
}

// A named pipe without a writer would hold the process up.
const withoutWaiting = constants.O_NONBLOCK ?? 0;

/** This process. */
export function currentReader(): Reader {
  return { uid: process.getuid?.(), gid: process.getgid?.(), name: userName() };
}

function userName(): string | undefined {
  try {
    return userInfo().username;
  } catch {
    return undefined; // one without an entry, as in many containers
  }
}

function notAFile(path: string): Error {
  return Object.assign(new Error(`${path} is not a file`), { code: 'EISDIR', path });
}
