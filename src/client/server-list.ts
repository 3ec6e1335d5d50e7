/** The servers that a client may connect to, and which one is next. */

import type { Servers } from './connect-options.ts';
import type { ClientPlatform } from './ports.ts';

// A server that sends its client on, and on, is not followed for ever.
const detoursMax = 5;

export class ServerList {
  readonly #servers: Servers | (() => Servers | Promise<Servers>);
  readonly #platform: Pick<ClientPlatform, 'locate'>;
  #moved: URL[] | undefined;
  #detour: URL | undefined;
  #detours = 0;
  #count = 1;
  #index = 0;
  #last: URL | undefined;

  /** @param servers a function is asked before each attempt */
  constructor(
    servers: Servers | (() => Servers | Promise<Servers>),
    platform: Pick<ClientPlatform, 'locate'>,
  ) {
    this.#servers = servers;
    this.#platform = platform;
  }

  /** Of those that were there at the last attempt. */
  get count(): number {
    return this.#count;
  }

  /**
   * The one to try now.
   *
   * @throws TypeError when there is none, or a URL is none
   */
  async next(): Promise<URL> {
    const servers = await this.#all();
    this.#count = servers.length;
    this.#last = this.#detour ?? servers[this.#index % servers.length];
    this.#detour = undefined;
    return this.#last;
  }

  /** It was not reached, or let nobody in. */
  skip(): void {
    this.#index++;
  }

  /** It has let its client in. */
  arrived(): void {
    this.#detours = 0;
  }

  /** The next attempt, and only that, goes to another server. @returns false when it will not */
  detour(reference: string): boolean {
    if (++this.#detours > detoursMax) return false;
    this.#detour = this.#urls(reference)[0];
    return this.#detour !== undefined;
  }

  /** All attempts from now on go there. @returns false when they will not */
  move(reference: string): boolean {
    if (++this.#detours > detoursMax) return false;
    const urls = this.#urls(reference);
    if (urls.length === 0) return false;
    this.#moved = urls;
    this.#index = 0;
    return true;
  }

  async #all(): Promise<readonly URL[]> {
    if (this.#moved !== undefined) return this.#moved;
    const given = typeof this.#servers === 'function' ? await this.#servers() : this.#servers;
    const list = typeof given === 'string' || given instanceof URL ? [given] : given;
    const urls = list.map(urlOf);
    if (urls.length === 0) throw new TypeError('no server is given to connect to');
    const located = urls.map(async (url) => (await this.#platform.locate?.(url)) ?? [url]);
    return (await Promise.all(located)).flat();
  }

  /** What a Server Reference names, by the protocol of the server that did. (MQTT 5.0 4.13) */
  #urls(reference: string): URL[] {
    const protocol = this.#last?.protocol ?? 'mqtt:';
    return reference
      .split(' ')
      .filter((place) => place !== '')
      .flatMap((place) => {
        try {
          return [new URL(`${protocol}//${place}`)];
        } catch {
          return [];
        }
      });
  }
}

/** @throws TypeError */
function urlOf(server: string | URL): URL {
  if (server instanceof URL) return server;
  // As one would type it: a host alone, or with a port.
  const text = /^[a-z][a-z0-9+.-]*:\/\//i.test(server) ? server : `mqtt://${server}`;
  try {
    return new URL(text);
  } catch (cause) {
    const remedy = 'write mqtt://HOST:PORT, or mqtts, ws, wss, mqtt+unix';
    throw new TypeError(`'${server}' is no URL of a server: ${remedy}`, { cause });
  }
}
