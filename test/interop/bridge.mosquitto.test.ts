/** Mosquitto with a bridge to our broker. */

import assert from 'node:assert/strict';
import { it } from 'node:test';
import { missingMosquitto, startMosquitto } from './debian-mosquitto.ts';
import { MosquittoTools, missingTools } from './mosquitto-tools.ts';
import { startBroker } from './running-broker.ts';
import { claimOptions } from './stage.ts';

const skip = missingMosquitto() ?? missingTools() ?? false;
const state = '$SYS/broker/connection/far/state';

for (const version of ['mqttv31', 'mqttv311', 'mqttv50'] as const) {
  it(`the broker has what Mosquitto bridges in ${version}, and hears of its state`, {
    ...claimOptions,
    skip,
  }, async () => {
    await using broker = await startBroker();
    const tools = new MosquittoTools(broker, 4);
    const states = await tools.subscribe('states', ['-v', '-C', '1', '-t', state]);
    await using mosquitto = await startMosquitto([
      'allow_anonymous true',
      'connection bridge',
      `address ${broker.host}:${broker.port}`,
      `bridge_protocol_version ${version}`,
      'remote_clientid far',
      'topic out/# out 1',
      'topic in/# in 1',
    ]);
    assert.deepEqual((await states.outcome).lines, [`${state} 1`]);
    await tools.subscribed('far', 'in/#');
    const near = new MosquittoTools(mosquitto, 4);

    const outgoing = await tools.subscribe('outgoing', ['-v', '-C', '1', '-t', 'out/#']);
    await near.publish(['-q', '1', '-t', 'out/a', '-m', 'to the broker']);
    assert.deepEqual((await outgoing.outcome).lines, ['out/a to the broker']);

    const incoming = await near.subscribe('incoming', ['-v', '-C', '1', '-t', 'in/#']);
    await tools.publish(['-q', '1', '-t', 'in/b', '-m', 'from the broker']);
    assert.deepEqual((await incoming.outcome).lines, ['in/b from the broker']);
  });
}
