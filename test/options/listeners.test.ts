/** Tests what the options of listeners do: where they listen, and on what terms. */

import assert from 'node:assert/strict';
import { connect } from 'node:net';
import { networkInterfaces } from 'node:os';
import { after } from 'node:test';
import { reasonCodes } from '../../src/packet/reason-codes.ts';
import type { ProtocolVersion } from '../../src/packet/version.ts';
import { itDiffers, itNeedsRestart, itShows } from './option-test.ts';
import { open, type Served, serve } from './served.ts';
import { TestFolder } from './test-folder.ts';
import { WireClient } from './wire-client.ts';

const folder = new TestFolder();
after(() => folder[Symbol.dispose]());

const { success } = reasonCodes;

/** Where it listens. */
function hosts({ server }: Served): string[] {
  return server.addresses.map(({ host }) => host);
}

itShows('listener', 'opens a port, or a path, and each beside the others', async () => {
  const path = folder.file('socket');
  await using served = await serve(
    'allow_anonymous true',
    ...['listener PORT 127.0.0.1', 'listener PORT2 127.0.0.1', `listener 0 ${path}`],
  );
  const codes = await Promise.all([
    ...[served.port, served.ports[1]].map((port) => served.connack({ clientId: 'c' }, port)),
    served.keep(new WireClient(connect(path))).connect({ clientId: 'u' }),
  ]);
  assert.deepEqual(
    codes.map((connack) => connack?.reasonCode),
    [success, success, success],
  );
});
itNeedsRestart('listener', () =>
  isRefused(['listener PORT 127.0.0.1', 'listener PORT2 127.0.0.1']),
);

itShows('port', 'opens the port on every address', async () => {
  await using served = await serve('port PORT', 'allow_anonymous true');
  assert.ok(hosts(served).includes('0.0.0.0'));
  assert.equal((await served.connack())?.reasonCode, success);
});
itNeedsRestart('port', () => isRefused(['port PORT']));

itShows('bind_address', 'opens the default port on this address alone', async () => {
  await using served = await serve('port PORT', 'bind_address 127.0.0.1', 'allow_anonymous true');
  assert.deepEqual(hosts(served), ['127.0.0.1']);
  assert.equal((await served.connack())?.reasonCode, success);
});
itNeedsRestart('bind_address', () => isRefused(['port PORT', 'bind_address 127.0.0.2']));

/** A reload does not take listeners at other places up, and nothing changes. */
async function isRefused(lines: readonly string[]): Promise<void> {
  await using served = await serve(...open);
  await assert.rejects(served.reload(...lines, 'allow_anonymous false'), {
    name: 'ReloadError',
    message: /^It is not currently possible to add\/remove listeners when reloading/,
  });
  assert.equal((await served.connack())?.reasonCode, success);
}

const [loopback] = Object.entries(networkInterfaces()).find(([, addresses]) =>
  addresses?.some(({ address }) => address === '127.0.0.1'),
)!;

itShows('bind_interface', 'opens the port on the addresses of the interface alone', async () => {
  await using served = await serve('listener PORT', `bind_interface ${loopback}`);
  const addresses = networkInterfaces()[loopback]!.map(({ address }) => address);
  assert.deepEqual(hosts(served).toSorted(), addresses.toSorted());
});
itShows('bind_interface', 'with an address opens that alone, if the interface has it', async () => {
  const lines = [`bind_interface ${loopback}`];
  await using served = await serve('listener PORT 127.0.0.1', ...lines);
  assert.deepEqual(hosts(served), ['127.0.0.1']);
  await assert.rejects(serve('listener PORT 192.0.2.1', ...lines), {
    name: 'StartError',
    message:
      /^Interface address for \S+ does not match specified listener host '192\.0\.2\.1'\. It has .*127\.0\.0\.1/,
  });
});
itNeedsRestart('bind_interface', () => asksForRestart('bind_interface', loopback));

itShows('socket_domain', 'opens the port for one version of IP', async () => {
  await using served = await serve('listener PORT', 'socket_domain ipv4');
  assert.deepEqual(hosts(served), ['0.0.0.0']);
});
itNeedsRestart('socket_domain', () => asksForRestart('socket_domain', 'ipv4'));

async function asksForRestart(option: string, value: string): Promise<void> {
  await using served = await serve(...open);
  await served.reload(...open, `${option} ${value}`);
  const place = `of listener 127.0.0.1:${served.port}`;
  assert.ok(
    served.logText.includes(`Warning: '${option}' ${place} has changed, which takes a restart.\n`),
  );
}

itDiffers('max_connections', 'one more is ended; 0 is no limit', {
  line: 'max_connections 1',
  instead: 'max_connections 0',
  without: 'connack',
  with: undefined,
  async see(served) {
    const first = await served.client('first');
    const second = served.arrive();
    const answer = await second.connect({ clientId: 'second' });
    if (answer !== undefined) await served.drop(second, 'second');
    await served.drop(first, 'first');
    return answer?.type;
  },
});

itDiffers('max_qos', 'CONNACK says so, and what is published with more ends the connection', {
  line: 'max_qos 1',
  without: [undefined, undefined],
  with: [1, reasonCodes.qosNotSupported],
  async see(served) {
    const client = served.arrive();
    const connack = await client.connect();
    client.sendBytes('34 ["t" 0001 00 (x)]');
    const answer = await client.next();
    const code = answer?.type === 'disconnect' ? answer.reasonCode : undefined;
    return [connack?.properties?.maximumQos, code];
  },
});

itDiffers('max_topic_alias', 'CONNACK says so, and a larger one ends the connection', {
  line: 'max_topic_alias 3',
  without: [10, undefined],
  with: [3, reasonCodes.topicAliasInvalid],
  async see(served) {
    const client = served.arrive();
    const connack = await client.connect();
    client.sendBytes('30 ["t" [23 0004] (x)]');
    const [answer] = await client.received();
    const code = answer?.type === 'disconnect' ? answer.reasonCode : undefined;
    return [connack?.properties?.topicAliasMaximum, code];
  },
});

itDiffers('max_topic_alias_broker', 'no more topics are called by an alias', {
  line: 'max_topic_alias_broker 1',
  without: [1, 2],
  with: [1, undefined],
  async see(served) {
    const client = await served.client('c', { properties: { topicAliasMaximum: 5 } });
    await client.subscribe('#');
    const publisher = await served.client('publisher');
    for (const topic of ['a', 'b']) await publisher.publish(topic, 'x');
    return (await client.messages()).map(({ properties }) => properties?.topicAlias);
  },
});

itDiffers('mount_point', 'stands before the topics of its clients, and they do not see it', {
  beside: ['allow_anonymous true', 'listener PORT2 127.0.0.1', 'listener PORT 127.0.0.1'],
  line: 'mount_point site1/',
  without: ['up', ['up', 'site1/down']],
  with: ['site1/up', ['up', 'down']],
  async see(served) {
    const mounted = await served.client('mounted');
    await mounted.subscribe('#');
    const outside = served.arrive(5, served.ports[1]);
    await outside.connect({ clientId: 'outside' });
    await outside.subscribe('#', { noLocal: true });
    await mounted.publish('up');
    const [{ topic }] = await outside.messages();
    await outside.publish('site1/down');
    return [topic, (await mounted.messages()).map((message) => message.topic)];
  },
});
itShows('mount_point', 'without a slash at its end is warned of', async () => {
  await using served = await serve(...open, 'mount_point site1');
  assert.match(
    served.logText,
    /: Warning: The 'mount_point' of port [0-9]+ does not end with '\/': [^\n]* Add a '\/' to it\.\n/,
  );
  const mounted = await served.client();
  for (const filter of ['#', '+/b', 'a/#']) await mounted.subscribe(filter);
  await mounted.publish('a/b', 'x');
  assert.deepEqual(await mounted.payloads(), ['x'], "by 'a/#' alone");
});

itDiffers('accept_protocol_versions', 'clients of others are refused', {
  line: 'accept_protocol_versions 4',
  without: [success, success, success],
  with: [1, 0, 1].map((code) => (code === 0 ? success : reasonCodes.unsupportedProtocolVersion)),
  see: (served) =>
    Promise.all(
      ([3, 4, 5] satisfies ProtocolVersion[]).map(async (version) => {
        const connack = await served.connack({ clientId: `v${version}`, version });
        return connack?.reasonCode;
      }),
    ),
});
