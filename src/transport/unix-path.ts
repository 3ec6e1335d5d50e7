/** The path of a Unix socket: making room for it, and who may use it. */

import { once } from 'node:events';
import { existsSync, type Stats } from 'node:fs';
import { chmod, lstat, unlink } from 'node:fs/promises';
import { connect } from 'node:net';
import { dirname } from 'node:path';
import process from 'node:process';
import { ListenError } from './listen-error.ts';

/** What the field of a socket's address holds, without the zero at its end. */
const pathBytesMax = process.platform === 'linux' ? 107 : 103;

// The owner and the group of the broker may connect, as with Mosquitto.
const socketMode = 0o770;

/**
 * Takes away the socket that a broker has left which ended without closing it. Anything else that
 * is in the way stays: a file, or a socket on which somebody answers.
 *
 * @throws ListenError
 */
export async function clearUnixPath(path: string): Promise<void> {
  if (Buffer.byteLength(path) > pathBytesMax) {
    throw new ListenError(
      `Path to unix socket is too long "${path}". It may have ${pathBytesMax} bytes.`,
    );
  }
  const found = await whatIsAt(path);
  if (found === undefined) return;
  if (!found.isSocket()) {
    throw new ListenError(
      `Unable to bind unix socket '${path}': there is something that is no socket. Move it away, or take another path.`,
    );
  }
  if (await isAnswered(path)) {
    throw new ListenError(
      `Unable to bind unix socket '${path}': another program listens on it. Stop that program, or take another path.`,
    );
  }
  await unlink(path).catch((error) => {
    if (error.code !== 'ENOENT') throw unixListenError(error, path);
  });
}

/** Lets those use the socket who may. */
export async function openUnixPath(path: string): Promise<void> {
  await chmod(path, socketMode);
}

/** What the system says to a Unix socket, with what the operator can do about it. */
export function unixListenError(error: NodeJS.ErrnoException, path: string): Error {
  const fault = faults.get(error.code ?? '');
  if (fault === undefined) return error;
  const [what, remedy] = fault(dirname(path));
  return new ListenError(`Unable to bind unix socket '${path}': ${what}. ${remedy}.`);
}

type Fault = (directory: string) => readonly [what: string, remedy: string];

const faults: ReadonlyMap<string, Fault> = new Map<string, Fault>([
  ['ENOENT', (directory) => [`there is no directory '${directory}'`, 'Make it first']],
  ['ENOTDIR', (directory) => [`'${directory}' is no directory`, 'Take another path']],
  ['EACCES', permissionDenied],
  ['EPERM', permissionDenied],
  ['EROFS', (directory) => [`'${directory}' is read-only`, 'Take a path below /run, say']],
]);

function permissionDenied(directory: string): readonly [string, string] {
  const remedy = `Let the user that the broker runs as write to '${directory}'`;
  return ['permission denied', remedy];
}

async function whatIsAt(path: string): Promise<Stats | undefined> {
  try {
    return await lstat(path);
  } catch (error) {
    const fault = error as NodeJS.ErrnoException;
    // Binding would say EACCES where there is no directory.
    if (fault.code === 'ENOENT' && existsSync(dirname(path))) return undefined;
    throw unixListenError(fault, path);
  }
}

/** Only where nobody listens is the answer a refusal; one who is busy has others. */
async function isAnswered(path: string): Promise<boolean> {
  const socket = connect({ path });
  try {
    await once(socket, 'connect');
    return true;
  } catch (error) {
    return (error as NodeJS.ErrnoException).code !== 'ECONNREFUSED';
  } finally {
    socket.destroy();
  }
}
