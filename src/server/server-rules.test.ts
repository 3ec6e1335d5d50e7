/** Whose rules count in a server: of what clients have left behind, and after a reload. */

import assert from 'node:assert/strict';
import { once } from 'node:events';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { connect } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { Writable } from 'node:stream';
import { after, describe, it } from 'node:test';
import { fromServer } from '../packet/from-server.ts';
import { encodePacket, type Packet } from '../packet/packet.ts';
import { PacketReader } from '../packet/packet-reader.ts';
import type { Config } from './config.ts';
import { parseConfig } from './config-file.ts';
import { Log } from './log.ts';
import { type RunningServer, startServer } from './server.ts';

const folder = mkdtempSync(join(tmpdir(), 'pantala-rules-'));
after(() => rmSync(folder, { recursive: true }));

function file(name: string, text: string): string {
  const path = join(folder, name);
  writeFileSync(path, text, { mode: 0o600 });
  return path;
}

/** A configuration whose listeners take whatever port is free. */
function configOf(...lines: string[]): Config {
  const config = parseConfig(lines.join('\n'), 'pantala.conf');
  return { ...config, listeners: config.listeners.map((each) => ({ ...each, port: 0 })) };
}

class Running implements AsyncDisposable {
  readonly server: RunningServer;
  readonly lines: string[];

  private constructor(server: RunningServer, lines: string[]) {
    this.server = server;
    this.lines = lines;
  }

  static async start(...config: string[]): Promise<Running> {
    const lines: string[] = [];
    const sink = new Writable({
      decodeStrings: false,
      write(chunk, _encoding, done) {
        lines.push(...String(chunk).split('\n').slice(0, -1));
        done();
      },
    });
    const parsed = configOf('log_timestamp false', ...config);
    const log = new Log(parsed.log, { stdout: sink, stderr: sink });
    return new Running(await startServer(parsed, log), lines);
  }

  /** Sends these behind CONNECT, and returns what comes until `last`, without CONNACK. */
  async exchange(last: Packet['type'], ...packets: Packet[]): Promise<Packet[]> {
    const { host, port } = this.server.addresses[0];
    const socket = connect(port, host);
    for (const packet of [hello, ...packets]) socket.write(encodePacket(packet, 5));
    const reader = new PacketReader({ from: fromServer, packetBytesMax: 1e6, version: 5 });
    const received: Packet[] = [];
    while (received.at(-1)?.type !== last) {
      const [bytes] = await once(socket, 'data');
      reader.push(bytes);
      for (let next = reader.next(); next; next = reader.next()) received.push(next);
    }
    socket.destroy();
    return received.slice(1);
  }

  /** The topics of all retained messages that a client gets. */
  async retained(): Promise<string[]> {
    const ping: Packet = { type: 'pingreq' };
    const packets = await this.exchange('pingresp', subscribe, ping);
    return packets.flatMap((packet) => (packet.type === 'publish' ? [packet.topic] : []));
  }

  [Symbol.asyncDispose](): Promise<void> {
    return this.server.stop();
  }
}

const hello: Packet = {
  type: 'connect',
  version: 5,
  bridge: false,
  cleanStart: true,
  keepAliveSeconds: 0,
  clientId: 'c',
  will: undefined,
  userName: undefined,
  password: undefined,
  properties: undefined,
};
const subscribe: Packet = {
  type: 'subscribe',
  packetId: 1,
  subscriptions: [
    { filter: '#', qos: 0, noLocal: false, retainAsPublished: false, retainHandling: 0 },
  ],
  properties: undefined,
};
const message: Packet = {
  type: 'publish',
  topic: 'kept',
  payload: Uint8Array.of(1),
  qos: 1,
  retain: true,
  dup: false,
  packetId: 1,
  properties: undefined,
};

describe('what a client has left behind, whose listener is configured no more', () => {
  const readOnly = file('read-only.acl', 'topic read #\n');
  const all = file('all.acl', 'topic #\n');

  async function retainedAfter(name: string, ...config: string[]): Promise<string[]> {
    const state = ['persistence true', `persistence_location ${join(folder, name)}`];
    const before = ['listener 1883 127.0.0.1', 'allow_anonymous true'];
    {
      await using running = await Running.start(...state, ...before);
      await running.exchange('puback', message);
    }
    await using running = await Running.start(...state, ...config);
    return await running.retained();
  }

  it('is held against the rules that all listeners have in common', async () => {
    const common = ['allow_anonymous true', 'listener 1883 127.0.0.2'];
    assert.deepEqual(await retainedAfter('open', ...common), ['kept']);
    assert.deepEqual(await retainedAfter('all', `acl_file ${all}`, ...common), ['kept']);
    assert.deepEqual(await retainedAfter('read', `acl_file ${readOnly}`, ...common), []);
  });

  it('is let pass by none where each has rules of its own', async () => {
    const own = ['per_listener_settings true'];
    for (const acl of [all, readOnly]) {
      own.push('listener 1883 127.0.0.2', 'allow_anonymous true', `acl_file ${acl}`);
    }
    assert.deepEqual(await retainedAfter('own', ...own), []);
  });
});

describe('a reload', () => {
  it('has plugins read again what they have read, and asks them anew', async () => {
    const plugin = file(
      'fickle.js',
      `let isOpen = false;
export const hooks = {
  authorize: ({ access }) => (access === 'receive' && !isOpen ? 'deny' : 'allow'),
  reload: () => { isOpen = true; },
};
`,
    );
    const config = ['listener 1883 127.0.0.1', 'allow_anonymous true', `plugin ${plugin}`];
    await using running = await Running.start(...config);
    await running.exchange('puback', message);
    assert.deepEqual(await running.retained(), []);
    await running.server.prepare(configOf(...config)).take();
    assert.deepEqual(await running.retained(), ['kept']);
  });

  it('says that other plugins, or other options of one, take a restart', async () => {
    const plugin = file('plain.js', "export const hooks = { authorize: () => 'defer' };\n");
    const config = ['listener 1883 127.0.0.1', 'allow_anonymous true', `plugin ${plugin}`];
    await using running = await Running.start(...config);
    const reload = async (...lines: string[]) => {
      running.lines.splice(0);
      await running.server.prepare(configOf(...lines)).take();
      await new Promise((resolve) => setImmediate(resolve));
      return running.lines.filter((line) => line.startsWith('Warning'));
    };
    const told = (name: string) => [
      `Warning: '${name}' of listener 127.0.0.1:0 has changed, which takes a restart.`,
    ];
    assert.deepEqual(await reload(...config), []);
    assert.deepEqual(await reload(...config, 'plugin_opt_key secret'), told('plugin_opt_key'));
    assert.deepEqual(await reload(...config.slice(0, 2)), told('plugin'));
  });
});
