/** Sockets that connections come in through. */

import { createServer, type Server, type Socket } from 'node:net';
import { type Arrivals, peerOf, unixPeerText } from './arrival.ts';
import { ArrivingHandle } from './arriving-handle.ts';
import { keepAliveProbeSeconds, offerHandles } from './bare-handle.ts';
import { openFilesMax } from './file-limit.ts';
import { OpenConnections } from './open-connections.ts';
import { clearUnixPath, openUnixPath, unixListenError } from './unix-path.ts';

export interface ListenSocketsOptions {
  /** 0: the system chooses. */
  readonly port?: number;
  /** Address or name to listen on; undefined: every address of the machine. */
  readonly host?: string | undefined;
  /** Only this family where `host` is a name or undefined. */
  readonly family?: 4 | 6 | undefined;
  /** A Unix socket instead of all that. */
  readonly path?: string | undefined;
  /** Whether one more connection would be too many; absent: never. */
  isFull?(): boolean;
  readonly events?: ListenSocketsEvents | undefined;
}

export interface ListenSocketsEvents {
  /** Connections cannot be taken, for one reason; told once a second at most. */
  acceptFailed?(reason: string): void;
}

/** A port, or a path, that connections come in through. */
export interface Listener {
  /** 0 for a Unix socket. */
  readonly port: number;
  /** The path of a Unix socket. */
  readonly host: string;
  /** Takes no more connections; those that are open stay. Resolves when the last has closed. */
  close(): Promise<void>;
  /** Ends those that are open, whatever they are about. */
  destroyAll(): void;
}

// Connections that the kernel holds until they are accepted: a fleet that returns after an outage
// comes all at once.
const backlog = 4096;

// Files that connections leave to the store, the log and reloads. Without it Node would let the
// last connections take everything, and then drop new ones without a word.
const filesInReserve = 32;
const acceptFailedMilliseconds = 1000;

/**
 * Listens, and hands every connection to `arrivals`.
 *
 * @throws ListenError, or the system's error, such as EADDRINUSE
 */
export async function listenSockets(
  arrivals: Arrivals,
  options: ListenSocketsOptions = {},
): Promise<Listener> {
  const { path, isFull, events = {} } = options;
  const server = createServer({
    noDelay: true,
    keepAlive: true,
    keepAliveInitialDelay: keepAliveProbeSeconds * 1000,
  });
  const failed = seldom((reason: string) => events.acceptFailed?.(reason));
  const isLast = lastFileTest();
  const open = new OpenConnections();
  function take(connection: Socket | ArrivingHandle): void {
    // All that can be wrong with one is that there is no room for it.
    if (isLast(connection)) {
      connection.destroy();
      failed(filesExceeded);
    } else if (isFull?.()) {
      behindEnds(connection, () => {
        open.tellEnds();
        arrive(connection);
      });
    } else {
      arrive(connection);
    }
  }
  function arrive(connection: Socket | ArrivingHandle): void {
    if (connection instanceof ArrivingHandle) return arrivals(connection);
    open.addSocket(connection);
    const peer = path === undefined ? peerOf(connection) : unixPeerText(path);
    arrivals({ socket: connection, peer, credentials: undefined });
  }
  server.on('connection', (socket) => {
    // Of a handle, since a layer has asked for it.
    if (!open.takeMade(socket)) take(socket);
  });
  if (path === undefined) await listening(server, tcpPlace(options));
  else await listenUnix(server, path);
  offerHandles(server, (handle, makeSocket) => {
    take(new ArrivingHandle(handle, path, { open, makeSocket }));
  });
  server.on('error', ({ code, message }: NodeJS.ErrnoException) => {
    const isExceeded = code === 'EMFILE' || code === 'ENFILE';
    failed(isExceeded ? filesExceeded : `Unable to accept new connection: ${message}.`);
  });
  return {
    ...placeOf(server),
    close: async () => {
      await Promise.all([new Promise((resolve) => server.close(resolve)), open.end()]);
    },
    destroyAll: () => open.destroyAll(),
  };
}

/**
 * The system tells of what has happened in no order: with this turn's ends behind it, the
 * connection finds the place free of one that its peer has closed before it.
 */
function behindEnds(connection: Socket | ArrivingHandle, arrive: () => void): void {
  if (connection instanceof ArrivingHandle) return void setImmediate(arrive);
  // An error that nobody listens to would end the process.
  connection.on('error', ignore);
  setImmediate(() => {
    connection.off('error', ignore);
    if (!connection.destroyed) arrive();
  });
}

function ignore(): void {}

const filesExceeded =
  'Unable to accept new connection, system socket count has been exceeded.' +
  ' Try increasing "ulimit -n" or equivalent.';

function tcpPlace({ port = 1883, host, family }: ListenSocketsOptions): object {
  return { port, host: host ?? (family === 4 ? '0.0.0.0' : '::'), ipv6Only: family === 6 };
}

async function listenUnix(server: Server, path: string): Promise<void> {
  await clearUnixPath(path);
  try {
    await listening(server, { path });
  } catch (error) {
    throw unixListenError(error as NodeJS.ErrnoException, path);
  }
  await openUnixPath(path);
}

function placeOf(server: Server): Pick<Listener, 'port' | 'host'> {
  const address = server.address();
  if (address === null) throw new Error('the server has no address');
  if (typeof address === 'string') return { port: 0, host: address };
  return { port: address.port, host: address.address };
}

function listening(server: Server, place: object): Promise<void> {
  const { promise, resolve, reject } = Promise.withResolvers<void>();
  server.once('error', reject);
  server.listen({ ...place, backlog }, () => {
    server.off('error', reject);
    resolve();
  });
  return promise;
}

/** Tells of a socket that takes a file of the reserve: files are numbered from the lowest free. */
function lastFileTest(): (connection: Socket | ArrivingHandle) => boolean {
  const max = openFilesMax();
  if (max === undefined) return () => false;
  return (connection) => (fileOf(connection) ?? -1) >= max - filesInReserve;
}

function fileOf(connection: Socket | ArrivingHandle): number | undefined {
  if (connection instanceof ArrivingHandle) return connection.file;
  // Node has no other name for it; where it tells no number, nothing is held back.
  return (connection as Socket & { _handle?: { readonly fd?: number } })._handle?.fd;
}

function seldom(tell: (reason: string) => void): (reason: string) => void {
  let toldAt = Number.NEGATIVE_INFINITY;
  return (reason) => {
    const now = performance.now();
    if (now - toldAt < acceptFailedMilliseconds) return;
    toldAt = now;
    tell(reason);
  };
}
