/** The broker behind WebSocket in this process, plain or inside TLS, on a port of its own. */

import { spawnSync } from 'node:child_process';
import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createServer } from 'node:tls';
import { Anonymous } from '../../src/auth/anonymous.ts';
import { Broker } from '../../src/broker/broker.ts';
import type { Gatekeeper } from '../../src/broker/ports.ts';
import { NodeHost } from '../../src/server/node-host.ts';
import { peerOf } from '../../src/transport/arrival.ts';
import { listenSockets } from '../../src/transport/listen-sockets.ts';
import { type WebSocketOptions, webSockets } from '../../src/transport/websocket.ts';
import type { ClaimBrokers, RunningBroker } from './running-broker.ts';

const openssl = 'openssl';

/** Why there can be no certificate, if there can be none. */
export function missingOpenssl(): string | undefined {
  if (spawnSync(openssl, ['version']).status === 0) return undefined;
  return 'openssl is not installed: apt-get install openssl';
}

/** A certificate for this machine that stands for itself; disposing of it takes it away. */
export class Certificate implements Disposable {
  readonly #folder = mkdtempSync(join(tmpdir(), 'pantala-certificate-'));
  readonly file = join(this.#folder, 'certificate.pem');
  readonly keyFile = join(this.#folder, 'key.pem');

  constructor() {
    const key = '-newkey ec -pkeyopt ec_paramgen_curve:P-256 -nodes'.split(' ');
    const names = [
      '-subj',
      '/CN=localhost',
      '-addext',
      'subjectAltName=IP:127.0.0.1,DNS:localhost',
    ];
    const files = ['-keyout', this.keyFile, '-out', this.file];
    const made = spawnSync(openssl, ['req', '-x509', '-days', '2', ...key, ...names, ...files]);
    if (made.status !== 0) throw new Error(`openssl: ${made.stderr}`);
  }

  [Symbol.dispose](): void {
    rmSync(this.#folder, { recursive: true });
  }
}

export interface WebSocketBrokerOptions extends WebSocketOptions {
  readonly certificate?: Pick<Certificate, 'file' | 'keyFile'> | undefined;
  readonly gatekeeper?: Gatekeeper;
  /** 0: one that is free. */
  readonly port?: number;
}

export async function startWebSocketBroker({
  certificate,
  gatekeeper = Anonymous.allowed(),
  port = 0,
  ...options
}: WebSocketBrokerOptions = {}): Promise<RunningBroker> {
  const host = new NodeHost();
  // Nothing is dropped however slow the machine.
  const limits = { queuedMessagesMax: Number.POSITIVE_INFINITY };
  const broker = new Broker({ host, gatekeeper, limits, systemTopicSeconds: 0 });
  host.start((now) => broker.wake(now));
  const layer = webSockets(broker.listener().accept, options);
  const tls = certificate && {
    cert: readFileSync(certificate.file),
    key: readFileSync(certificate.keyFile),
  };
  const tlsServer = createServer(tls ?? {}, (socket) => {
    layer({ socket, peer: peerOf(socket), credentials: undefined });
  });
  const listener = await listenSockets(
    tls ? ({ socket }) => tlsServer.emit('connection', socket) : layer,
    { port, host: '127.0.0.1' },
  );
  let stopped: Promise<void> | undefined;
  const stop = async () => {
    const closed = listener.close();
    const { promise, resolve } = Promise.withResolvers<void>();
    broker.shutDown(resolve);
    await Promise.all([closed, promise]);
    host.stop();
  };
  return {
    host: '127.0.0.1',
    port: listener.port,
    webSocket: { caFile: certificate?.file },
    logged: () => Promise.reject(new Error('nothing is logged')),
    stop: () => (stopped ??= stop()),
    [Symbol.asyncDispose]: () => (stopped ??= stop()),
  };
}

export function webSocketBrokers(certificate?: Certificate): ClaimBrokers {
  return {
    open: () => startWebSocketBroker({ certificate }),
    closed: () => startWebSocketBroker({ certificate, gatekeeper: Anonymous.refused() }),
  };
}
