/** Connections to the places that MQTT.js can reach. */

import type { Accept } from '../session/link.ts';
import { connectTls } from '../transport/connect-tls.ts';
import { connectUnix } from '../transport/connect-unix.ts';
import { connectWebSocket } from '../transport/connect-websocket.ts';
import { connectTcp } from '../transport/tcp.ts';
import type { TlsOptions } from '../transport/tls-client.ts';
import type { Place } from './settings.ts';

/** @throws as the transport does */
export function openPlace(
  { transport, at, resource }: Place,
  accept: Accept,
  { tls, signal }: { tls: TlsOptions; signal: AbortSignal },
): Promise<void> {
  switch (transport) {
    case 'tcp':
      if ('path' in at) return connectUnix(accept, { ...at, signal });
      return connectTcp(accept, { ...at, signal });
    case 'tls':
      return connectTls(accept, { ...at, ...tls, signal });
    case 'ws':
      return connectWebSocket(accept, { ...at, resource, signal });
    case 'wss':
      return connectWebSocket(accept, { ...at, resource, tls, signal });
    default:
      return transport satisfies never;
  }
}
