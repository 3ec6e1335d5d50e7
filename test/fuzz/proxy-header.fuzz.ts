/** Hostile PROXY headers: each is read, or refused with its error, in whatever pieces it comes. */

import assert from 'node:assert/strict';
import {
  type ProxyVersion,
  type ReadProxyHeader,
  readProxyHeader,
} from '../../src/transport/proxy-header.ts';
import { ProxyHeaderError } from '../../src/transport/proxy-header-error.ts';
import { binaryHeader, proxyField, tlsField } from '../harness/proxy-headers.ts';
import type { FuzzTarget } from './fuzz-target.ts';
import { type Random, randomFrom } from './random.ts';

export const proxyHeaderFuzz: FuzzTarget = {
  name: 'proxy-header',
  run(seed, until) {
    const random = randomFrom(seed);
    let iterations = 0;
    for (; !until(); iterations += 1) {
      const version = random(10) < 3 ? 1 : 2;
      const header = version === 1 ? randomLine(random) : randomHeader(random);
      check(mutated(Buffer.concat([header, randomBytes(random, 20)]), random), version);
    }
    return iterations;
  },
};

type Outcome = ReadProxyHeader | string | undefined;

function check(bytes: Buffer, version: ProxyVersion): void {
  const outcome = outcomeOf(bytes, version);
  for (let length = 0; length < bytes.length; length++) {
    const earlier = outcomeOf(bytes.subarray(0, length), version);
    if (earlier !== undefined) assert.deepEqual(earlier, outcome, described(bytes, version));
  }
  if (outcome === undefined || typeof outcome === 'string') return;
  const { header, length } = outcome;
  assert.ok(length > 0 && length <= Math.min(bytes.length, 4096), described(bytes, version));
  if (header.type === 'local') return;
  assert.doesNotMatch(header.peer, /\p{Cc}/u, described(bytes, version));
  assert.match(header.peer, /.:\d{1,5}$/, described(bytes, version));
  assert.ok(header.tls?.commonName === undefined || header.tls.hasVerifiedCertificate);
}

function outcomeOf(bytes: Uint8Array, version: ProxyVersion): Outcome {
  try {
    return readProxyHeader(bytes, version);
  } catch (error) {
    if (error instanceof ProxyHeaderError) return error.message;
    throw error;
  }
}

function described(bytes: Buffer, version: ProxyVersion): string {
  return `version ${version}: ${bytes.toString('hex')}`;
}

const words = ['PROXY', 'TCP4', 'TCP6', 'UNKNOWN', '1.2.3.4', '::1', '0', '80', '65536', '', '\r'];

function randomLine(random: Random): Buffer {
  const family = random(2);
  const right = [
    ['PROXY', 'TCP4', '192.0.2.1', '198.51.100.1', '51234', '1883'],
    ['PROXY', 'TCP6', '2001:db8::1', '::ffff:1.2.3.4', '0', '65535'],
  ][family];
  const line = right.map((word) => (random(20) === 0 ? words[random(words.length)] : word));
  return Buffer.from(`${line.slice(0, 2 + random(7)).join(' ')}\r\n`);
}

const families = [
  ['11', 12],
  ['21', 36],
  ['31', 216],
  ['00', 0],
  ['12', 12],
] as const;

function randomHeader(random: Random): Buffer {
  const [family, length] = families[random(random(4) === 0 ? 5 : 3)];
  return binaryHeader({
    command: random(8) === 0 ? '20' : '21',
    family,
    addresses: randomBytes(random, length + 1, length).toString('hex'),
    fields: Array.from({ length: random(4) }, () => randomField(random)),
  });
}

function randomField(random: Random): Buffer {
  if (random(2) === 0) return proxyField(random(0x40), randomBytes(random, 8));
  const texts = Array.from({ length: random(4) }, () =>
    proxyField(0x20 + random(6), randomBytes(random, 8)),
  );
  return tlsField(random(8), random(2), ...texts);
}

function randomBytes(random: Random, end: number, start = 0): Buffer {
  const length = start + random(end - start);
  // Letters more often than not, so that some texts are right.
  return Buffer.from(Array.from({ length }, () => random(random(4) === 0 ? 256 : 0x7f) | 0x20));
}

function mutated(bytes: Buffer, random: Random): Buffer {
  if (random(3) > 0 || bytes.length === 0) return bytes;
  const at = random(bytes.length);
  if (random(2) === 0) return bytes.subarray(0, at);
  bytes[at] = random(256);
  return bytes;
}
