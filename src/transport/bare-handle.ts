/**
 * What lies under a `net.Socket`: Node's handle of a connection, without the stream that is built
 * on it. Node documents none of this, and so nobody else in the project knows of it; what it is
 * worth, and what would end it, stands in docs/decisions/017-bare-handles.md.
 */

import type { Server, Socket } from 'node:net';
import process from 'node:process';

/** A connection over TCP or a Unix socket. Numbers below 0 are errors of the system. */
export interface BareHandle {
  /** Of the file that the connection is, where the system numbers them. */
  readonly fd?: number;
  /** Bytes that were written and the system has not taken. */
  readonly writeQueueSize: number;
  /** Called when something was read or cannot be read any more; see `readCount`. */
  onread: (this: this) => void;
  readStart(): number;
  readStop(): number;
  /** Has all that is read put into these bytes, instead of into new ones each time. */
  useUserBuffer(bytes: Uint8Array): void;
  /** @returns 0 when the system has taken all, an error, or what tells when it has */
  writeBuffer(request: null, bytes: Uint8Array): number | WriteRequest;
  shutdown(request: object): number;
  close(closed?: (this: this) => void): void;
  /** Absent for Unix sockets, as all below. */
  setNoDelay?(enable: boolean): number;
  setKeepAlive?(enable: boolean, seconds: number): number;
  getpeername?(name: { address?: string; port?: number }): number;
}

export interface WriteRequest {
  oncomplete: (this: this, status: number) => void;
  /** Set where the end came before anybody could be told. */
  writeStatus?: number | null;
}

/** What takes connections in, as a server has it. */
interface ListeningHandle {
  onconnection: (this: this, error: number, connection: BareHandle | undefined) => void;
  setNoDelay?(enable: boolean): number;
  setKeepAlive?(enable: boolean, seconds: number): number;
}

interface StreamWrap {
  readonly ShutdownWrap: new () => { oncomplete: () => void };
  readonly streamBaseState: Int32Array;
  readonly kReadBytesOrError: number;
  readonly kLastWriteErr: number;
}

// Of those the tests have been run with. In others the same names may mean something else.
const knownVersions = /^26\./;
const handleVerbs = [
  'readStart',
  'readStop',
  'useUserBuffer',
  'writeBuffer',
  'shutdown',
  'close',
] as const;

/** How long nothing comes until the system asks whether the other end is still there. */
export const keepAliveProbeSeconds = 60;

// Connections have the options of the socket that they came in by: five calls of the system less.
const inheritsOptions = process.platform === 'linux';

const wrap = findStreamWrap();

/** How many bytes `onread` is about; below 0 an error, `endOfFile` among them. */
export function readCount(): number {
  return wrap!.streamBaseState[wrap!.kReadBytesOrError];
}

/** The error of the write that was begun last; 0: none. */
export function lastWriteError(): number {
  return wrap!.streamBaseState[wrap!.kLastWriteErr];
}

/** Sends what waits, and the end behind it. */
export function shutDown(handle: BareHandle): void {
  const request = new wrap!.ShutdownWrap();
  request.oncomplete = nothing;
  handle.shutdown(request);
}

/**
 * Has each connection of a server that listens given to `take`, instead of a socket made of it.
 *
 * @param take gets `makeSocket`, which has the server do what it would have done
 */
export function offerHandles(
  server: Server,
  take: (handle: BareHandle, makeSocket: () => void) => void,
): void {
  const { _handle: listening } = server as Server & { _handle?: ListeningHandle };
  if (wrap === undefined || listening === undefined) return;
  const { onconnection: makeSocketOf } = listening;
  if (typeof makeSocketOf !== 'function') return;
  const areSet = setOptions(listening) && inheritsOptions;
  listening.onconnection = function onConnection(error, handle) {
    const makeSocket = () => makeSocketOf.call(listening, error, handle);
    if (error !== 0 || handle === undefined || !isBareHandle(handle)) return makeSocket();
    if (!areSet) setOptions(handle);
    take(handle, makeSocket);
  };
}

/**
 * Takes the handle from the socket that was made of it, which is destroyed then: its server counts
 * it no more. Node does the same with a socket that goes to another process.
 *
 * @returns false where the socket still has something to do with it
 */
export function takeBack(handle: BareHandle, socket: Socket): boolean {
  const holder = socket as Socket & { _handle?: BareHandle | null };
  const { destroyed, readableLength, writableLength } = socket;
  if (holder._handle !== handle || destroyed || readableLength > 0 || writableLength > 0) {
    return false;
  }
  handle.readStop();
  holder._handle = null;
  // Under a name that only Node has; the socket would take up memory as long as the connection.
  const named = handle as unknown as Record<symbol, unknown>;
  for (const name of Object.getOwnPropertySymbols(handle)) {
    if (named[name] === socket) named[name] = undefined;
  }
  socket.destroy();
  return true;
}

/** @returns undefined where there is more to a socket, such as TLS, or nothing is known of it */
export function handleOf(socket: Socket): BareHandle | undefined {
  const { _handle: handle, encrypted } = socket as Socket & {
    readonly _handle?: BareHandle | null;
    readonly encrypted?: boolean;
  };
  if (wrap === undefined || encrypted || !handle) return undefined;
  return isBareHandle(handle) ? handle : undefined;
}

/** @returns whether that could be done */
function setOptions(handle: BareHandle | ListeningHandle): boolean {
  const noDelay = handle.setNoDelay?.(true) ?? 0;
  const keepAlive = handle.setKeepAlive?.(true, keepAliveProbeSeconds) ?? 0;
  return noDelay === 0 && keepAlive === 0;
}

function isBareHandle(handle: BareHandle): boolean {
  return handleVerbs.every((verb) => typeof handle[verb] === 'function');
}

function findStreamWrap(): StreamWrap | undefined {
  if (!knownVersions.test(process.versions.node)) return undefined;
  try {
    const { binding } = process as unknown as { binding(name: string): Partial<StreamWrap> };
    const found = binding.call(process, 'stream_wrap');
    const { ShutdownWrap, streamBaseState, kReadBytesOrError, kLastWriteErr } = found;
    const isWhole =
      typeof ShutdownWrap === 'function' &&
      streamBaseState instanceof Int32Array &&
      Number.isInteger(kReadBytesOrError) &&
      Number.isInteger(kLastWriteErr);
    return isWhole ? (found as StreamWrap) : undefined;
  } catch {
    // Denied, as by Node's permissions.
    return undefined;
  }
}

function nothing(): void {}
