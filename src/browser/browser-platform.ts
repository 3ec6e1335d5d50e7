/** What a client needs of its machine, as a browser has it. */

import type { ClientPlatform } from '../client/ports.ts';
import type { Accept } from '../session/link.ts';
import { startWebSocketLink } from './web-socket-link.ts';

// setTimeout takes no more.
const timeoutMillisecondsMax = 2 ** 31 - 1;

export function browserPlatform(): ClientPlatform {
  const clock = { now: (): number => performance.now() };
  const turn = new EndOfTurn();
  return {
    clock,
    date: Date.now,
    atEndOfTurn: (flush) => turn.add(flush),
    after: (milliseconds, call) => {
      const timer = setTimeout(call, Math.min(Math.ceil(milliseconds), timeoutMillisecondsMax));
      return () => clearTimeout(timer);
    },
    stop: () => turn.stop(),
    random,
    open,
  };
}

/**
 * Calls back in a task of its own, behind all that runs in this one. A timer would do so, too, but
 * only after 4 ms, and in a page that nobody looks at after a second.
 */
class EndOfTurn {
  readonly #channel = new MessageChannel();
  #flushes: (() => void)[] = [];

  constructor() {
    this.#channel.port1.onmessage = () => {
      const flushes = this.#flushes;
      this.#flushes = [];
      for (const flush of flushes) flush();
    };
  }

  add(flush: () => void): void {
    if (this.#flushes.push(flush) === 1) this.#channel.port2.postMessage(undefined);
  }

  stop(): void {
    this.#channel.port1.close();
  }
}

/** Other than Math.random, no two pages have the same: it makes identifiers. */
function random(): number {
  const [bits] = crypto.getRandomValues(new Uint32Array(1));
  return bits / 2 ** 32;
}

/** @throws TypeError for a scheme that a page has no way to; Error when there is no connection */
async function open(server: URL, accept: Accept, signal: AbortSignal): Promise<void> {
  const url = addressOf(server);
  signal.throwIfAborted();
  const webSocket = openWebSocket(url);
  const { promise, resolve, reject } = Promise.withResolvers<void>();
  const listening = new AbortController();
  const until = { signal: listening.signal };
  webSocket.addEventListener(
    'open',
    () => {
      // In the same task, so that no message is missed.
      startWebSocketLink(webSocket, accept);
      resolve();
    },
    until,
  );
  webSocket.addEventListener('close', () => reject(new Error(unreachable(url))), until);
  const abort = () => {
    webSocket.close();
    reject(signal.reason);
  };
  signal.addEventListener('abort', abort, until);
  try {
    await promise;
  } finally {
    listening.abort();
  }
}

/** @throws Error where the page may not open it at all */
function openWebSocket(url: string): WebSocket {
  try {
    const webSocket = new WebSocket(url, 'mqtt');
    webSocket.binaryType = 'arraybuffer';
    return webSocket;
  } catch (cause) {
    const text = `the browser does not let this page connect to ${url}`;
    const remedy = 'a page that came by https may use wss only';
    throw new Error(`${text}: ${remedy}`, { cause });
  }
}

/** What goes into the request: no credentials, which are for CONNECT, and where brokers listen. */
function addressOf(server: URL): string {
  const { protocol, host, pathname, search } = server;
  if (protocol !== 'ws:' && protocol !== 'wss:') {
    throw new TypeError(
      `'${protocol}//' is no way out of a browser: write ws://HOST:PORT or wss://HOST:PORT`,
    );
  }
  return `${protocol}//${host}${pathname === '/' ? '/mqtt' : pathname}${search}`;
}

/** A browser tells no page what went wrong, so that pages cannot look around in a network. */
function unreachable(url: string): string {
  if (!navigator.onLine) return `${url} cannot be reached: the browser is offline`;
  const checks = ['that a listener for WebSockets is there', "that it takes this page's origin"];
  if (url.startsWith('wss:')) {
    checks.push(`that the browser trusts its certificate, by ${url.replace('wss', 'https')}`);
  }
  return `${url} cannot be reached, and a browser does not say why: check ${checks.join(', ')}`;
}
