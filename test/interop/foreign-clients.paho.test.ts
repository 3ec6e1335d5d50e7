/** Paho for Python against our broker. */

import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import type { ProtocolVersion } from '../../src/packet/version.ts';
import { defineClientClaims } from './client-claims.ts';
import { mqttJs } from './mqttjs-client.ts';
import { findPahoPython, Paho } from './paho-client.ts';
import { startBroker } from './running-broker.ts';
import { claimOptions, next, Stage, topicsOf } from './stage.ts';

describe('the broker, for Paho,', claimOptions, () => {
  const python = findPahoPython();
  // A suite that is skipped counts as none, and CI would miss it: a test is skipped in its place.
  if (python === undefined) {
    it('does what it expects', {
      skip: 'Paho is not installed: apt-get install python3-paho-mqtt',
    });
    return;
  }
  defineClientClaims(() => new Paho(python));

  it('publishes the wills of all clients of a process that is killed', async () => {
    await using broker = await startBroker();
    await using doomed = new Paho(python);
    await using witness = await new Stage(mqttJs, broker).connect(5);
    await witness.subscribe('wills/+', { qos: 1 });
    const stage = new Stage(doomed, broker);
    const topicOf = (version: ProtocolVersion) => `wills/${version}`;
    for (const version of [3, 4, 5] as const) {
      const payload = new Uint8Array();
      const will = { topic: topicOf(version), payload, qos: 1, retain: false } as const;
      await stage.connect(version, { clientId: `doomed${version}`, will });
    }
    await doomed.kill();
    const wills = topicsOf(await next(witness, 3));
    assert.deepEqual(wills.toSorted(), [topicOf(3), topicOf(4), topicOf(5)]);
  });

  it('keeps the order of user properties, whose names may repeat', async () => {
    await using broker = await startBroker();
    await using library = new Paho(python);
    await using client = await new Stage(library, broker).connect(5);
    await client.subscribe('a');
    const userProperties = [
      ['b', '1'],
      ['a', '2'],
      ['b', '1'],
      ['a', '0'],
    ] as const;
    await client.publish('a', '', { properties: { userProperties } });
    assert.deepEqual((await client.next()).properties.userProperties, userProperties);
  });
});
