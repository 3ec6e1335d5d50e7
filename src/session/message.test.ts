/** What a message costs while it waits. */

import assert from 'node:assert/strict';
import { it } from 'node:test';
import { Message, type MessageProperties } from './message.ts';

const payload = Uint8Array.of(1, 2, 3);

const long = 'x'.repeat(10_000);
const properties: Record<string, MessageProperties> = {
  'a content type': { contentType: long },
  'a response topic': { responseTopic: long },
  'correlation data': { correlationData: new Uint8Array(10_000) },
  'the name of a user property': { userProperties: [[long, '']] },
  'the value of a user property': { userProperties: [['', long]] },
  'many user properties': { userProperties: new Array(200).fill(['', '']) },
};

for (const [name, each] of Object.entries(properties)) {
  it(`counts ${name} among its bytes`, () => {
    assert.equal(new Message('a', payload, { properties: each }).bytes > 10_000, true);
  });
}

it('counts topic and payload among its bytes', () => {
  assert.equal(new Message(long, payload).bytes > 10_000, true);
  assert.equal(new Message('a', new Uint8Array(10_000)).bytes > 10_000, true);
});

it('holds nothing of the network input but its own bytes once it is kept', () => {
  const input = new Uint8Array(65_536).fill(7);
  const message = new Message('a', input.subarray(10, 13), {
    properties: { contentType: 'text', correlationData: input.subarray(20, 22) },
  });
  message.keep();
  assert.deepEqual(message.payload, Uint8Array.of(7, 7, 7));
  assert.deepEqual(message.properties, {
    contentType: 'text',
    correlationData: Uint8Array.of(7, 7),
  });
  assert.equal(message.payload.buffer.byteLength, 3);
  assert.equal(message.properties?.correlationData?.buffer.byteLength, 2);
});

it('keeps bytes that are its own where they are', () => {
  const message = new Message('a', payload);
  message.keep();
  assert.equal(message.payload, payload);
});
