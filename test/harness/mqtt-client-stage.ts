/** Tests of the client that stays connected: how they begin, and what they look at. */

import type { ConnectOptions, Servers } from '../../src/client/connect-options.ts';
import type { IncomingMessage } from '../../src/client/incoming-message.ts';
import { MqttClient } from '../../src/client/mqtt-client.ts';
import type { Open } from '../../src/client/ports.ts';
import type { Connack } from '../../src/packet/connack.ts';
import type { Packet } from '../../src/packet/packet.ts';
import type { Publish } from '../../src/packet/publish.ts';
import type { ProtocolVersion } from '../../src/packet/version.ts';
import { PlayedServer, TestNetwork, type TestPlatform } from './test-network.ts';

export interface StageOptions extends ConnectOptions {
  readonly network?: TestNetwork;
  readonly servers?: Servers | (() => Servers | Promise<Servers>);
  readonly reach?: (server: URL) => Open;
  readonly random?: () => number;
  /** What the server speaks. */
  readonly serverVersion?: ProtocolVersion;
}

export interface Stage {
  readonly network: TestNetwork;
  readonly server: PlayedServer;
  readonly platform: TestPlatform;
  readonly client: MqttClient;
  /** Names of events, in their order. */
  readonly events: string[];
}

/** A client that has not begun, and one server that the test plays. */
export function mqttStage(options: StageOptions = {}): Stage {
  const { network = new TestNetwork(), servers = 'mqtt://server', random } = options;
  const server = new PlayedServer(network, options.serverVersion ?? options.version ?? 5);
  const { reach = () => server.open } = options;
  const platform = network.platform(reach, random);
  const client = new MqttClient(servers, { keepAliveSeconds: 0, ...options }, platform);
  return { network, server, platform, client, events: eventsOf(client) };
}

/** The same, let in by a server that has said `connack`. */
export async function mqttWelcomed(options: StageOptions = {}, connack: Partial<Connack> = {}) {
  const stage = mqttStage(options);
  const starting = stage.client.start();
  const connect = await stage.server.letIn(connack);
  await stage.network.settled(starting);
  return { ...stage, connect };
}

/** The connection breaks, and the next one is there. */
export async function reconnected(
  { network, server }: Stage,
  connack: Partial<Connack> = { sessionPresent: true },
) {
  await server.drop();
  await network.advance(1);
  return await server.letIn(connack);
}

function eventsOf(client: MqttClient): string[] {
  const events: string[] = [];
  for (const name of ['connected', 'disconnected', 'reconnecting', 'closed', 'dropped'] as const) {
    client.on(name, () => events.push(name));
  }
  return events;
}

type Subscribe = Extract<Packet, { type: 'subscribe' }>;

/** A PUBLISH as a server sends it; with identifiers where those are given. */
export function published(
  topic: string,
  payload: string,
  { identifiers, ...packet }: Partial<Publish> & { identifiers?: readonly number[] } = {},
): Publish {
  return {
    type: 'publish',
    topic,
    payload: new TextEncoder().encode(payload),
    qos: packet.packetId === undefined ? 0 : 1,
    retain: false,
    dup: false,
    packetId: 0,
    properties: identifiers && { subscriptionIdentifiers: identifiers },
    ...packet,
  };
}

/** Grants what has been subscribed to since the last look; gives back the SUBSCRIBE packets. */
export async function granted({ network, server }: Stage): Promise<Subscribe[]> {
  await network.settle();
  const subscribes = server.received().filter((packet) => packet.type === 'subscribe');
  for (const { packetId, subscriptions } of subscribes) {
    const reasonCodes = subscriptions.map(({ qos }) => qos);
    await server.send({ type: 'suback', packetId, reasonCodes, properties: undefined });
  }
  return subscribes;
}

export function identifierOf({ properties }: Subscribe): number {
  return properties!.subscriptionIdentifier!;
}

/** Reads on behalf of the test: what has been read, and when it goes on. */
export class Reader {
  readonly texts: string[] = [];
  /** `done`, or why the reading has failed; undefined as long as it has not ended. */
  end: unknown;
  #isHeld = false;
  #next = Promise.withResolvers<void>();

  constructor(messages: AsyncIterable<IncomingMessage>, { held = false } = {}) {
    this.#isHeld = held;
    this.#read(messages).then(
      () => {
        this.end = 'done';
      },
      (error: unknown) => {
        this.end = error;
      },
    );
  }

  /** Goes on with the next message. */
  step(): void {
    const next = this.#next;
    this.#next = Promise.withResolvers();
    next.resolve();
  }

  async #read(messages: AsyncIterable<IncomingMessage>): Promise<void> {
    for await (const message of messages) {
      this.texts.push(message.text());
      if (this.#isHeld) await this.#next.promise;
    }
  }
}
