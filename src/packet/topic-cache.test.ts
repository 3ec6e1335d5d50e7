/** The cache gives the same strings as decoding, and never more than it may keep. */

import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { reasonCodes } from './reason-codes.ts';
import { TopicCache } from './topic-cache.ts';

const encoder = new TextEncoder();

/** Found by search; other topics would have to be found for another hash function. */
const sameHash = ['t/0000ceau', 't/0000u0ia'] as const;

describe('the topic cache', () => {
  it('gives each of many more topics than it has room for', () => {
    const topics = new TopicCache(8);
    for (let round = 0; round < 3; round++) {
      for (let i = 0; i < 1000; i++) check(topics, `line/${i}/température`);
    }
  });

  it('tells topics apart that differ in one byte, at any place', () => {
    const topics = new TopicCache(1);
    const base = 'abcdefghijk';
    for (let round = 0; round < 2; round++) {
      for (let i = 0; i < base.length; i++)
        check(topics, `${base.slice(0, i)}_${base.slice(i + 1)}`);
      for (let i = 1; i <= base.length; i++) check(topics, base.slice(0, i));
    }
  });

  it('tells topics apart whose hashes are the same', () => {
    const topics = new TopicCache(8);
    for (let round = 0; round < 2; round++) for (const topic of sameHash) check(topics, topic);
  });

  it('keeps its own copy of the bytes, of a Buffer too', () => {
    const topics = new TopicCache(8);
    const [first, second] = sameHash;
    const chunk = Buffer.from(first);
    assert.equal(topics.intern(chunk, 0, chunk.length), first);
    chunk.write(second);
    assert.equal(topics.intern(chunk, 0, chunk.length), second);
  });

  it('reads topics that are too long to keep', () => {
    const topics = new TopicCache(8);
    check(topics, 'x'.repeat(256));
    check(topics, 'x'.repeat(257));
    check(topics, 'x'.repeat(65_535));
  });

  it('refuses a wildcard each time [MQTT-3.3.2-2]', () => {
    const topics = new TopicCache(8);
    for (let round = 0; round < 2; round++) {
      refuse(topics, encoder.encode('a/#'), reasonCodes.malformedPacket);
    }
  });

  it('refuses what is not UTF-8 each time [MQTT-1.5.4-1]', () => {
    const topics = new TopicCache(8);
    for (let round = 0; round < 2; round++) {
      refuse(topics, Uint8Array.of(0x61, 0xff), reasonCodes.malformedPacket);
    }
  });
});

function check(topics: TopicCache, topic: string): void {
  const bytes = encoder.encode(`<${topic}>`);
  assert.equal(topics.intern(bytes, 1, bytes.length - 1), topic);
}

function refuse(topics: TopicCache, bytes: Uint8Array, reasonCode: number): void {
  assert.throws(() => topics.intern(bytes, 0, bytes.length), { reasonCode });
}
