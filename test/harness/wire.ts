/** Tests in bytes: the same ones for MQTT 3.1.1 and 5.0, and what a client has received. */

import assert from 'node:assert/strict';
import { describe } from 'node:test';
import { bytesOf, hexOf } from '../../src/packet/packet-notation.ts';
import type { ProtocolVersion } from '../../src/packet/version.ts';
import { outcomeOf } from './outcome.ts';
import {
  type ConnectOptions,
  TestBroker,
  type TestBrokerOptions,
  type TestClient,
} from './test-broker.ts';

/**
 * Declares the same tests for clients of MQTT 3.1.1 and of 5.0.
 *
 * @param declare is given the version, and how a packet without properties says so, in the
 *   notation of packet-notation.ts
 */
export function inBothVersions(declare: (version: 4 | 5, none: '' | '00') => void): void {
  describe('MQTT 3.1.1', () => declare(4, ''));
  describe('MQTT 5.0', () => declare(5, '00'));
}

/** The same for 3.1 too, which has no numbered statements and says most of them all the same. */
export function inAllVersions(declare: (version: ProtocolVersion, none: '' | '00') => void): void {
  describe('MQTT 3.1', () => declare(3, ''));
  inBothVersions(declare);
}

/** CONNECT of a client whose session waits for it; MQTT 3.1.1 leaves the properties out. */
export function lasting(
  version: ProtocolVersion = 5,
  properties: ConnectOptions['properties'] = {},
) {
  const sessionExpiryInterval = 1000;
  return { version, cleanStart: false, properties: { sessionExpiryInterval, ...properties } };
}

export interface PairOptions extends Omit<TestBrokerOptions, 'version'> {
  readonly version?: ProtocolVersion;
  readonly subscriber?: ConnectOptions;
  readonly publisher?: ConnectOptions;
}

/** A broker with two clients that are named for what the test has them do. */
export async function pair({ version, subscriber, publisher, ...options }: PairOptions = {}) {
  const broker = new TestBroker(options);
  const shared = version === undefined ? {} : { version };
  return {
    broker,
    subscriber: await broker.connect('subscriber', { ...shared, ...subscriber }),
    publisher: await broker.connect('publisher', { ...shared, ...publisher }),
  };
}

/** These bytes and no others have arrived since the last look: see `bytesOf` for how to write. */
export function assertReceived(client: TestClient, ...notations: string[]): void {
  assert.equal(client.receivedHex(), hexOf(bytesOf(notations.join(' '))));
  client.received();
}

/**
 * The broker has ended the connection, and has sent nothing since the last look but what its
 * version says for that: DISCONNECT with the reason code, given in hexadecimal, in MQTT 5.0.
 */
export function assertClosed(
  client: TestClient,
  version: ProtocolVersion,
  reasonCode: string,
): void {
  const said = version === 5 ? [`disconnect ${reasonCode}`] : [];
  assert.deepEqual(outcomeOf(client), [...said, 'closed']);
}
