/** A client that acknowledges whatever it gets. */

import type { Packet } from '../../src/packet/packet.ts';
import type { Publish } from '../../src/packet/publish.ts';
import type { TestClient } from './test-broker.ts';

/** Acknowledges messages one by one until no more come; returns them in their order. */
export async function takeAll(client: TestClient): Promise<Publish[]> {
  const taken: Publish[] = [];
  for (let packets = client.received(); packets.length > 0; packets = client.received()) {
    for (const packet of packets) {
      if (packet.type === 'publish') taken.push(packet);
      await acknowledge(client, packet);
    }
  }
  return taken;
}

/** The payloads of these as text. */
export async function takeTexts(client: TestClient): Promise<string[]> {
  return (await takeAll(client)).map(textOf);
}

/** Sends the next packet of the exchange, if there is one. */
export async function acknowledge(client: TestClient, packet: Packet): Promise<void> {
  if (packet.type === 'pubrel') {
    await client.send({ type: 'pubcomp', packetId: packet.packetId, reasonCode: 0 });
  }
  if (packet.type !== 'publish' || packet.qos === 0) return;
  const type = packet.qos === 1 ? 'puback' : 'pubrec';
  await client.send({ type, packetId: packet.packetId, reasonCode: 0 });
}

export function textOf({ payload }: Publish): string {
  return new TextDecoder().decode(payload);
}
