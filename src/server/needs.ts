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
export function lackOf(user: { readonly uid: number; readonly gid: number }, needs: Needs) {
  const port = needs.ports.find((each) => each < firstFreePort);
  if (port !== undefined) return `open port ${port}`;
  process.setegid!(user.gid);
  process.seteuid!(user.uid);
  try {
    const unread = needs.reads.find((path) => !canOpen(path, 'r') && existsSync(path));
    if (unread !== undefined) return `read '${unread}'`;
    const unwritten = needs.writes.find((path) => !canWrite(resolve(path)));
    return unwritten && `write '${unwritten}'`;
  } finally {
    process.seteuid!(0);
    process.setegid!(0);
  }
}

function canWrite(path: string): boolean {
  if (statSync(path, { throwIfNoEntry: false })?.isFile()) return canOpen(path, 'r+');
  let folder = dirname(path);
  while (!existsSync(folder) && folder !== dirname(folder)) folder = dirname(folder);
  const probe = join(folder, `.pantala-probe-${process.pid}`);
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
