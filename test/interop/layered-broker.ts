/** A broker in this process whose one listener is put together by the test. */

import { Anonymous } from '../../src/auth/anonymous.ts';
import { Broker } from '../../src/broker/broker.ts';
import type { ConnectedClient } from '../../src/broker/ports.ts';
import { NodeHost } from '../../src/server/node-host.ts';
import type { Accept } from '../../src/session/link.ts';
import type { Arrivals } from '../../src/transport/arrival.ts';
import { type ListenSocketsOptions, listenSockets } from '../../src/transport/listen-sockets.ts';

export interface LayeredBroker extends AsyncDisposable {
  readonly port: number;
  /** The next client that has come in. */
  client(): Promise<ConnectedClient>;
}

/** @param layersOf the layers of the listener, the innermost of which has `accept` called */
export async function openLayeredBroker(
  layersOf: (accept: Accept) => Arrivals,
  place: ListenSocketsOptions = { port: 0, host: '127.0.0.1' },
): Promise<LayeredBroker> {
  const host = new NodeHost();
  const clients: ConnectedClient[] = [];
  let arrived = Promise.withResolvers<void>();
  const broker = new Broker({
    host,
    gatekeeper: Anonymous.allowed(),
    systemTopicSeconds: 0,
    observer: {
      clientConnected(client) {
        clients.push(client);
        arrived.resolve();
      },
    },
  });
  host.start((now) => broker.wake(now));
  const listener = await listenSockets(layersOf(broker.listener().accept), place);
  return {
    port: listener.port,
    async client() {
      while (clients.length === 0) {
        arrived = Promise.withResolvers();
        await arrived.promise;
      }
      return clients.shift()!;
    },
    async [Symbol.asyncDispose]() {
      broker.shutDown();
      await listener.close();
      host.stop();
    },
  };
}
