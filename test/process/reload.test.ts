/** A broker with many clients is given another configuration again and again: none is dropped. */

import assert from 'node:assert/strict';
import process from 'node:process';
import { after, before, describe, it } from 'node:test';
import type { ConnectionOptions, TLSSocket } from 'node:tls';
import { hashPassword, passwordHashText } from '../../src/auth/password-hash.ts';
import { CertificateFolder, missingOpenssl } from '../harness/certificate-folder.ts';
import { freePort, running, Serving, until } from './serving.ts';
import { SocketClient, type SocketClientOptions } from './socket-client.ts';

const skip = process.platform === 'win32' ? 'Windows has no SIGHUP' : missingOpenssl();
const limit = { timeout: 120_000, skip };

const fleetSize = 1000;
/** Handshakes take longer than all the rest. */
const encryptedCount = 200;
/** All messages on their way at a time would only keep the machine busy. */
const pauseMilliseconds = 100;

const forHost = { extensions: ['subjectAltName=DNS:localhost'] };
/** Not `using`: the certificates are made once for all. */
const folder = new CertificateFolder();
after(() => folder[Symbol.dispose]());

interface Ports {
  readonly plain: number;
  readonly encrypted: number;
  /** Wants client certificates. */
  readonly vouched: number;
  /** Where users log in, and nobody else once `allow_anonymous` is false. */
  readonly users: number;
}

/** A file as the first configuration names it, or the second: `server-1.crt`. */
type Generation = 1 | 2;

function configText(ports: Ports, generation: Generation, ...more: readonly string[]): string {
  const file = (name: string, ending: string) => folder.file(`${name}-${generation}.${ending}`);
  const encryption = [
    `certfile ${file('server', 'crt')}`,
    `keyfile ${file('server', 'key')}`,
    `cafile ${file('ca', 'crt')}`,
  ];
  return [
    `password_file ${file('users', 'txt')}`,
    `acl_file ${file('acl', 'txt')}`,
    `log_type ${generation === 1 ? 'error' : 'debug'}`,
    'log_type warning',
    'log_type information',
    ...(generation === 2 ? ['log_type notice', 'max_packet_size 100000'] : []),
    `listener ${ports.plain} 127.0.0.1`,
    'listener_allow_anonymous true',
    `max_qos ${generation === 1 ? 2 : 1}`,
    `listener ${ports.encrypted} 127.0.0.1`,
    'listener_allow_anonymous true',
    ...encryption,
    `listener ${ports.vouched} 127.0.0.1`,
    'listener_allow_anonymous true',
    'require_certificate true',
    `crlfile ${file('crl', 'pem')}`,
    ...encryption,
    `listener ${ports.users} 127.0.0.1`,
    `listener_allow_anonymous ${generation === 1}`,
    ...more,
  ].join('\n');
}

async function writeFiles(): Promise<void> {
  for (const generation of [1, 2] as const) {
    const ca = `ca-${generation}`;
    folder.authority(ca);
    folder.certificate(`server-${generation}`, { subject: '/CN=localhost', by: ca, ...forHost });
    folder.certificate(`client-${generation}`, { by: ca });
    folder.certificate(`revoked-${generation}`, { by: ca });
    folder.revocationList(`crl-${generation}.pem`, { by: ca, revoked: [`revoked-${generation}`] });
    const lines = await Promise.all(users(generation).map(passwordLine));
    folder.write(`users-${generation}.txt`, lines.join('\n'));
    folder.write(`acl-${generation}.txt`, aclText(generation));
  }
}

function users(generation: Generation): readonly (readonly [name: string, password: string])[] {
  return generation === 1
    ? [
        ['stays', 'a'],
        ['changes', 'a'],
        ['goes', 'a'],
      ]
    : [
        ['stays', 'a'],
        ['changes', 'b'],
      ];
}

// The same salt each time would be as good here; but a user who stays has the same line.
const linesOfUsers = new Map<string, Promise<string>>();

function passwordLine([name, password]: readonly [string, string]): Promise<string> {
  const key = `${name} ${password}`;
  const line =
    linesOfUsers.get(key) ??
    hashPassword(Buffer.from(password), { type: 'sha512-pbkdf2' }).then(
      (hash) => `${name}:${passwordHashText(hash)}`,
    );
  linesOfUsers.set(key, line);
  return line;
}

function aclText(generation: Generation): string {
  const news = generation === 1 ? 'topic readwrite news' : 'topic readwrite olds';
  const names = ['stays', 'changes', 'goes'];
  const all = ['topic readwrite fleet/#', news, ...names.flatMap((name) => [`user ${name}`, news])];
  return all.join('\n');
}

/** Clients in a ring: each publishes to the next one, whenever its last message is acknowledged. */
class Fleet implements Disposable {
  readonly #clients: readonly SocketClient[];
  /** Texts that were acknowledged, by the number of the client that they are for. */
  readonly #acknowledged: string[][];
  readonly #busy = new Set<number>();
  readonly #timer: NodeJS.Timeout;
  #isPublishing = true;
  #count = 0;

  private constructor(clients: readonly SocketClient[]) {
    this.#clients = clients;
    this.#acknowledged = clients.map(() => []);
    this.#timer = setInterval(() => this.#publish(), pauseMilliseconds);
  }

  static async sail(ports: Ports, tls: ConnectionOptions): Promise<Fleet> {
    const clients: SocketClient[] = [];
    for (let i = 0; i < fleetSize; i += 50) {
      const some = Array.from({ length: 50 }, (_, j) => enterFleet(i + j, ports, tls));
      clients.push(...(await Promise.all(some)));
    }
    return new Fleet(clients);
  }

  get acknowledgedCount(): number {
    return this.#count;
  }

  get openCount(): number {
    return this.#clients.filter(({ isOpen }) => isOpen).length;
  }

  /** Resolves once every client has had another message acknowledged. */
  async hasGoneOn(): Promise<void> {
    const before = this.#acknowledged.map(({ length }) => length);
    await until(() => this.#acknowledged.every(({ length }, i) => length > before[i]));
  }

  /** Publishes no more; resolves with what was acknowledged and did not arrive. */
  async comesToRest(): Promise<readonly string[]> {
    this.#isPublishing = false;
    await until(() => this.#busy.size === 0);
    // What is behind the last message in the same connection has not overtaken it.
    await Promise.all(this.#clients.map((client, i) => client.subscribe(`fleet/${i}/end`)));
    return this.#clients.flatMap(({ taken }, i) => {
      const arrived = new Set(taken);
      return this.#acknowledged[i].filter((text) => !arrived.has(text));
    });
  }

  [Symbol.dispose](): void {
    clearInterval(this.#timer);
    for (const client of this.#clients) client[Symbol.dispose]();
  }

  #publish(): void {
    if (!this.#isPublishing) return;
    for (let i = 0; i < fleetSize; i++) if (!this.#busy.has(i)) void this.#publishFrom(i);
  }

  async #publishFrom(from: number): Promise<void> {
    const to = (from + 1) % fleetSize;
    const text = `${from} ${this.#acknowledged[to].length}`;
    this.#busy.add(from);
    try {
      const reasonCode = await this.#clients[from].publish(`fleet/${to}`, text);
      assert.equal(reasonCode, 0);
      this.#acknowledged[to].push(text);
      this.#count++;
    } catch {
      // It was dropped: `openCount` tells of it.
    } finally {
      this.#busy.delete(from);
    }
  }
}

async function enterFleet(
  i: number,
  { plain, encrypted }: Ports,
  tls: ConnectionOptions,
): Promise<SocketClient> {
  const isEncrypted = i % (fleetSize / encryptedCount) === 0;
  const place = isEncrypted ? { port: encrypted, tls } : { port: plain };
  const client = await SocketClient.enter({ ...place, clientId: `fleet-${i}` });
  assert.equal(await client.subscribe(`fleet/${i}`), 1);
  return client;
}

describe('a reload with 1,000 clients that publish and subscribe', limit, () => {
  let ports: Ports;
  let broker: Serving;
  let fleet: Fleet;
  let reloads = 0;

  before(async () => {
    await writeFiles();
    const [plain, encrypted, vouched, users] = await Promise.all(
      Array.from({ length: 4 }, freePort),
    );
    ports = { plain, encrypted, vouched, users };
    folder.write('pantala.conf', configText(ports, 1));
    broker = new Serving(['-c', folder.file('pantala.conf')]);
    await broker.stderr.until(running);
    fleet = await Fleet.sail(ports, trusting(1));
  });

  after(async () => {
    fleet?.[Symbol.dispose]();
    await broker?.[Symbol.asyncDispose]();
  });

  function trusting(generation: Generation): ConnectionOptions {
    return { ca: folder.read(`ca-${generation}.crt`) };
  }

  /** The options of a client with a certificate of one generation, at a server of another. */
  function showing(name: string, server: Generation): SocketClientOptions {
    const tls = {
      ...trusting(server),
      cert: folder.read(`${name}.crt`),
      key: folder.read(`${name}.key`),
    };
    return { port: ports.vouched, tls, clientId: name };
  }

  /** Has it read `text` instead of what it has; resolves once it has said that it does. */
  async function reloadWith(text: string): Promise<void> {
    folder.write('pantala.conf', text);
    reloads++;
    broker.signal('SIGHUP');
    await until(() => count(/Reloading config\./g) === reloads);
    await fleet.hasGoneOn();
  }

  const count = (pattern: RegExp) => broker.stderr.text.match(pattern)?.length ?? 0;

  async function serialOf(generation: Generation): Promise<string> {
    const tls = trusting(generation);
    using client = await SocketClient.enter({ port: ports.encrypted, tls, clientId: 'looks' });
    return (client.socket as TLSSocket).getPeerCertificate().serialNumber;
  }

  const serialIn = (name: string) =>
    folder.openssl('x509', '-in', name, '-noout', '-serial').trim().replace('serial=', '');

  it('takes up certificates, CA, CRL, passwords, ACL, limits and log, and drops nobody', async () => {
    const enter = (userName?: string) =>
      SocketClient.enter({
        port: ports.users,
        clientId: userName ?? 'anonymous',
        ...(userName !== undefined && { userName, password: 'a' }),
      });
    using stays = await enter('stays');
    using changes = await enter('changes');
    using goes = await enter('goes');
    using anonymous = await enter();
    using vouched = await SocketClient.enter(showing('client-1', 1));
    assert.equal(await stays.subscribe('+'), 1);
    assert.equal(await stays.publish('news', 'before'), 0);
    assert.equal(await serialOf(1), serialIn('server-1.crt'));
    await assert.rejects(SocketClient.enter(showing('revoked-1', 1)));
    await assert.rejects(SocketClient.enter(showing('client-2', 1)));

    await reloadWith(configText(ports, 2));

    // Whose access was withdrawn, and nobody else.
    for (const client of [changes, goes, anonymous]) assert.equal(await client.closed, 0x87);
    assert.ok(stays.isOpen && vouched.isOpen);
    assert.equal(fleet.openCount, fleetSize);
    // The ACL, for those who are there.
    assert.equal(await stays.publish('news', 'forbidden'), 0x87);
    using publisher = await SocketClient.enter({ port: ports.users, ...userStays('publisher') });
    assert.equal(await publisher.publish('olds', 'allowed'), 0);
    await until(() => stays.taken.includes('allowed'));
    assert.deepEqual(stays.taken, ['before', 'allowed']);
    // Certificates, for those who come.
    assert.equal(await serialOf(2), serialIn('server-2.crt'));
    using _new = await SocketClient.enter(showing('client-2', 2));
    await assert.rejects(SocketClient.enter(showing('client-1', 2)));
    await assert.rejects(SocketClient.enter(showing('revoked-2', 2)));
    // Limits and log.
    const newcomer = new SocketClient({ port: ports.plain, clientId: '' });
    newcomer.send(plainConnect);
    const { properties } = await newcomer.next('connack');
    assert.deepEqual([properties?.maximumQos, properties?.maximumPacketSize], [1, 100_000]);
    newcomer[Symbol.dispose]();
    await broker.stderr.until(/Received PUBLISH from fleet-/);
  });

  it('goes on through one reload after the other, also when they come faster than it reads', async () => {
    for (const generation of [1, 2, 1] as const) {
      folder.write('pantala.conf', configText(ports, generation));
      broker.signal('SIGHUP');
      broker.signal('SIGHUP');
    }
    await until(() => count(/Reloading config\./g) > reloads);
    await fleet.hasGoneOn();
    reloads = count(/Reloading config\./g);
    assert.equal(await serialOf(1), serialIn('server-1.crt'));
    assert.equal(fleet.openCount, fleetSize);
  });

  it('is refused as a whole when anything is wrong, with file, line and remedy', async () => {
    const refused = /The configuration is not reloaded: what was read before still counts\./g;
    const conf = folder.file('pantala.conf');
    folder.write('acl-bad.txt', 'topic readwrite fleet/#\ntopic sometimes x y\n');
    folder.write('bad.crt', 'nothing\n');
    const good = configText(ports, 2);
    for (const [text, told] of [
      [`${good}\nmax_qoss 1`, `max_qoss'\\.\\n.*Error found at ${conf}:\\d+\\. Did you mean`],
      [
        good.replaceAll('server-2.crt', 'bad.crt'),
        `Unable to load server certificate "${folder.file('bad.crt')}"[^\\n]*\\n.*` +
          `Error found at ${conf}:\\d+\\. `,
      ],
      [
        good.replace('acl-2.txt', 'acl-bad.txt'),
        `Error found at ${folder.file('acl-bad.txt')}:2\\. `,
      ],
      [good.replaceAll('ca-2.crt', 'missing.crt'), 'missing\\.crt'],
      [`${good}\nlistener ${ports.plain} ::1`, 'add/remove listeners'],
    ] as const) {
      const before = count(refused);
      await reloadWith(text);
      await until(() => count(refused) === before + 1);
      assert.match(broker.stderr.text, new RegExp(told));
    }
    assert.equal(await serialOf(1), serialIn('server-1.crt'));
    using _stays = await SocketClient.enter({ port: ports.users, clientId: 'anonymous' });
    assert.equal(fleet.openCount, fleetSize);
    await reloadWith(good);
    assert.equal(await serialOf(2), serialIn('server-2.crt'));
  });

  it('has lost no message that was acknowledged', async () => {
    assert.deepEqual(await fleet.comesToRest(), []);
    assert.ok(fleet.acknowledgedCount > 10 * fleetSize, `${fleet.acknowledgedCount} messages`);
    assert.equal(fleet.openCount, fleetSize);
    broker.signal('SIGTERM');
    assert.equal(await broker.ended, 0);
  });
});

function userStays(clientId: string) {
  return { clientId, userName: 'stays', password: 'a' };
}

const plainConnect = {
  type: 'connect',
  version: 5,
  bridge: false,
  cleanStart: true,
  keepAliveSeconds: 0,
  clientId: 'newcomer',
  will: undefined,
  userName: undefined,
  password: undefined,
} as const;
