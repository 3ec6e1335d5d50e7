/** MQTT.js against our broker. */

import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { defineClientClaims } from './client-claims.ts';
import type { ForeignLibrary } from './foreign-client.ts';
import { mqttJs } from './mqttjs-client.ts';
import { startBroker } from './running-broker.ts';
import { claimOptions, next, Stage, topicsOf } from './stage.ts';

const library: ForeignLibrary & AsyncDisposable = {
  ...mqttJs,
  [Symbol.asyncDispose]: () => Promise.resolve(),
};

describe('the broker, for MQTT.js,', claimOptions, () => {
  defineClientClaims(() => library);

  it('shortens topics to as many aliases as the client takes', async () => {
    await using broker = await startBroker();
    const stage = new Stage(library, broker);
    await using client = await stage.connect(5, { properties: { topicAliasMaximum: 2 } });
    await client.subscribe('#');
    const topics = ['a', 'b', 'c', 'a', 'b', 'c', 'a'];
    for (const topic of topics) await client.publish(topic, '');
    const arrived = await next(client, topics.length);
    assert.deepEqual(topicsOf(arrived), topics);
    const aliases = arrived.map(({ properties }) => properties.topicAlias);
    assert.equal(new Set(aliases.filter((alias) => alias !== undefined)).size, 2);
  });
});
