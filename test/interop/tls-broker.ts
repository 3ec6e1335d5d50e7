/** The broker behind TLS in this process, and the recipe that everybody follows for certificates. */

import { Anonymous } from '../../src/auth/anonymous.ts';
import { Broker } from '../../src/broker/broker.ts';
import type { ConnectedClient } from '../../src/broker/ports.ts';
import { NodeHost } from '../../src/server/node-host.ts';
import type { HandshakeFailure } from '../../src/transport/handshake-failure.ts';
import { type Listener, listenSockets } from '../../src/transport/listen-sockets.ts';
import { socketLinks } from '../../src/transport/socket-link.ts';
import { tlsLayer } from '../../src/transport/tls.ts';
import { loadTls, TlsSecurity, type TlsSettings } from '../../src/transport/tls-security.ts';
import type { CertificateFolder } from '../harness/certificate-folder.ts';

/** What the broker came to know, in order. */
export type TlsEvent =
  | { readonly type: 'connected'; readonly client: ConnectedClient }
  | { readonly type: 'failed'; readonly failure: HandshakeFailure };

export class TlsBroker implements AsyncDisposable {
  readonly host = 'localhost';
  readonly #nodeHost = new NodeHost();
  readonly #broker: Broker;
  readonly #events: TlsEvent[] = [];
  #listener: Listener | undefined;
  #awaited = Promise.withResolvers<void>();

  private constructor() {
    this.#broker = new Broker({
      host: this.#nodeHost,
      gatekeeper: Anonymous.allowed(),
      observer: { clientConnected: (client) => this.#add({ type: 'connected', client }) },
    });
    this.#nodeHost.start((now) => this.#broker.wake(now));
  }

  static async start(settings: TlsSettings): Promise<TlsBroker> {
    const material = loadTls(settings);
    const broker = new TlsBroker();
    const handshakeFailed = (_peer: string, failure: HandshakeFailure) =>
      broker.#add({ type: 'failed', failure });
    const links = socketLinks(broker.#broker.listener().accept);
    const layer = tlsLayer(new TlsSecurity(material), links, { events: { handshakeFailed } });
    // Both families, as clients try either for "localhost".
    broker.#listener = await listenSockets(layer, { port: 0 });
    return broker;
  }

  get port(): number {
    return this.#listener!.port;
  }

  async connected(): Promise<ConnectedClient> {
    const event = await this.#next();
    if (event.type === 'connected') return event.client;
    throw new Error(`the handshake failed: ${event.failure.message}`);
  }

  async failed(): Promise<HandshakeFailure> {
    const event = await this.#next();
    if (event.type === 'failed') return event.failure;
    throw new Error(`"${event.client.clientId}" has connected`);
  }

  async [Symbol.asyncDispose](): Promise<void> {
    const closed = this.#listener!.close();
    this.#broker.shutDown();
    await closed;
    this.#nodeHost.stop();
  }

  async #next(): Promise<TlsEvent> {
    while (this.#events.length === 0) await this.#awaited.promise;
    return this.#events.shift()!;
  }

  #add(event: TlsEvent): void {
    this.#events.push(event);
    this.#awaited.resolve();
    this.#awaited = Promise.withResolvers();
  }
}

/** What whoever follows the recipe answers when openssl asks. */
export interface RecipeAnswers {
  readonly authority?: string;
  readonly server?: string;
}

/** The recipe, word for word; what is added only keeps openssl from asking. */
export function followRecipe(
  folder: CertificateFolder,
  {
    authority = '/O=Example/CN=Example CA',
    server = '/O=Example/CN=localhost',
  }: RecipeAnswers = {},
): TlsSettings {
  const openssl = (command: string, ...added: readonly string[]) =>
    folder.openssl(...command.split(' '), ...added);
  openssl(
    'req -new -x509 -days 365 -extensions v3_ca -keyout ca.key -out ca.crt',
    ...['-passout', 'pass:secret', '-subj', authority],
  );
  openssl('genrsa -out server.key 2048');
  openssl('req -out server.csr -key server.key -new', '-subj', server);
  openssl(
    'x509 -req -in server.csr -CA ca.crt -CAkey ca.key -CAcreateserial -out server.crt -days 365',
    ...['-passin', 'pass:secret'],
  );
  return {
    cafile: folder.file('ca.crt'),
    certfile: folder.file('server.crt'),
    keyfile: folder.file('server.key'),
  };
}
