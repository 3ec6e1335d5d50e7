/** `pantala pub` and `pantala sub` over TLS and other ways, at Debian's Mosquitto, as its tools. */

import assert from 'node:assert/strict';
import { spawn } from 'node:child_process';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { createServer } from 'node:https';
import { connect } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, before, describe, it } from 'node:test';
import { createWebSocketStream, WebSocketServer } from 'ws';
import { certificateFile, pem } from '../harness/certificates.ts';
import { freePort, missingMosquitto, startMosquitto } from './debian-mosquitto.ts';
import { missingTools, type Outcome, RunningTool } from './mosquitto-tools.ts';
import { OurTool } from './our-tools.ts';
import type { RunningBroker } from './running-broker.ts';
import { claimOptions } from './stage.ts';

const missing = missingMosquitto() ?? missingTools();

/** Listeners of one broker by what they are for, each with its lines of mosquitto.conf. */
const listeners = {
  good: shows('server.crt'),
  named: shows('common-name.crt'),
  chain: shows('leaf.crt', ['cafile INTERMEDIATE']),
  expired: shows('expired.crt'),
  early: shows('early.crt'),
  selfSigned: shows('self-signed.crt'),
  elsewhere: shows('elsewhere.crt'),
  leaf: shows('leaf.crt'),
  namesake: shows('namesake.crt'),
  strict: shows('server.crt', ['require_certificate true']),
  strictOld: shows('server.crt', ['require_certificate true', 'tls_version tlsv1.2']),
  psk: ['psk_hint hint'],
} as const;

type ListenerName = keyof typeof listeners | 'plain';

function shows(name: string, lines: readonly string[] = []): readonly string[] {
  const files = [`certfile ${certificateFile(name)}`, `keyfile ${certificateFile('server.key')}`];
  const own = lines.map((line) =>
    line.replace('INTERMEDIATE', certificateFile('intermediate.crt')),
  );
  return own.some((line) => line.startsWith('cafile'))
    ? [...files, ...own]
    : [`cafile ${certificateFile('ca.crt')}`, ...files, ...own];
}

/** One broker with all of them, and a Unix socket. */
class Stage {
  readonly socket: string;
  readonly #broker: RunningBroker;
  readonly #ports: ReadonlyMap<ListenerName, number>;
  readonly #folder: string;

  private constructor(broker: RunningBroker, ports: Map<ListenerName, number>, folder: string) {
    this.#broker = broker;
    this.#ports = ports;
    this.#folder = folder;
    this.socket = join(folder, 'socket');
  }

  static async start(): Promise<Stage> {
    const folder = mkdtempSync(join(tmpdir(), 'pantala-'));
    const pskFile = join(folder, 'psk');
    writeFileSync(pskFile, 'device:abcdef\nzeros:00abcdef\n');
    const ports = new Map<ListenerName, number>();
    // Where it runs as root, it would otherwise become somebody who may not read the files.
    const lines = ['user root', 'allow_anonymous true', `psk_file ${pskFile}`];
    for (const [name, own] of Object.entries(listeners)) {
      const port = await freePort('127.0.0.1');
      ports.set(name as ListenerName, port);
      lines.push(`listener ${port} 127.0.0.1`, ...own);
    }
    lines.push(`listener 0 ${join(folder, 'socket')}`);
    const broker = await startMosquitto(lines);
    await broker.logged(`Opening unix listen socket on path ${join(folder, 'socket')}.`);
    ports.set('plain', broker.port);
    return new Stage(broker, ports, folder);
  }

  /** `#good` stands for the port of that listener, `@ca.crt` for a file, `%socket` for the socket. */
  args(text: string): string[] {
    return text.split(' ').map((arg) =>
      arg
        .replace(/#(\w+)/, (_, name) => String(this.#ports.get(name as ListenerName)))
        .replace(/^@(.+)$/, (_, name) => certificateFile(name))
        .replace('%socket', this.socket),
    );
  }

  async stop(): Promise<void> {
    await this.#broker.stop();
    rmSync(this.#folder, { recursive: true });
  }
}

function theirs(tool: 'pub' | 'sub', args: readonly string[]): Promise<Outcome> {
  return new RunningTool(spawn(`mosquitto_${tool}`, args, { timeout: 20_000 }), '').outcome;
}

function ours(tool: 'pub' | 'sub', args: readonly string[]): Promise<Outcome> {
  return new OurTool(tool, args, '').outcome;
}

const own = '--cert @client.crt --key @client.key';

/** Ways that lead to the broker. */
const open: readonly string[] = [
  '-h localhost -p #good --cafile @ca.crt',
  '-h 127.0.0.1 -p #good --cafile @ca.crt',
  '-h localhost -p #good --cafile @ca.crt --tls-version tlsv1.3',
  '-h localhost -p #good --cafile @ca.crt --ciphers ECDHE-ECDSA-AES128-GCM-SHA256',
  '-h localhost -p #good --cafile @ca.crt --tls-alpn mqtt',
  `-h localhost -p #good --cafile @ca.crt ${own}`,
  '-h localhost -p #named --cafile @ca.crt',
  '-h localhost -p #chain --cafile @ca.crt',
  '-h localhost -p #selfSigned --cafile @self-signed.crt',
  '-h localhost -p #elsewhere --cafile @ca.crt --insecure',
  `-h localhost -p #strict --cafile @ca.crt ${own} --keyform pem`,
  `-h localhost -p #strictOld --cafile @ca.crt ${own}`,
  '-h localhost -p #psk --psk abcdef --psk-identity device',
  '-h localhost -p #psk --psk 00abcdef --psk-identity zeros',
  '--unix %socket',
  '-h localhost -p #plain --insecure',
];

/** Ways that do not, how Mosquitto's tools end there, and what ours say of it. */
const closed: readonly {
  readonly way: string;
  /** More than one where it depends on whether the handshake is over when they look. */
  readonly exitCodes?: readonly number[];
  readonly exitCode: number;
  readonly says: RegExp;
}[] = [
  { way: '-h localhost -p #expired --cafile @ca.crt', says: /expired on 2021-01-01/ },
  { way: '-h localhost -p #early --cafile @ca.crt', says: /becomes valid on 2099-01-01/ },
  { way: '-h localhost -p #selfSigned --cafile @ca.crt', says: /is self-signed/ },
  { way: '-h localhost -p #elsewhere --cafile @ca.crt', says: /is for other\.example and/ },
  { way: '-h localhost -p #leaf --cafile @ca.crt', says: /issued by 'Test Intermediate'/ },
  { way: '-h localhost -p #namesake --cafile @ca.crt', says: /the same name as the CA/ },
  { way: '-h localhost -p #good --cafile @ca-twin.crt', says: /'Test CA'/ },
  { way: '-h 127.0.0.1 -p #named --cafile @ca.crt', says: /for localhost, and for no address/ },
  { way: '-h localhost -p #good --tls-use-os-certs', says: /'Test CA'/ },
  { way: '-L mqtts://localhost:#good/t', says: /'Test CA'/ },
  { way: '-h localhost -p #plain --cafile @ca.crt', says: /there is no TLS on this port/ },
  { way: '-h localhost -p #psk --cafile @ca.crt', says: /wants a pre-shared key/ },
  { way: '-h localhost -p #psk --psk ab --psk-identity device', says: /the pre-shared key/ },
  { way: '-h localhost -p #psk --psk abcdef --psk-identity who', says: /the pre-shared key/ },
].map((each) => ({ ...each, exitCodes: [1, 8], exitCode: 8 }));

const endings: typeof closed = [
  ...closed,
  // In TLS 1.3 the connection is open when the broker says no.
  {
    way: '-h localhost -p #strict --cafile @ca.crt',
    exitCodes: [1, 7],
    exitCode: 7,
    says: /--cert and --key/,
  },
  {
    way: '-h localhost -p #strict --cafile @ca.crt --cert @self-signed.crt --key @server.key',
    exitCodes: [1, 7],
    exitCode: 7,
    says: /the CA of your certificate|the certificate of --cert/,
  },
  { way: '--unix %socket.not', exitCode: 1, says: /There is no .*socket\.not: check --unix/ },
  { way: '--cafile nowhere', exitCode: 1, says: /no such file/ },
  { way: `--cafile nowhere ${own}`, exitCode: 1, says: /no such file/ },
  { way: '-p #good --cafile @client.key', exitCode: 1, says: /holds no certificate/ },
  { way: '-p #good --capath /nowhere', exitCodes: [1, 8], exitCode: 1, says: /openssl rehash/ },
  {
    way: '-p #good --cafile @ca.crt --cert @client.crt --key @server.key',
    exitCode: 1,
    says: /is not the key/,
  },
  { way: '-p #good --cafile @ca.crt --ciphers foo', exitCode: 1, says: /None of --ciphers/ },
  { way: '--cafile @ca.crt --tls-version foo', exitCode: 1, says: /--tls-version is tlsv1\.2/ },
  { way: '--psk xyz --psk-identity device', exitCode: 1, says: /hexadecimal digits/ },
  { way: `--cafile @ca.crt ${own} --keyform foo`, exitCode: 1, says: /Leave --keyform out/ },
];

/** Flags that do not go together. */
const mistakes: readonly string[] = [
  '--cert a',
  '--key a',
  '--keyform pem',
  '--psk ab',
  '--psk ab --cafile a',
  '--cafile',
  '--psk',
  '--tls-alpn',
  '--unix',
];

let topics = 0;

describe('our tools, at Mosquitto, on other ways than TCP,', claimOptions, () => {
  if (missing !== undefined) {
    it('do what its own do', { skip: missing });
    return;
  }
  let stage: Stage;
  before(async () => {
    stage = await Stage.start();
  });
  after(() => stage.stop());

  for (const way of open) {
    it(`publish and receive with ${way}`, async () => {
      const topic = `t${topics++}`;
      const args = [...stage.args(way), '-t', topic];
      const published = await ours('pub', [...args, '-m', 'kept', '-r', '-q', '1']);
      assert.equal(published.exitCode, 0, published.stderr);
      for (const run of [ours, theirs]) {
        const { exitCode, lines, stderr } = await run('sub', [...args, '-C', '1']);
        assert.deepEqual([exitCode, lines], [0, ['kept']], stderr);
      }
    });
  }

  for (const { way, exitCode, exitCodes = [exitCode], says } of endings) {
    for (const tool of ['sub', 'pub'] as const) {
      it(`end ${tool} ${way} as its own do`, async () => {
        const topic = tool === 'sub' ? ['-t', 't', '-E'] : ['-t', 't', '-m', 'x'];
        const args = [...stage.args(way), ...topic];
        const [foreign, own] = await Promise.all([theirs(tool, args), ours(tool, args)]);
        assert.ok(exitCodes.includes(foreign.exitCode!), `${foreign.exitCode} ${foreign.stderr}`);
        assert.equal(own.exitCode, exitCode, own.stderr);
        assert.deepEqual(own.stdout, foreign.stdout);
        const [line, sentence, ...others] = own.stderr.split('\n');
        // Mosquitto words an error of TLS in two ways, by chance.
        if (exitCodes.length === 1) assert.equal(line, foreign.stderr.split('\n')[0]);
        else if (exitCode === 8) assert.equal(line, 'Error: A TLS error occurred.');
        assert.match(sentence, says);
        assert.deepEqual(others, ['']);
      });
    }
  }

  // Since 2.1, --insecure asks for no trust at all.
  for (const name of ['expired', 'selfSigned', 'leaf', 'elsewhere']) {
    it(`take whatever #${name} shows with --insecure`, async () => {
      const way = `-h localhost -p #${name} --cafile @ca.crt --insecure -t t -E`;
      const { exitCode, stderr } = await ours('sub', stage.args(way));
      assert.deepEqual([exitCode, stderr], [0, '']);
    });
  }

  for (const way of mistakes) {
    it(`refuse ${way} in its words`, async () => {
      const args = ['-t', 't', ...way.split(' ')];
      const [foreign, own] = [await theirs('sub', args), await ours('sub', args)];
      assert.deepEqual([own.exitCode, own.stdout], [foreign.exitCode, foreign.stdout]);
      assert.equal(own.stderr.split('\n')[0], foreign.stderr.split('\n')[0]);
    });
  }

  it('go through a gateway from secure WebSocket to TCP', async () => {
    await using gateway = await startGateway(Number(stage.args('#plain')[0]));
    const way = [
      '-h',
      'localhost',
      '-p',
      String(gateway.port),
      '--ws',
      ...stage.args('--cafile @ca.crt'),
    ];
    const args = [...way, '-t', `t${topics++}`];
    const payload = 'x'.repeat(200_000);
    const published = await ours('pub', [...args, '-m', payload, '-r', '-q', '2']);
    assert.equal(published.exitCode, 0, published.stderr);
    const { lines } = await ours('sub', [...args, '-C', '1']);
    assert.deepEqual(lines, [payload]);
  });
});

/** What a reverse proxy does for a broker that speaks MQTT over TCP only. */
async function startGateway(port: number): Promise<AsyncDisposable & { port: number }> {
  const server = createServer({ cert: pem('server.crt'), key: pem('server.key') });
  const webSockets = new WebSocketServer({ server, handleProtocols: () => 'mqtt' });
  webSockets.on('connection', (webSocket) => {
    const stream = createWebSocketStream(webSocket);
    const socket = connect(port, '127.0.0.1');
    stream.on('error', () => socket.destroy()).pipe(socket);
    socket.on('error', () => stream.destroy()).pipe(stream);
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  const address = server.address() as { port: number };
  return {
    port: address.port,
    [Symbol.asyncDispose]: () => new Promise((resolve) => server.close(() => resolve())),
  };
}
