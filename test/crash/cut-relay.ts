/** A link between clients and a broker that is cut again and again. */

import { once } from 'node:events';
import { type AddressInfo, connect, createServer, type Server, type Socket } from 'node:net';

export class CutRelay implements AsyncDisposable {
  readonly #server: Server;
  readonly #pairs = new Set<readonly [Socket, Socket]>();
  #cuts = 0;

  private constructor(server: Server) {
    this.#server = server;
  }

  /** @param port of the broker, on 127.0.0.1 */
  static async to(port: number): Promise<CutRelay> {
    const server = createServer((near) => relay.#join(near, connect(port, '127.0.0.1')));
    const relay: CutRelay = new CutRelay(server);
    server.listen(0, '127.0.0.1');
    await once(server, 'listening');
    return relay;
  }

  get port(): number {
    return (this.#server.address() as AddressInfo).port;
  }

  /** Connections that were cut. */
  get cuts(): number {
    return this.#cuts;
  }

  /** Cuts one of the connections that are there, if there are any; what is on its way is lost. */
  cut(chance: number): void {
    const pairs = [...this.#pairs];
    const pair = pairs[Math.floor(chance * pairs.length)];
    if (pair === undefined) return;
    this.#cuts++;
    for (const socket of pair) socket.destroy();
  }

  async [Symbol.asyncDispose](): Promise<void> {
    for (const pair of this.#pairs) for (const socket of pair) socket.destroy();
    this.#server.close();
    await once(this.#server, 'close');
  }

  #join(near: Socket, far: Socket): void {
    const pair = [near, far] as const;
    this.#pairs.add(pair);
    const end = () => {
      this.#pairs.delete(pair);
      for (const socket of pair) socket.destroy();
    };
    for (const socket of pair) socket.setNoDelay(true).on('error', end).on('close', end);
    near.pipe(far);
    far.pipe(near);
  }
}
