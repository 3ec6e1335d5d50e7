/** Connections to the places that MQTT.js can reach. */

import type { Accept } from '../session/link.ts';
import { connectTcp } from '../transport/connect-tcp.ts';
import { connectUnix } from '../transport/connect-unix.ts';
import type { TlsOptions } from '../transport/tls-client.ts';
import type { Place } from './settings.ts';

/** @throws as the transport does */
export async function openPlace(
  { transport, at, resource }: Place,
  accept: Accept,
  { tls, signal }: { tls: TlsOptions; signal: AbortSignal },
): Promise<void> {
  switch (transport) {
    case 'tcp':
      if ('path' in at) return connectUnix(accept, { ...at, signal });
      return connectTcp(accept, { ...at, signal });
    // The others take time to load, which not everybody should pay for.
    case 'tls': {
      const { connectTls } = await import('../transport/connect-tls.ts');
      return connectTls(accept, { ...at, ...tls, signal });
    }
    case 'ws':
    case 'wss': {
      const { connectWebSocket } = await import('../transport/connect-websocket.ts');
      const secure = transport === 'wss' ? { tls } : {};
      return connectWebSocket(accept, { ...at, resource, ...secure, signal });
    }
    default:
      return transport satisfies never;
  }
}
