/** The way to a broker by the SRV records of a domain, as a DNS server of this test gives them. */

import assert from 'node:assert/strict';
import { createSocket } from 'node:dgram';
import { getServers, setServers } from 'node:dns/promises';
import { once } from 'node:events';
import { createServer, type Server } from 'node:net';
import { after, before, describe, it } from 'node:test';
import { openRoute, SrvError } from './open-route.ts';

interface Srv {
  readonly priority: number;
  readonly port: number;
  readonly target: string;
}

/** Answers questions for SRV records with those of their names, and all others with none. */
class DnsServer {
  readonly questions: string[] = [];
  readonly #socket = createSocket('udp4');
  readonly #records: Readonly<Record<string, readonly Srv[]>>;

  constructor(records: Readonly<Record<string, readonly Srv[]>>) {
    this.#records = records;
    this.#socket.on('message', (query, { port, address }) => {
      this.#socket.send(this.#answer(query), port, address);
    });
  }

  async start(): Promise<string> {
    this.#socket.bind(0, '127.0.0.1');
    await once(this.#socket, 'listening');
    return `127.0.0.1:${this.#socket.address().port}`;
  }

  stop(): void {
    this.#socket.close();
  }

  // A header of 12 bytes, the question as it was, and the answers. (RFC 1035 section 4, RFC 2782)
  #answer(query: Buffer): Buffer {
    const labels: string[] = [];
    let at = 12;
    for (; query[at] !== 0; at += query[at] + 1) {
      labels.push(query.toString('latin1', at + 1, at + 1 + query[at]));
    }
    const name = labels.join('.');
    const question = query.subarray(12, at + 5);
    const records = this.#records[name] ?? [];
    this.questions.push(name);
    const header = Buffer.from([
      query[0],
      query[1],
      0x81,
      0x80,
      0,
      1,
      0,
      records.length,
      0,
      0,
      0,
      0,
    ]);
    return Buffer.concat([header, question, ...records.map(answerOf)]);
  }
}

/** Its name is that of the question, at offset 12. */
function answerOf({ priority, port, target }: Srv): Buffer {
  const name = target
    .split('.')
    .map((label) => Buffer.from(`${String.fromCharCode(label.length)}${label}`));
  const data = Buffer.concat([
    Buffer.from([0, priority, 0, 0, port >> 8, port & 0xff]),
    ...name,
    Buffer.from([0]),
  ]);
  return Buffer.concat([Buffer.from([0xc0, 12, 0, 33, 0, 1, 0, 0, 0, 60, 0, data.length]), data]);
}

describe('the way by SRV records', () => {
  const usual = getServers();
  let dns: DnsServer;
  let server: Server;
  before(async () => {
    server = createServer((socket) => socket.on('error', () => undefined).end());
    await once(server.listen(0, '127.0.0.1'), 'listening');
    const { port } = server.address() as { port: number };
    dns = new DnsServer({
      '_mqtt._tcp.example.test': [
        { priority: 20, port, target: 'localhost' },
        { priority: 10, port: 1, target: 'localhost' },
      ],
    });
    setServers([await dns.start()]);
  });
  after(() => {
    setServers(usual);
    dns.stop();
    server.close();
  });

  const route = {
    to: { host: 'example.test', port: 1883 },
    usesSrv: true,
    webSocket: false,
    tls: undefined,
    proxy: undefined,
    bindAddress: undefined,
  } as const;
  const { signal } = new AbortController();

  it('leads to the first broker that is there', async () => {
    const over = Promise.withResolvers<void>();
    await openRoute(
      route,
      () => ({ receive() {}, drained() {}, closed: () => over.resolve() }),
      signal,
    );
    await over.promise;
    assert.deepEqual(dns.questions, ['_mqtt._tcp.example.test']);
  });

  it('asks for others where TLS is wanted', async () => {
    const opened = openRoute({ ...route, tls: {} }, () => assert.fail(), signal);
    await assert.rejects(opened, SrvError);
    assert.equal(dns.questions.at(-1), '_secure-mqtt._tcp.example.test');
  });
});
