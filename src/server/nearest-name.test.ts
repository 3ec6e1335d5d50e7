/** Tests the guess at what a wrong name was meant to be. */

import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { nearestName } from './nearest-name.ts';

const names = ['listener', 'log_dest', 'log_type', 'max_qos', 'max_queued_bytes', 'port'];

describe('the nearest name', () => {
  const guesses: Record<string, string | undefined> = {
    listner: 'listener',
    listenre: 'listener',
    log_dst: 'log_dest',
    log_types: 'log_type',
    max_qoss: 'max_qos',
    prot: 'port',
    max_queue_bytes: 'max_queued_bytes',
    banana: undefined,
    x: undefined,
    ['x'.repeat(10_000)]: undefined,
  };
  for (const [name, guess] of Object.entries(guesses)) {
    it(`to '${name.slice(0, 20)}' is ${guess ?? 'none'}`, () => {
      assert.equal(nearestName(name, names), guess);
    });
  }
});
