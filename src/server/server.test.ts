/** Tests that a configuration becomes a broker that listens as it says. */

import assert from 'node:assert/strict';
import { once } from 'node:events';
import { connect, type Socket } from 'node:net';
import { Writable } from 'node:stream';
import { describe, it } from 'node:test';
import { certificateFile } from '../../test/harness/certificates.ts';
import type { Config } from './config.ts';
import { parseConfig } from './config-file.ts';
import { Log } from './log.ts';
import { type RunningServer, startServer } from './server.ts';

/** CONNECT of MQTT 5.0 or 3.1.1 with a client identifier of one letter, the last byte. */
const connects = {
  5: [0x10, 14, 0, 4, 0x4d, 0x51, 0x54, 0x54, 5, 2, 0, 60, 0, 0, 1, 0x63],
  4: [0x10, 13, 0, 4, 0x4d, 0x51, 0x54, 0x54, 4, 2, 0, 60, 0, 1, 0x63],
} as const;

/** A configuration whose listeners take whatever port is free. */
function configOf(...lines: string[]): Config {
  const config = parseConfig(lines.join('\n'), 'pantala.conf');
  return { ...config, listeners: config.listeners.map((each) => ({ ...each, port: 0 })) };
}

interface Started extends AsyncDisposable {
  readonly server: RunningServer;
  /** The lines of the log so far. */
  lines(): string[];
}

async function start(config: Config): Promise<Started> {
  let text = '';
  const sink = new Writable({
    decodeStrings: false,
    write(chunk, _encoding, done) {
      text += chunk;
      done();
    },
  });
  const log = new Log({ ...config.log, timestamp: false }, { stdout: sink, stderr: sink });
  const server = await startServer(config, log);
  return {
    server,
    lines() {
      log.reopen();
      return text.split('\n').slice(0, -1);
    },
    [Symbol.asyncDispose]: () => server.stop(),
  };
}

/** A client that has sent its CONNECT. */
function connectTo({ server }: Started, version: 4 | 5, clientId = 'c'): Client {
  const { host, port } = server.addresses[0];
  const socket = connect(port, host).on('error', () => undefined);
  socket.write(Uint8Array.from([...connects[version].slice(0, -1), clientId.charCodeAt(0)]));
  return { socket, [Symbol.dispose]: () => socket.destroy() };
}

interface Client extends Disposable {
  readonly socket: Socket;
}

async function firstBytes({ socket }: Client): Promise<number[]> {
  const [bytes] = await once(socket, 'data');
  return [...bytes];
}

const open = ['listener 1883 127.0.0.1', 'allow_anonymous true'];

describe('a server', () => {
  it('answers on the address of its listener', async () => {
    await using started = await start(configOf(...open));
    assert.equal(started.server.addresses[0].host, '127.0.0.1');
    using client = connectTo(started, 4);
    assert.deepEqual(await firstBytes(client), [0x20, 2, 0, 0]);
  });

  it('opens a port on every address without one, of the wanted version of IP', async () => {
    await using started = await start(configOf('listener 1883', 'socket_domain ipv4'));
    assert.deepEqual(
      started.server.addresses.map(({ host }) => host),
      ['0.0.0.0'],
    );
  });

  it('warns when a reload ends the encryption of a listener, or begins it', async () => {
    const tls = [
      `certfile ${certificateFile('server.crt')}`,
      `keyfile ${certificateFile('server.key')}`,
    ];
    await using started = await start(configOf(...open, ...tls));
    const warningsAfter = async (...lines: readonly string[]) => {
      const count = started.lines().length;
      using prepared = started.server.prepare(configOf(...open, ...lines));
      await prepared.take();
      return started.lines().slice(count);
    };
    const [ended, ...others] = await warningsAfter();
    assert.match(ended, /^Warning: What comes in on port 0 is not encrypted any more,/);
    assert.deepEqual(others, []);
    assert.deepEqual(await warningsAfter(), []);
    const begun = await warningsAfter(...tls);
    assert.match(begun.join('\n'), /^Warning: .* is encrypted from now on\. Clients that are/m);
    assert.doesNotMatch((await warningsAfter(...tls)).join('\n'), /from now on/);
  });

  it('refuses clients where anonymous ones are not allowed', async () => {
    await using started = await start(configOf('listener 1883 127.0.0.1'));
    using client = connectTo(started, 4);
    assert.deepEqual(await firstBytes(client), [0x20, 2, 0, 5]);
  });

  it('holds each listener to its own limits', async () => {
    await using started = await start(configOf(...open, 'max_connections 1'));
    using first = connectTo(started, 4);
    await firstBytes(first);
    using second = connectTo(started, 4);
    second.socket.on('error', () => undefined); // it may be reset
    await new Promise((resolve) => second.socket.on('close', resolve));
    const denied = 'Client connection from 127.0.0.1 denied: max_connections exceeded.';
    assert.equal(started.lines().at(-1), denied);
    const arrivals = started.lines().filter((line) => line.startsWith('New connection'));
    assert.equal(arrivals.length, 1);
  });

  it('logs what Mosquitto logs of a connection', async () => {
    await using started = await start(configOf(...open));
    using client = connectTo(started, 5);
    await firstBytes(client);
    const peer = `127.0.0.1:${client.socket.localPort}`;
    await started.server.stop();
    assert.deepEqual(started.lines(), [
      'Opening ipv4 listen socket on port 0.',
      `New connection from ${peer} on port 0.`,
      `New client connected from ${peer} as c (p5, c1, k60).`,
      `Client c [${peer}] disconnected: server shutting down.`,
    ]);
  });

  it('tells of a client that speaks TLS where nobody else does, and what would help', async () => {
    await using started = await start(configOf(...open));
    const { host, port } = started.server.addresses[0];
    const socket = connect(port, host).on('error', () => undefined);
    socket.write(Uint8Array.of(0x16, 3, 1, 0, 1, 1));
    await once(socket, 'close');
    const told = started.lines().find((line) => line.includes('rejected'));
    assert.match(
      told ?? '',
      /^Connection from 127\.0\.0\.1:\d+ rejected, it speaks TLS, .*"certfile"/,
    );
  });

  it('says nothing of connections with connection_messages false', async () => {
    await using started = await start(configOf(...open, 'connection_messages false'));
    using client = connectTo(started, 5);
    await firstBytes(client);
    await started.server.stop();
    assert.deepEqual(started.lines(), ['Opening ipv4 listen socket on port 0.']);
  });

  it('publishes its log lines with log_dest topic', async () => {
    await using started = await start(configOf(...open, 'log_dest topic'));
    using reader = connectTo(started, 4);
    await firstBytes(reader);
    const filter = '$SYS/broker/log/#';
    reader.socket.write(Uint8Array.from([0x82, filter.length + 5, 0, 1, 0, filter.length]));
    reader.socket.write(`${filter}\0`);
    await firstBytes(reader);
    using other = connectTo(started, 5, 'd');
    let published = '';
    while (!published.includes('New client connected')) {
      const [bytes] = await once(reader.socket, 'data');
      published += bytes;
    }
    assert.match(published, /\$SYS\/broker\/log\/NNew client connected from .* as d /);
    other.socket.destroy();
  });

  for (const protocol of ['mqtt', 'websockets']) {
    it(`does not wait for who has come and said nothing when it stops, over ${protocol}`, async () => {
      await using started = await start(configOf(...open, `protocol ${protocol}`));
      const { host, port } = started.server.addresses[0];
      const silent = connect(port, host);
      const closed = once(silent, 'close');
      await once(silent, 'connect');
      // What comes later is turned away by then: the broker has taken the one before it.
      const nonsense = connect(port, host)
        .resume()
        .on('error', () => undefined);
      nonsense.write('nonsense\n\n');
      await once(nonsense, 'close');
      const stopsAt = performance.now();
      await started.server.stop();
      await closed;
      // Half of what one may take for a request.
      assert.ok(performance.now() - stopsAt < 5000);
    });
  }

  it('says goodbye with reason code 0x8B when it stops, and closes', async () => {
    await using started = await start(configOf(...open));
    using client = connectTo(started, 5);
    await firstBytes(client);
    const goodbye = firstBytes(client);
    const closed = once(client.socket, 'close');
    await started.server.stop();
    await closed;
    const [type, , reasonCode] = await goodbye;
    assert.deepEqual([type, reasonCode], [0xe0, 0x8b]);
  });
});

describe('a server that cannot start', () => {
  /** `config` with this port for its first listener. */
  const onPort = (config: Config, port: number): Config => {
    const [first, ...rest] = config.listeners;
    return { ...config, listeners: [{ ...first, port }, ...rest] };
  };

  it('names the port that is in use', async () => {
    await using blocker = await start(configOf(...open));
    const { port } = blocker.server.addresses[0];
    await assert.rejects(start(onPort(configOf(...open), port)), {
      name: 'StartError',
      message:
        `Address already in use: port ${port} of 127.0.0.1. ` +
        'Stop the program that uses it or take another.',
    });
  });

  it('names an address that is none of the wanted version of IP', async () => {
    await assert.rejects(start(configOf('listener 1883 127.0.0.1', 'socket_domain ipv6')), {
      name: 'StartError',
      message: "Listener address '127.0.0.1' is no ipv6 address.",
    });
  });

  it('leaves none of its ports open', async () => {
    await using blocker = await start(configOf(...open));
    const free = await freePort();
    const config = onPort(configOf(...open, 'listener 1884 127.0.0.1'), free);
    const [first, second] = config.listeners;
    const taken = { ...second, port: blocker.server.addresses[0].port };
    // They are opened together, so the one that is free is not spared by standing behind the other.
    for (const listeners of [
      [first, taken],
      [taken, first],
    ]) {
      await assert.rejects(start({ ...config, listeners }), { name: 'StartError' });
      await using started = await start({ ...config, listeners: [first] });
      assert.equal(started.server.addresses[0].port, free);
    }
  });

  async function freePort(): Promise<number> {
    await using started = await start(configOf(...open));
    return started.server.addresses[0].port;
  }
});
