/** Tests of our client against a played server: how they begin, and what they look at. */

import assert from 'node:assert/strict';
import type { Client, ClientOptions } from '../../src/client/client.ts';
import { ClientError } from '../../src/client/client-error.ts';
import type { Packet } from '../../src/packet/packet.ts';
import type { Publish } from '../../src/packet/publish.ts';
import type { ReasonCode } from '../../src/packet/reason-codes.ts';
import { PlayedServer, TestNetwork } from './test-network.ts';

type Connack = Packet & { type: 'connack' };

export function stage(options: Omit<ClientOptions, 'host'> = {}) {
  const network = new TestNetwork();
  const server = new PlayedServer(network, options.version ?? 5);
  const client = network.client({ keepAliveSeconds: 0, ...options });
  return { network, server, client };
}

/** A client that is connected to a played server which has said `properties` in CONNACK. */
export async function welcomed(
  options: Omit<ClientOptions, 'host'> = {},
  properties?: Connack['properties'],
) {
  const { network, server, client } = stage(options);
  await server.welcome(client, { properties });
  return { network, server, client };
}

export function failure(name: ClientError['failure'], reasonCode?: ReasonCode) {
  return (error: unknown) => {
    assert.ok(error instanceof ClientError, String(error));
    assert.equal(error.failure, name);
    if (reasonCode !== undefined) assert.equal(error.reasonCode, reasonCode);
    return true;
  };
}

export function message(qos: 0 | 1 | 2, packetId: number, payload = ''): Publish {
  return {
    type: 'publish',
    topic: 'a',
    payload: new TextEncoder().encode(payload),
    qos,
    retain: false,
    dup: false,
    packetId,
    properties: undefined,
  };
}

export function publishesOf(server: PlayedServer): Publish[] {
  return server.received().filter((packet) => packet.type === 'publish');
}

export function text({ payload }: { payload: Uint8Array }): string {
  return new TextDecoder().decode(payload);
}

/** The payloads of the next messages: `count`, or all that come before the end. */
export async function takenPayloads(
  client: Client,
  count = Number.POSITIVE_INFINITY,
): Promise<string[]> {
  const payloads: string[] = [];
  for await (const each of client.messages()) {
    payloads.push(text(each));
    if (payloads.length === count) break;
  }
  return payloads;
}
