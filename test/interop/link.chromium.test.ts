/** The Link over the WebSocket of Chromium, whose far end is ours in this process. */

import type { AddressInfo } from 'node:net';
import { WebSocketServer } from 'ws';
import { listenSockets } from '../../src/transport/listen-sockets.ts';
import { webSockets } from '../../src/transport/websocket.ts';
import { LinkEnd } from '../contract/link-contract.ts';
import { chromiumSuite } from '../harness/chromium-suite.ts';

interface Command {
  readonly verb: 'write' | 'pause' | 'resume' | 'close' | 'destroy';
  readonly bytes?: readonly number[];
}

// The end of the connection that came last; a test has one at a time.
let end = new LinkEnd();
let toldBytes = 0;

const layer = webSockets((link) => {
  end = new LinkEnd();
  end.link = link;
  toldBytes = 0;
  return end;
});
const listener = await listenSockets(layer, { port: 0, host: '127.0.0.1' });
const chatterbox = new WebSocketServer({ port: 0, host: '127.0.0.1' });
chatterbox.on('connection', (webSocket) => webSocket.send('x'));

function obey({ verb, bytes = [] }: Command): void {
  if (verb === 'write') end.link.write(Uint8Array.from(bytes));
  else end.link[verb]();
}

const functions = {
  farUrl: () => `ws://127.0.0.1:${listener.port}/`,
  textUrl: () => `ws://127.0.0.1:${(chatterbox.address() as AddressInfo).port}/`,
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
  over: () => {
    chatterbox.close();
    return listener.close();
  },
});
