/** What of the file system a broker needs, and whether it would have it as another user. */

import { closeSync, existsSync, openSync, rmSync, statSync } from 'node:fs';
import { dirname, join, resolve } from 'node:path';
import process from 'node:process';
import type { Config } from './config.ts';
import { listenerFiles } from './listener-files.ts';

export interface Needs {
  readonly reads: readonly string[];
  /** Files that are there or not yet; their folders may be missing, too. */
  readonly writes: readonly string[];
  readonly ports: readonly number[];
}

export function needsOf({ listeners, general, log, state }: Config, ownFile: string): Needs {
  const sockets = listeners.map(({ socketPath }) => socketPath);
  const stateFile = state && join(state.directory, state.file);
  return {
    reads: [ownFile, ...listeners.flatMap(listenerFiles)],
    writes: [stateFile, log.file, general.pidFile, ...sockets].filter((path) => path !== undefined),
    ports: listeners.map(({ port }) => port).filter((port) => port !== 0),
  };
}

/** Below it a port takes a privilege on most systems. */
const firstFreePort = 1024;

/**
 * What the user would lack. For a moment the process is that user.
 *
 * @returns undefined when it would have everything
 */
export function lackOf(
  user: { readonly uid: number; readonly gid: number },
  needs: Needs,
): string | undefined {
  const port = needs.ports.find((each) => each < firstFreePort);
  if (port !== undefined) return `open port ${port}`;
  // Who may not look into a folder cannot tell what is missing there.
  const reads = needs.reads.filter((path) => existsSync(path));
  const writes = needs.writes.map((path) => ({ path, place: existingPart(resolve(path)) }));
  process.setegid!(user.gid);
  process.seteuid!(user.uid);
  try {
    const unread = reads.find((path) => !canOpen(path, 'r'));
    if (unread !== undefined) return `read '${unread}'`;
    const unwritten = writes.find(({ place }) => !canWrite(place));
    return unwritten && `write '${unwritten.path}'`;
  } finally {
    process.seteuid!(0);
    process.setegid!(0);
  }
}

/** The file, or the folder in which it, or its folder, would be made. */
interface ExistingPart {
  readonly path: string;
  readonly isFolder: boolean;
}

function existingPart(path: string): ExistingPart {
  if (statSync(path, { throwIfNoEntry: false })?.isFile()) return { path, isFolder: false };
  let folder = dirname(path);
  while (!existsSync(folder) && folder !== dirname(folder)) folder = dirname(folder);
  return { path: folder, isFolder: true };
}

function canWrite({ path, isFolder }: ExistingPart): boolean {
  if (!isFolder) return canOpen(path, 'r+');
  const probe = join(path, `.pantala-probe-${process.pid}`);
  if (!canOpen(probe, 'wx')) return false;
  rmSync(probe, { force: true });
  return true;
}

function canOpen(path: string, flags: string): boolean {
  try {
    closeSync(openSync(path, flags));
    return true;
  } catch {
    return false;
  }
}
