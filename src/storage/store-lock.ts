/**
 * Says that a store is in use, for as long as the process lives: it listens on a socket beside the
 * file. The system forgets that with the process, however it ends; no date, no process id, and no
 * waiting is needed to tell a living owner from a dead one (docs/decisions/008-store-lock.md).
 */

import { createHash } from 'node:crypto';
import { once } from 'node:events';
import { renameSync, rmSync } from 'node:fs';
import { connect, createServer, type Server } from 'node:net';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import process from 'node:process';

/** Another process has the store. */
export class StoreInUseError extends Error {
  override readonly name = 'StoreInUseError';
  /** The process id of the owner, if it says. */
  readonly owner: number | undefined;

  constructor(path: string, owner: number | undefined) {
    super(`${path} is used by ${owner === undefined ? 'another process' : `process ${owner}`}`);
    this.owner = owner;
  }
}

/** What socket addresses can hold, on the systems with the least room. */
const addressBytesMax = 100;
const answerMilliseconds = 500;

/**
 * Takes the store at `path`.
 *
 * @returns undefined where no socket can be made, as on a full disk
 * @throws StoreInUseError
 */
export async function lockStore(path: string): Promise<AsyncDisposable | undefined> {
  const address = addressOf(path);
  for (;;) {
    try {
      return await listen(address);
    } catch (error) {
      const { code } = error as NodeJS.ErrnoException;
      if (code !== 'EADDRINUSE') return undefined;
    }
    const owner = await ownerAt(address);
    if (owner !== undefined) throw new StoreInUseError(path, owner.processId);
    if (!(await removeDead(address))) throw new StoreInUseError(path, undefined);
  }
}

async function listen(address: string): Promise<AsyncDisposable> {
  const server = createServer((socket) => {
    socket.on('error', () => undefined);
    socket.end(String(process.pid));
  });
  server.listen(address);
  await once(server, 'listening');
  server.unref();
  return { [Symbol.asyncDispose]: () => close(server) };
}

async function close(server: Server): Promise<void> {
  server.close();
  await once(server, 'close');
}

/** @returns undefined when nobody listens there any more */
async function ownerAt(address: string): Promise<{ processId: number | undefined } | undefined> {
  const socket = connect(address);
  let text = '';
  socket.setEncoding('utf8');
  socket.on('data', (piece) => {
    text += piece;
  });
  // A stopped process listens, and does not answer.
  socket.setTimeout(answerMilliseconds, () => socket.destroy());
  try {
    await once(socket, 'connect');
    await once(socket, 'close');
    return { processId: /^\d+$/.test(text) ? Number(text) : undefined };
  } catch {
    return undefined;
  } finally {
    socket.destroy();
  }
}

/**
 * Removes the socket of a dead owner. It is moved away first and looked at once more, since another
 * process may have found it dead as well, and put a living one in its place.
 *
 * @returns false when it was a living one after all
 */
async function removeDead(address: string): Promise<boolean> {
  const away = `${address}.${process.pid}`;
  try {
    renameSync(address, away);
  } catch {
    return true; // Somebody else has moved it.
  }
  const isAlive = (await ownerAt(away)) !== undefined;
  if (isAlive) renameSync(away, address);
  else rmSync(away, { force: true });
  return !isAlive;
}

/** Beside the store; where that is too far down for a socket, in the system's own places. */
function addressOf(path: string): string {
  const address = resolve(`${path}-owner`);
  const name = createHash('sha256').update(address).digest('hex').slice(0, 24);
  if (process.platform === 'win32') return `\\\\.\\pipe\\pantala-${name}`;
  if (Buffer.byteLength(address) <= addressBytesMax) return address;
  return join(tmpdir(), `pantala-${name}`);
}
