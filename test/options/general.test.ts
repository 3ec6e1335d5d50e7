/** Tests what the options of the whole broker do, as its clients notice it. */

import assert from 'node:assert/strict';
import { copyFileSync, existsSync } from 'node:fs';
import process from 'node:process';
import { after } from 'node:test';
import type { Publish } from '../../src/packet/publish.ts';
import { reasonCodes } from '../../src/packet/reason-codes.ts';
import { itDiffers, itNeedsRestart, itReloads, itShows } from './option-test.ts';
import { open, type Served, serve, serveWith } from './served.ts';
import { TestFolder } from './test-folder.ts';
import type { ConnectFields, WireClient } from './wire-client.ts';

const folder = new TestFolder();
after(() => folder[Symbol.dispose]());

/** CONNECT of a client whose session waits for it. */
const lasting: ConnectFields = { cleanStart: false, properties: { sessionExpiryInterval: 1000 } };

/** Publishes with QoS 1 while a subscriber is away; what it gets when it comes back. */
async function waiting(served: Served, payloads: readonly string[], qos: 0 | 1 = 1) {
  const away = await served.client('away', { ...lasting, cleanStart: true });
  await away.subscribe('away', { qos: 1 });
  await served.drop(away, 'away');
  const publisher = await served.client('publisher');
  for (const payload of payloads) await publisher.publish('away', payload, { qos });
  const back = await served.client('away', lasting);
  const all: string[] = [];
  for (let messages = await back.messages(); messages.length > 0; ) {
    for (const { packetId, payload, qos: its } of messages) {
      all.push(new TextDecoder().decode(payload));
      if (its > 0) back.send({ type: 'puback', packetId, reasonCode: reasonCodes.success });
    }
    messages = await back.messages();
  }
  return all;
}

/** How many of some messages of QoS 1 are sent to a client that acknowledges none. */
async function unacknowledged(served: Served, payloads: readonly string[]) {
  const subscriber = await served.client('subscriber');
  await subscriber.subscribe('t', { qos: 1 });
  const publisher = await served.client('publisher');
  for (const payload of payloads) await publisher.publish('t', payload, { qos: 1 });
  return (await subscriber.messages()).length;
}

itDiffers('allow_duplicate_messages', 'a client gets a copy for each subscription that matches', {
  line: 'allow_duplicate_messages true',
  without: 1,
  with: 2,
  async see(served) {
    const client = await served.client('c', { version: 4 });
    await client.subscribe('a/#');
    await client.subscribe('a/+');
    const publisher = await served.client('publisher');
    await publisher.publish('a/b', 'x');
    return (await client.payloads()).length;
  },
});

for (const line of ['autosave_interval 100000', 'autosave_on_changes true']) {
  const [option] = line.split(' ');
  itShows(option, 'without effect, as what is acknowledged is on disk already', async () => {
    const kept = folder.folder(option);
    const state = (location: string) => ['persistence true', `persistence_location ${location}`];
    await using served = await serve(...open, ...state(kept), line);
    const client = await served.client();
    await client.publish('kept', 'x', { qos: 1, retain: true });
    // As a crash would leave it: nothing has been asked to be saved.
    const crashed = folder.folder(`${option}-crashed`);
    copyFileSync(`${kept}/pantala.mdb`, `${crashed}/pantala.mdb`);
    assert.match(served.logText, /There is nothing to autosave: every change is stored as it/);
    await using second = await serve(...open, ...state(crashed));
    const reader = await second.client();
    await reader.subscribe('kept');
    assert.deepEqual(await reader.payloads(), ['x']);
  });
  itIsReloadedWithoutEffect(option, line);
}

itShows('check_retain_source', 'what its publisher may not publish any more is not sent', () =>
  afterRightsAreTaken({ checks: true, gets: [] }),
);
itShows('check_retain_source', 'false: it is sent all the same', () =>
  afterRightsAreTaken({ checks: false, gets: ['x'] }),
);

async function afterRightsAreTaken({ checks, gets }: { checks: boolean; gets: string[] }) {
  const file = folder.write('acl', 'topic readwrite t');
  const lines = [...open, `acl_file ${file}`, `check_retain_source ${checks}`];
  await using served = await serve(...lines);
  const publisher = await served.client('publisher');
  await publisher.publish('t', 'x', { retain: true });
  folder.write('acl', 'topic read t');
  await served.reload(...lines);
  const reader = await served.client('reader');
  await reader.subscribe('t');
  assert.deepEqual(await reader.payloads(), gets);
}

itReloads('check_retain_source', async () => {
  const file = folder.write('acl', 'topic readwrite t');
  const lines = [...open, `acl_file ${file}`];
  await using served = await serve(...lines);
  const publisher = await served.client('publisher');
  await publisher.publish('t', 'x', { retain: true });
  folder.write('acl', 'topic read t');
  const seen = async () => {
    const reader = await served.client('reader');
    await reader.subscribe('t');
    return reader.payloads();
  };
  await served.reload(...lines);
  assert.deepEqual(await seen(), []);
  await served.reload(...lines, 'check_retain_source false');
  assert.deepEqual(await seen(), ['x']);
});

itDiffers('clientid_prefixes', 'a client with another prefix is not let in', {
  line: 'clientid_prefixes ours-',
  without: [reasonCodes.success, reasonCodes.success],
  with: [reasonCodes.success, reasonCodes.notAuthorized],
  see: (served) =>
    Promise.all(
      ['ours-1', 'theirs-1'].map(
        async (clientId) => (await served.connack({ clientId }))?.reasonCode,
      ),
    ),
});

itDiffers('connection_messages', 'false: the log says nothing of who comes', {
  line: 'connection_messages false',
  without: 'New connection, New client connected',
  with: '',
  async see(served) {
    const { length } = served.logText;
    await served.client();
    const told = served.logText.slice(length).match(/New (?:connection|client connected)/g) ?? [];
    return told.join(', ');
  },
});

itNeedsRestart('durability', () =>
  restartAsked('durability', 'durability none', 'durability sync'),
);

itDiffers('enable_control_api', 'a question to $CONTROL/broker/v1 is answered', {
  line: 'enable_control_api true',
  without: [],
  with: ['listListeners'],
  async see(served) {
    const client = await served.client();
    await client.subscribe('$CONTROL/broker/v1/response');
    await client.publish('$CONTROL/broker/v1', '{"commands":[{"command":"listListeners"}]}');
    return (await client.payloads()).map((text) => JSON.parse(text).responses[0].command);
  },
});

itDiffers('global_max_clients', 'one more client is refused', {
  line: 'global_max_clients 1',
  without: reasonCodes.success,
  with: reasonCodes.serverBusy,
  async see(served) {
    const first = await served.client('first');
    const second = served.arrive();
    const connack = await second.connect({ clientId: 'second' });
    if (connack?.reasonCode === reasonCodes.success) await served.drop(second, 'second');
    await served.drop(first, 'first');
    return connack?.reasonCode;
  },
});

itDiffers('global_max_connections', 'one more connection is ended, on whichever listener', {
  beside: [...open, 'listener PORT2 127.0.0.1'],
  line: 'global_max_connections 1',
  without: 'connack',
  with: undefined,
  async see(served) {
    const first = await served.client('first');
    const second = served.arrive(5, served.ports[1]);
    const answer = await second.connect({ clientId: 'second' });
    if (answer === undefined) await second.ended();
    else await served.drop(second, 'second');
    await served.drop(first, 'first');
    return answer?.type;
  },
});

itDiffers('log_timestamp', 'false: lines begin without the time', {
  line: 'log_timestamp false',
  without: true,
  with: false,
  see: async (served) => /^[0-9]+: /.test(await nextLine(served)),
});

itDiffers('log_timestamp_format', 'the time is written in it', {
  line: 'log_timestamp_format <%Y>',
  without: false,
  with: true,
  see: async (served) => /^<20[0-9]{2}>: /.test(await nextLine(served)),
});

/** What the log says of the next client. */
async function nextLine(served: Served): Promise<string> {
  const { length } = served.logText;
  await served.client();
  return served.logText.slice(length);
}

itDiffers('max_inflight_bytes', 'no more is sent than may be unacknowledged', {
  line: 'max_inflight_bytes 1500',
  without: 3,
  with: 2, // the one that crosses it is sent
  see: (served) => unacknowledged(served, Array(3).fill('x'.repeat(1000))),
});

itDiffers('max_inflight_messages', 'no more are sent than may be unacknowledged, nor taken', {
  line: 'max_inflight_messages 2',
  without: [3, 20],
  with: [2, 2],
  see: async (served) => [
    await unacknowledged(served, ['1', '2', '3']),
    (await served.connack())?.properties?.receiveMaximum,
  ],
});

itDiffers('max_keepalive', 'a client that wants more gets this', {
  line: 'max_keepalive 10',
  without: undefined,
  with: 10,
  see: async (served) =>
    (await served.connack({ keepAliveSeconds: 60 }))?.properties?.serverKeepAlive,
});

itDiffers('max_packet_size', 'is told in CONNACK, and a larger packet ends the connection', {
  line: 'max_packet_size 100',
  without: [2_000_000, undefined],
  with: [100, reasonCodes.packetTooLarge],
  async see(served) {
    const client = served.arrive();
    const connack = await client.connect();
    const code = await endedBy(client, `30 ["t" 00 (${'x'.repeat(200)})]`);
    return [connack?.properties?.maximumPacketSize, code];
  },
});

/** The reason code by which these bytes end a connection; undefined when they do not. */
async function endedBy(client: WireClient, notation: string) {
  client.sendBytes(notation);
  const last = (await client.received()).at(-1);
  return last?.type === 'disconnect' ? last.reasonCode : undefined;
}

itDiffers('max_queued_bytes', 'what goes beyond is dropped for a client that is away', {
  line: 'max_queued_bytes 1500',
  beside: [...open, 'max_inflight_messages 1'],
  without: 4,
  with: 1,
  see: async (served) => (await waiting(served, Array(4).fill('x'.repeat(1000)))).length,
});

itDiffers('max_queued_messages', 'what goes beyond is dropped for a client that is away', {
  line: 'max_queued_messages 2',
  beside: [...open, 'max_inflight_messages 1'],
  without: ['1', '2', '3', '4'],
  with: ['1', '2'],
  see: (served) => waiting(served, ['1', '2', '3', '4']),
});

itDiffers('memory_limit', 'beyond it nobody new is let in', {
  line: 'memory_limit 1',
  without: reasonCodes.success,
  with: reasonCodes.quotaExceeded,
  see: async (served) => (await served.connack({ clientId: crypto.randomUUID() }))?.reasonCode,
});

itDiffers('message_size_limit', 'a larger payload is refused', {
  line: 'message_size_limit 10',
  without: [reasonCodes.success, reasonCodes.success],
  with: [reasonCodes.success, reasonCodes.packetTooLarge],
  async see(served) {
    const client = await served.client();
    await client.subscribe('t');
    const of = (bytes: number) => client.publish('t', 'x'.repeat(bytes), { qos: 1 });
    return [await of(10), await of(11)];
  },
});

itDiffers('packet_max_auth', 'a larger AUTH ends the connection as too large', {
  line: 'packet_max_auth 100',
  without: reasonCodes.protocolError,
  with: reasonCodes.packetTooLarge,
  see: async (served) => endedBy(await served.client(), `f0 [18 [15 "m" 16 "${'x'.repeat(200)}"]]`),
});

itDiffers('packet_max_connect', 'a larger CONNECT ends the connection', {
  line: 'packet_max_connect 100',
  without: 'connack',
  with: undefined,
  see: async (served) => (await served.connack({ clientId: 'x'.repeat(200) }))?.type,
});

itDiffers('packet_max_simple', 'a larger DISCONNECT is answered as too large', {
  line: 'packet_max_simple 20',
  without: undefined,
  with: reasonCodes.packetTooLarge,
  see: async (served) => endedBy(await served.client(), `e0 [00 [1f "${'x'.repeat(50)}"]]`),
});

itDiffers('packet_max_sub', 'a larger SUBSCRIBE ends the connection', {
  line: 'packet_max_sub 20',
  without: undefined,
  with: reasonCodes.packetTooLarge,
  see: async (served) => endedBy(await served.client(), `82 [0001 00 "${'x'.repeat(50)}" 00]`),
});

itDiffers('per_listener_settings', 'who may come in is another matter on each listener', {
  beside: [],
  line: [
    'per_listener_settings true',
    ...['listener PORT 127.0.0.1', 'allow_anonymous true'],
    ...['listener PORT2 127.0.0.1', 'allow_anonymous false'],
  ],
  instead: [
    ...['listener PORT 127.0.0.1', 'allow_anonymous true'],
    ...['listener PORT2 127.0.0.1', 'allow_anonymous false'],
  ],
  without: [reasonCodes.notAuthorized, reasonCodes.notAuthorized],
  with: [reasonCodes.success, reasonCodes.notAuthorized],
  see: (served) =>
    Promise.all([served.port, served.ports[1]].map((port) => answerOn(served, port))),
});

async function answerOn(served: Served, port: number) {
  return (await served.connack({}, port))?.reasonCode;
}

itShows('persistence', 'sessions and retained messages are there after a restart', async () => {
  const lines = ['persistence true', `persistence_location ${folder.folder('persistence')}`];
  assert.deepEqual(await afterRestart(lines), [true, ['waits', 'kept']]);
});

itShows('persistence', 'false: they are not', async () => {
  assert.deepEqual(await afterRestart([]), [false, []]);
});

/** Whether a session is there after a restart, and what its client gets. */
async function afterRestart(lines: readonly string[], env: Readonly<Record<string, string>> = {}) {
  {
    await using served = await serveWith({ env }, ...open, ...lines);
    const client = await served.client('c', lasting);
    await client.subscribe('t', { qos: 1 });
    await served.drop(client, 'c');
    const publisher = await served.client('publisher');
    await publisher.publish('t', 'waits', { qos: 1 });
    await publisher.publish('retained', 'kept', { qos: 1, retain: true });
  }
  await using served = await serveWith({ env }, ...open, ...lines);
  const client = served.arrive();
  const connack = await client.connect({ clientId: 'c', ...lasting });
  const text = ({ payload }: Publish) => new TextDecoder().decode(payload);
  // It comes from the store, which takes its time.
  const waiting = connack?.sessionPresent ? [text(await client.message())] : [];
  await client.subscribe('retained');
  return [connack?.sessionPresent, [...waiting, ...(await client.payloads())]];
}

for (const [option, line] of [
  ['persistence', 'persistence true'],
  ['persistence_file', 'persistence_file other.mdb'],
  ['persistence_location', `persistence_location ${folder.path}`],
  ['pid_file', `pid_file ${folder.file('pid')}`],
  ['user', 'user nobody'],
] as const) {
  itNeedsRestart(option, () => restartAsked(option, line));
}

itShows('persistence_file', 'is the name of the file', async () => {
  const location = folder.folder('file');
  const lines = ['persistence true', `persistence_location ${location}`];
  assert.equal((await afterRestart([...lines, 'persistence_file mine.mdb']))[0], true);
  assert.ok(existsSync(`${location}/mine.mdb`));
  assert.ok(!existsSync(`${location}/pantala.mdb`));
});

itShows('persistence_location', 'is the directory of the file', async () => {
  const location = folder.folder('location');
  await afterRestart(['persistence true', `persistence_location ${location}`]);
  assert.ok(existsSync(`${location}/pantala.mdb`));
});

itShows('persistence_location', 'counts less than the environment', async () => {
  const [configured, named] = [folder.folder('configured'), folder.folder('named')];
  const lines = ['persistence true', `persistence_location ${configured}`];
  assert.equal((await afterRestart(lines, { MOSQUITTO_PERSISTENCE_LOCATION: named }))[0], true);
  assert.ok(existsSync(`${named}/pantala.mdb`));
  assert.ok(!existsSync(`${configured}/pantala.mdb`));
});

itDiffers('persistent_client_expiration', 'a session is kept no longer, as CONNACK says', {
  line: 'persistent_client_expiration 1h',
  without: undefined,
  with: 3600,
  async see(served) {
    const connack = await served.connack({ properties: { sessionExpiryInterval: 10_000 } });
    return connack?.properties?.sessionExpiryInterval;
  },
});

itShows(
  'persistent_client_expiration',
  'the session of an MQTT 3.1.1 client ends then',
  async () => {
    await using served = await serve(...open, 'persistent_client_expiration 1s');
    const away = await served.client('away', { version: 4, cleanStart: false });
    await served.drop(away, 'away');
    await served.logged(/Expiring client away due to timeout\./);
    const back = await served.connack({ clientId: 'away', version: 4, cleanStart: false });
    assert.equal(back?.sessionPresent, false);
  },
);

itDiffers('queue_qos0_messages', 'QoS 0, too, waits for a client that is away', {
  line: 'queue_qos0_messages true',
  without: [],
  with: ['x'],
  see: (served) => waiting(served, ['x'], 0),
});

itDiffers('retain_available', 'false: CONNACK says so, and a retained message is refused', {
  line: 'retain_available false',
  without: [undefined, undefined],
  with: [0, reasonCodes.retainNotSupported],
  async see(served) {
    const client = served.arrive();
    const connack = await client.connect();
    return [connack?.properties?.retainAvailable, await endedBy(client, '31 ["t" 00 (x)]')];
  },
});

itShows('retain_expiry_interval', 'without effect, as a message goes when it expires', async () => {
  await using served = await serve(...open, 'retain_expiry_interval 10000');
  const client = await served.client();
  const properties = { messageExpiryInterval: 1 };
  await client.publish('t', 'x', { retain: true, properties });
  const seen = async () => {
    await client.subscribe('t');
    return (await client.payloads()).length;
  };
  assert.equal(await seen(), 1);
  while ((await seen()) > 0);
});
itIsReloadedWithoutEffect('retain_expiry_interval', 'retain_expiry_interval 10000');

/** What Node has of TCP sockets. */
const { TCP: handles } = (
  process as unknown as { binding(name: 'tcp_wrap'): { TCP: { prototype: TcpHandle } } }
).binding('tcp_wrap');

interface TcpHandle {
  setNoDelay(enable: boolean): number;
}

itShows('set_tcp_nodelay', 'without effect, as TCP_NODELAY is always on', async () => {
  for (const line of ['set_tcp_nodelay true', 'set_tcp_nodelay false']) {
    const { setNoDelay } = handles.prototype;
    const told: boolean[] = [];
    // What Node is told, as it does not tell what the kernel has.
    handles.prototype.setNoDelay = function tell(enable) {
      told.push(enable);
      return setNoDelay.call(this, enable);
    };
    try {
      await using served = await serve(...open, line);
      await served.client();
    } finally {
      handles.prototype.setNoDelay = setNoDelay;
    }
    assert.deepEqual([...new Set(told)], [true], line);
  }
});
itIsReloadedWithoutEffect('set_tcp_nodelay', 'set_tcp_nodelay true');

itDiffers('sys_interval', '$SYS has new values at this interval', {
  line: 'sys_interval 1',
  instead: 'sys_interval 0',
  without: false,
  with: true,
  async see(served) {
    const client = await served.client();
    await client.subscribe('$SYS/broker/uptime');
    if ((await client.messages()).length === 0) return false;
    const { payload } = await client.message();
    return / seconds$/.test(new TextDecoder().decode(payload));
  },
});

itDiffers('upgrade_outgoing_qos', 'a message comes with the QoS of the subscription', {
  line: 'upgrade_outgoing_qos true',
  without: 0,
  with: 1,
  async see(served) {
    const client = await served.client();
    await client.subscribe('t', { qos: 1 });
    const publisher = await served.client('publisher');
    await publisher.publish('t', 'x');
    return (await client.message()).qos;
  },
});

itShows(
  'websockets_log_level',
  'without effect, as there is no library that it is for',
  async () => {
    const lines = ['listener PORT 127.0.0.1', 'protocol websockets', 'log_type all'];
    await using served = await serve(...lines, 'websockets_log_level 255');
    const { status } = await fetch(`http://127.0.0.1:${served.port}/`);
    assert.equal(status, 426);
    assert.doesNotMatch(served.logText, /lws|libwebsockets/);
  },
);
itIsReloadedWithoutEffect('websockets_log_level', 'websockets_log_level 7');

/** A reload takes it, and says nothing of a restart. */
function itIsReloadedWithoutEffect(option: string, line: string): void {
  itReloads(option, async () => {
    await using served = await serve(...open);
    await served.reload(...open, line);
    assert.equal((await served.connack())?.reasonCode, reasonCodes.success);
    assert.doesNotMatch(served.logText, /takes a restart/);
  });
}

/** A reload with the line in place of the other says that it takes a restart. */
async function restartAsked(option: string, line: string, instead?: string): Promise<void> {
  await using served = await serve(...open, ...(instead === undefined ? [] : [instead]));
  await served.reload(...open, line);
  const told = served.logText.match(/Warning: '.*' has changed, which takes a restart\./g);
  assert.deepEqual(told, [`Warning: '${option}' has changed, which takes a restart.`]);
  assert.equal((await served.connack())?.reasonCode, reasonCodes.success);
}
