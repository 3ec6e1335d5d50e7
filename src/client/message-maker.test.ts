/** Tests of what publishers may say. */

import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import type { QoS } from '../packet/version.ts';
import { MessageMaker, type PublishOptions } from './message-maker.ts';

const maker = new MessageMaker({ now: () => 0 }, 5);

/** As a program without types may say it. */
function make(topic: string, payload: unknown, options: PublishOptions = {}) {
  return maker.message(topic, payload as string, options);
}

describe('a message', () => {
  it('has its text as bytes in UTF-8, and bytes as they are', () => {
    const bytes = new Uint8Array([1, 2]);
    assert.equal(make('a', bytes).payload, bytes);
    assert.deepEqual(make('a', 'ö').payload, new Uint8Array([0xc3, 0xb6]));
  });

  for (const payload of [{ x: 1 }, 25.5, undefined, null, true]) {
    it(`cannot be ${JSON.stringify(payload)}`, () => {
      assert.throws(() => make('a', payload), /^TypeError: a payload of type \w+, allowed are/);
    });
  }

  it('has a QoS up to 2, also for a topic that was looked at before', () => {
    make('a', 'x');
    assert.throws(() => make('a', 'x', { qos: 3 as QoS }), /^RangeError: QoS 3, allowed are/);
  });

  it('goes to one topic', () => {
    assert.throws(() => make('a/#', 'x'), RangeError);
    assert.throws(() => make('', 'x'), RangeError);
    assert.throws(() => make('a', 'x', { properties: { responseTopic: '+' } }), RangeError);
  });
});
