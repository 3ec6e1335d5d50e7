/** A SOCKS5 proxy for tests, written from the RFCs apart from the client that it tests. */

import { once } from 'node:events';
import { connect, createServer, type Socket } from 'node:net';

export interface SocksProxyOptions {
  /** It asks for these and takes no others; undefined: it asks for nothing. */
  readonly login?: { readonly userName: string; readonly password: string };
  /** What it answers every request with, in place of a connection. */
  readonly reply?: number;
  /** Names that it knows, each with the host behind it. */
  readonly names?: Readonly<Record<string, string>>;
}

export interface RunningSocksProxy extends AsyncDisposable {
  readonly port: number;
  /** Where it was asked to connect to: `name:port`. */
  readonly requests: readonly string[];
}

export async function startSocksProxy(options: SocksProxyOptions = {}): Promise<RunningSocksProxy> {
  const requests: string[] = [];
  const sockets = new Set<Socket>();
  const server = createServer((socket) => {
    sockets.add(socket.on('error', () => undefined).on('close', () => sockets.delete(socket)));
    serve(socket, options, requests).catch(() => socket.destroy());
  });
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  return {
    port: (server.address() as { port: number }).port,
    requests,
    async [Symbol.asyncDispose]() {
      const closed = new Promise((resolve) => server.close(resolve));
      for (const socket of sockets) socket.destroy();
      await closed;
    },
  };
}

async function serve(
  socket: Socket,
  { login, reply, names = {} }: SocksProxyOptions,
  requests: string[],
): Promise<void> {
  const [, methodCount] = await bytes(socket, 2);
  const methods = await bytes(socket, methodCount);
  const method = login === undefined ? 0 : 2;
  if (!methods.includes(method)) return void socket.end(Uint8Array.of(5, 0xff));
  socket.write(Uint8Array.of(5, method));
  if (login !== undefined) {
    await bytes(socket, 1);
    const userName = await counted(socket);
    const password = await counted(socket);
    const isRight = userName === login.userName && password === login.password;
    socket.write(Uint8Array.of(1, isRight ? 0 : 1));
    if (!isRight) return void socket.end();
  }
  const [, , , type] = await bytes(socket, 4);
  const host = await asked(socket, type);
  const [high, low] = await bytes(socket, 2);
  const port = high * 256 + low;
  requests.push(`${host}:${port}`);
  const answer = (code: number) => Uint8Array.of(5, code, 0, 1, 127, 0, 0, 1, 0, 0);
  if (reply !== undefined) return void socket.end(answer(reply));
  const behind = connect(port, names[host] ?? host);
  behind.on('error', () => socket.end(answer(5)));
  socket.on('close', () => behind.destroy());
  behind.on('connect', () => {
    socket.write(answer(0));
    socket.pipe(behind).pipe(socket);
  });
}

async function asked(socket: Socket, type: number): Promise<string> {
  if (type === 3) return counted(socket);
  if (type === 1) return [...(await bytes(socket, 4))].join('.');
  const groups = (await bytes(socket, 16)).toString('hex').match(/.{4}/g) ?? [];
  return groups.join(':');
}

async function counted(socket: Socket): Promise<string> {
  const [length] = await bytes(socket, 1);
  return (await bytes(socket, length)).toString();
}

async function bytes(socket: Socket, length: number): Promise<Buffer> {
  for (;;) {
    const chunk = socket.read(length) as Buffer | null;
    if (chunk !== null) return chunk;
    if (socket.readableEnded) throw new Error('the client hung up');
    await once(socket, 'readable');
  }
}
