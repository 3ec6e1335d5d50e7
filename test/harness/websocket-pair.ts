/** WebSockets in this process, with a Link on either end. */

import type { Socket } from 'node:net';
import { type ClientOptions, WebSocket } from 'ws';
import type { Accept } from '../../src/session/link.ts';
import { startWebSocketLink } from '../../src/transport/websocket-link.ts';

/** Connects as a client of MQTT does; `accept` is called once the WebSocket is open. */
export function connectWebSocket(
  accept: Accept,
  url: string,
  options: ClientOptions = {},
): Promise<void> {
  const { promise, resolve, reject } = Promise.withResolvers<void>();
  const webSocket = new WebSocket(url, 'mqtt', { perMessageDeflate: false, ...options });
  let socket: Socket;
  webSocket.once('upgrade', (response) => {
    socket = response.socket;
  });
  webSocket.once('open', () => {
    startWebSocketLink(webSocket, { socket, peer: url, credentials: undefined }, accept);
    resolve();
  });
  webSocket.once('error', reject);
  return promise;
}
