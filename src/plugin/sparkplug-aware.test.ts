/** A Sparkplug Aware MQTT Server, over the wire. */

import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { TestBroker } from '../../test/harness/test-broker.ts';
import { Anonymous } from '../auth/anonymous.ts';
import { bytesOf, hexOf } from '../packet/packet-notation.ts';
import { pluginBroker } from './plugin-broker.ts';
import { PluginOptionError } from './plugin-load-error.ts';
import type { PluginOptions } from './plugin-options.ts';
import { createHooks } from './sparkplug-aware.ts';
import { timestampOf, withTimestamp } from './sparkplug-payload.ts';
import { withHooks } from './with-hooks.ts';

function awareBroker(options: PluginOptions = {}): TestBroker {
  const plugin = pluginBroker({
    publish: (message) => broker.broker.publish(message),
    now: () => broker.now,
    log: () => {},
  });
  const plugins = [{ name: 'sparkplug', hooks: createHooks(options, plugin) }];
  const broker = new TestBroker({
    gatekeeper: withHooks(plugins, { gatekeeper: Anonymous.allowed() }),
  });
  return broker;
}

const topics = ['spBv1.0/g/NBIRTH/n', 'spBv1.0/g/DBIRTH/n/d'];

describe('a birth certificate', () => {
  for (const topic of topics) {
    it(`to ${topic} is there for late comers, retained`, async () => {
      const broker = awareBroker();
      const node = await broker.connect('node');
      const properties = { contentType: 'x' };
      await node.publish(topic, 'born', { qos: 1, properties });
      const late = await broker.connect('late');
      await late.subscribe('$sparkplug/certificates/#', { qos: 1 });
      const [certificate] = late.publishes();
      assert.equal(certificate.topic, `$sparkplug/certificates/${topic}`);
      assert.equal(new TextDecoder().decode(certificate.payload), 'born');
      assert.deepEqual([certificate.qos, certificate.retain], [1, true]);
      assert.equal(certificate.properties?.contentType, 'x');
    });

    it(`to ${topic} reaches who has subscribed, beside the message itself`, async () => {
      const broker = awareBroker();
      const host = await broker.connect('host');
      await host.subscribe('spBv1.0/#');
      await host.subscribe('$sparkplug/#');
      const node = await broker.connect('node');
      await node.publish(topic, 'born');
      const seen = host.publishes().map((publish) => [publish.topic, publish.retain]);
      assert.deepEqual(seen, [
        [topic, false],
        [`$sparkplug/certificates/${topic}`, false],
      ]);
    });
  }

  it('that is new takes the place of the one before', async () => {
    const broker = awareBroker();
    const node = await broker.connect('node');
    await node.publish(topics[0], 'first');
    await node.publish(topics[0], 'second');
    await node.subscribe('$sparkplug/certificates/#');
    assert.deepEqual(node.payloads(), ['second']);
  });

  const others = ['spBv1.0/g/NDATA/n', 'spBv1.0/g/NBIRTH/n/d', 'spBv1.0/g/DBIRTH/n', 'NBIRTH'];
  for (const topic of others) {
    it(`is not what goes to ${topic}`, async () => {
      const broker = awareBroker();
      const node = await broker.connect('node');
      await node.publish(topic, 'x');
      await node.subscribe('$sparkplug/#');
      assert.deepEqual(node.payloads(), []);
    });
  }
});

describe('the death certificate of a node', () => {
  // timestamp 1, a metric of one byte, seq 5
  const payload = bytesOf('0801 120100 1805');

  async function deathWith(options: PluginOptions, willPayload = payload): Promise<Uint8Array> {
    const broker = awareBroker(options);
    const host = await broker.connect('host');
    await host.subscribe('spBv1.0/#');
    const will = { topic: 'spBv1.0/g/NDEATH/n', qos: 1, retain: false } as const;
    const node = await broker.connect('node', {
      will: { ...will, payload: willPayload, properties: undefined },
    });
    await node.drop();
    return host.publishes()[0].payload;
  }

  it('is left as it is, as by Mosquitto’s plugin', async () => {
    assert.deepEqual(await deathWith({}), payload);
  });

  it('has the time of its delivery where that is asked for', async () => {
    const before = BigInt(Date.now());
    const stamped = await deathWith({ ndeath_timestamp: 'true' });
    const timestamp = timestampOf(stamped)!;
    assert.ok(timestamp >= before && timestamp <= BigInt(Date.now()), String(timestamp));
    assert.match(hexOf(stamped), /12 01 00 18 05$/);
  });

  it('is left as it is when it has no timestamp, or is no Sparkplug B', async () => {
    for (const notation of ['1805', '', 'ffff', '08']) {
      const strange = bytesOf(notation);
      assert.deepEqual(await deathWith({ ndeath_timestamp: 'true' }, strange), strange);
    }
  });
});

describe('an option that is not there', () => {
  it('is refused with those that are', () => {
    const broker = { publish() {}, log() {} };
    assert.throws(
      () => createHooks({ death: 'true' }, broker),
      new PluginOptionError('plugin_opt_death is not known: there are plugin_opt_ndeath_timestamp'),
    );
    assert.throws(() => createHooks({ ndeath_timestamp: 'yes' }, broker), /give true or false/);
  });
});

describe('withTimestamp', () => {
  const vectors: Readonly<Record<string, [string, string | undefined]>> = {
    'replaces it': ['0801', '08ac02'],
    'puts it first': ['1805 0801 120100', '08ac02 1805 120100'],
    'leaves one of several': ['0801 0802', '08ac02'],
    'knows fields of 4 and 8 bytes': [
      '0801 2d01020304 310102030405060708',
      '08ac02 2d01020304 310102030405060708',
    ],
    'does nothing without one': ['1805', undefined],
    'does nothing for a field that is cut short': ['0801 1205', undefined],
    'does nothing for a length beyond all': ['0801 12ffffffffffffffffff01', undefined],
    'does nothing for a varint without end': ['08ffffffffffffffffffff01', undefined],
    'does nothing for a group': ['0801 0b', undefined],
    'does nothing for field 0': ['0801 0000', undefined],
  };
  for (const [what, [before, after]] of Object.entries(vectors)) {
    it(what, () => {
      const expected = after === undefined ? undefined : bytesOf(after);
      assert.deepEqual(withTimestamp(bytesOf(before), 300), expected);
    });
  }
});
