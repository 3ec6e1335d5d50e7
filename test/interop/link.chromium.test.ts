/** The Link over the WebSocket of Chromium, whose far end is ours in this process. */

import type { Socket } from 'node:net';
import { listenSockets } from '../../src/transport/listen-sockets.ts';
import { webSockets } from '../../src/transport/websocket.ts';
import { LinkEnd } from '../contract/link-contract.ts';
import { chromiumSuite } from '../harness/chromium-suite.ts';

interface Command {
  readonly verb: 'write' | 'pause' | 'resume' | 'close' | 'destroy' | 'text';
  readonly bytes?: readonly number[];
}

// The end of the connection that came last; a test has one at a time.
let end = new LinkEnd();
let socket: Socket | undefined;
let toldBytes = 0;

const layer = webSockets((link) => {
  end = new LinkEnd();
  end.link = link;
  toldBytes = 0;
  return end;
});
const listener = await listenSockets(
  (arrival) => {
    socket = arrival.socket;
    layer(arrival);
  },
  { port: 0, host: '127.0.0.1' },
);

function obey({ verb, bytes = [] }: Command): void {
  // A text frame that says 'x'.
  if (verb === 'text') socket?.write(Uint8Array.from([0x81, 1, 0x78]));
  else if (verb === 'write') end.link.write(Uint8Array.from(bytes));
  else end.link[verb]();
}

const functions = {
  farUrl: () => `ws://127.0.0.1:${listener.port}/`,
  far: async (commands: readonly Command[]) => {
    for (const command of commands) obey(command);
    await new Promise<void>((resolve) => setImmediate(resolve));
    const news = end.received.subarray(toldBytes);
    toldBytes += news.length;
    return { received: Buffer.from(news).toString('base64'), isClosed: end.closedCount > 0 };
  },
};

await chromiumSuite('the Link of a browser', 'web-socket-link.page.ts', {
  functions,
  over: () => listener.close(),
});
