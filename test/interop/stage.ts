/** Where the claims about a client library are played: its clients, one broker, names for both. */

import type { ProtocolVersion } from '../../src/packet/version.ts';
import type {
  BrokerPlace,
  ForeignClient,
  ForeignConnectOptions,
  ForeignLibrary,
  ForeignMessage,
} from './foreign-client.ts';
import type { RunningBroker } from './running-broker.ts';

/** A test that hangs has failed; no claim is about time. */
export const claimOptions = { concurrency: true, timeout: 30_000 } as const;

/** A library's clients on one broker, with names that no other test uses. */
export class Stage {
  readonly library: ForeignLibrary;
  readonly #broker: RunningBroker;
  #names = 0;

  constructor(library: ForeignLibrary, broker: RunningBroker) {
    this.library = library;
    this.#broker = broker;
  }

  /** A client identifier short enough for MQTT 3.1, or the first level of topics. */
  name(): string {
    return `n${this.#names++}`;
  }

  get place(): BrokerPlace {
    const { host, port, webSocket } = this.#broker;
    return { host, port, webSocket };
  }

  connect(
    version: ProtocolVersion,
    options: Partial<ForeignConnectOptions> = {},
  ): Promise<ForeignClient> {
    return this.library.connect({ ...this.place, version, clientId: this.name(), ...options });
  }
}

/** The next `count` messages. */
export async function next(client: ForeignClient, count: number): Promise<ForeignMessage[]> {
  const messages: ForeignMessage[] = [];
  while (messages.length < count) messages.push(await client.next());
  return messages;
}

/** The messages before that on `topic`. */
export async function untilTopic(client: ForeignClient, topic: string): Promise<ForeignMessage[]> {
  const messages: ForeignMessage[] = [];
  for (;;) {
    const message = await client.next();
    if (message.topic === topic) return messages;
    messages.push(message);
  }
}

export function topicsOf(messages: readonly ForeignMessage[]): string[] {
  return messages.map(({ topic }) => topic);
}

export function text(payload: Uint8Array): string {
  return new TextDecoder().decode(payload);
}
