/** The way through a SOCKS5 proxy. (RFC 1928, with the passwords of RFC 1929) */

import { isIPv4, isIPv6, type Socket } from 'node:net';

export interface SocksProxy {
  readonly host: string;
  readonly port: number;
  /** Undefined: the proxy is asked without authentication. */
  readonly userName?: string | undefined;
  readonly password?: string | undefined;
}

/** Why a proxy does not connect: in its own words, or because it speaks something else. */
export type SocksFailure =
  /** It wants to know who asks, and takes none of what was offered. */
  | 'authentication needed'
  | 'bad user name or password'
  | 'general failure'
  | 'not allowed'
  | 'network unreachable'
  | 'host unreachable'
  | 'connection refused'
  | 'expired'
  | 'command not supported'
  | 'address type not supported'
  /** It hung up, was silent, or said what SOCKS5 does not know. */
  | 'no SOCKS5 proxy';

/** There was a connection to the proxy, but none through it. */
export class SocksError extends Error {
  override readonly name = 'SocksError';
  readonly failure: SocksFailure;

  constructor(failure: SocksFailure, message: string) {
    super(message);
    this.failure = failure;
  }
}

/** For a proxy that takes the connection and says nothing. */
const socksSecondsMax = 30;

/**
 * Has the proxy at the other end of `socket` connect to `host`, whose name the proxy looks up. Of
 * what comes behind the proxy's answer nothing is read.
 *
 * @throws SocksError
 */
export async function connectThrough(
  socket: Socket,
  proxy: SocksProxy,
  to: { readonly host: string; readonly port: number },
): Promise<void> {
  const reader = new ExactReader(socket);
  const timer = setTimeout(() => {
    reader.fail(`the proxy has not answered within ${socksSecondsMax} seconds`);
  }, socksSecondsMax * 1000);
  try {
    await authenticate(socket, reader, proxy);
    socket.write(connectRequest(to));
    await readReply(reader);
  } finally {
    clearTimeout(timer);
    await reader.release();
  }
}

const version = 5;
const passwordVersion = 1;
const methods = { none: 0x00, password: 0x02, nothingAcceptable: 0xff } as const;

//  VER   NMETHODS   METHODS        answered with      VER   METHOD
//   5    1 or 2     00 [02]                            5    00, 02 or FF
async function authenticate(
  socket: Socket,
  reader: ExactReader,
  { userName, password }: SocksProxy,
): Promise<void> {
  const offered = userName === undefined ? [methods.none] : [methods.none, methods.password];
  socket.write(Uint8Array.of(version, offered.length, ...offered));
  const [answerVersion, method] = await reader.read(2);
  checkVersion(answerVersion);
  if (method === methods.none) return;
  if (method !== methods.password || userName === undefined) {
    throw new SocksError('authentication needed', 'the proxy wants to know who asks');
  }
  socket.write(passwordRequest(userName, password ?? ''));
  const [, status] = await reader.read(2);
  if (status === 0) return;
  throw new SocksError('bad user name or password', 'the proxy refused the user name or password');
}

//  VER   ULEN   UNAME   PLEN   PASSWD      answered with      VER   STATUS
//   1    1 byte          1 byte                                1    0 for success
function passwordRequest(userName: string, password: string): Uint8Array {
  return Buffer.concat([Uint8Array.of(passwordVersion), counted(userName), counted(password)]);
}

const commandConnect = 1;
const addressTypes = { ipv4: 1, name: 3, ipv6: 4 } as const;

//  VER   CMD   RSV   ATYP    DST.ADDR                            DST.PORT
//   5     1     0    1,3,4   4 bytes, length and name, 16 bytes   2 bytes
function connectRequest({ host, port }: { host: string; port: number }): Uint8Array {
  const head = Uint8Array.of(version, commandConnect, 0);
  return Buffer.concat([head, address(host), Uint8Array.of(port >> 8, port & 0xff)]);
}

function address(host: string): Uint8Array {
  if (isIPv4(host)) return Uint8Array.of(addressTypes.ipv4, ...host.split('.').map(Number));
  if (isIPv6(host)) return Uint8Array.of(addressTypes.ipv6, ...bytesOfIPv6(host));
  return Buffer.concat([Uint8Array.of(addressTypes.name), counted(host)]);
}

/** `::1`, `fe80::1%eth0`, `::ffff:192.0.2.1` */
function bytesOfIPv6(text: string): number[] {
  const groups = (part: string): number[] =>
    part.split(':').flatMap((group) => {
      if (group === '') return [];
      if (group.includes('.')) return group.split('.').map(Number);
      const value = Number.parseInt(group, 16);
      return [value >> 8, value & 0xff];
    });
  const [start, end = ''] = text.replace(/%.*/, '').split('::');
  const [first, last] = [groups(start), groups(end)];
  return [...first, ...new Array<number>(16 - first.length - last.length).fill(0), ...last];
}

/** @throws SocksError when it takes more than the byte that says how long it is */
function counted(text: string): Uint8Array {
  const bytes = Buffer.from(text);
  if (bytes.length > 255) {
    const message = `SOCKS5 takes names of at most 255 bytes, not of ${bytes.length}`;
    throw new SocksError('general failure', message);
  }
  return Buffer.concat([Uint8Array.of(bytes.length), bytes]);
}

const failures: ReadonlyMap<number, SocksFailure> = new Map([
  [1, 'general failure'],
  [2, 'not allowed'],
  [3, 'network unreachable'],
  [4, 'host unreachable'],
  [5, 'connection refused'],
  [6, 'expired'],
  [7, 'command not supported'],
  [8, 'address type not supported'],
]);

//  VER   REP   RSV   ATYP   BND.ADDR   BND.PORT
//   5   0..8    0   1,3,4   as long as that says
async function readReply(reader: ExactReader): Promise<void> {
  const [answerVersion, reply, , addressType] = await reader.read(4);
  checkVersion(answerVersion);
  if (reply !== 0) {
    const failure = failures.get(reply) ?? 'general failure';
    throw new SocksError(failure, `the proxy answered with ${reply}, ${failure}`);
  }
  const portBytes = 2;
  switch (addressType) {
    case addressTypes.ipv4:
      await reader.read(4 + portBytes);
      return;
    case addressTypes.ipv6:
      await reader.read(16 + portBytes);
      return;
    case addressTypes.name: {
      const [length] = await reader.read(1);
      await reader.read(length + portBytes);
      return;
    }
    default:
      throw foreign(`it answered with an address of type ${addressType}`);
  }
}

function checkVersion(answered: number): void {
  if (answered !== version) throw foreign(`it answered as version ${answered}`);
}

function foreign(message: string): SocksError {
  return new SocksError('no SOCKS5 proxy', message);
}

/** Reads so many bytes of a socket and leaves the rest in it. */
class ExactReader {
  readonly #socket: Socket;
  #failure: SocksError | undefined;
  #change = Promise.withResolvers<void>();
  readonly #changed = (): void => {
    this.#change.resolve();
  };
  readonly #ended = (): void => this.fail('it hung up');

  constructor(socket: Socket) {
    this.#socket = socket;
    socket.on('readable', this.#changed);
    socket.on('end', this.#ended);
    socket.on('error', this.#ended);
    socket.on('close', this.#ended);
  }

  fail(message: string): void {
    this.#failure ??= foreign(message);
    this.#changed();
  }

  /** @throws SocksError when they do not come */
  async read(length: number): Promise<Buffer> {
    for (;;) {
      const bytes = this.#socket.read(length) as Buffer | null;
      // At its end a stream gives what it has.
      if (bytes?.length === length) return bytes;
      if (this.#failure !== undefined) throw this.#failure;
      await this.#change.promise;
      this.#change = Promise.withResolvers();
    }
  }

  /** Afterwards the socket is for others to read, as if it had just been opened. */
  async release(): Promise<void> {
    const socket = this.#socket;
    socket.off('readable', this.#changed);
    socket.off('end', this.#ended);
    socket.off('error', this.#ended);
    socket.off('close', this.#ended);
    // A stream notices in the next tick that nobody waits for 'readable' any more.
    await new Promise<void>((resolve) => process.nextTick(resolve));
  }
}
