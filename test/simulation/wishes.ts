/** What a client may wish to do next: connections, subscriptions, messages, all by chance. */

import type { Will } from '../../src/packet/connect.ts';
import type { Publish } from '../../src/packet/publish.ts';
import type { Subscription } from '../../src/packet/subscribe.ts';
import type { QoS } from '../../src/packet/version.ts';
import type { ConnectWish, PublishWish } from './device.ts';
import type { Random } from './random.ts';
import type { Traits } from './settings.ts';
import { broadFilters, jobTopics, plainFilters, plainTopics, willFilters } from './topics.ts';

const qualities: readonly QoS[] = [0, 1, 1, 2, 2];
const payloadSizes = [
  { weight: 60, from: 0, to: 40 },
  { weight: 30, from: 41, to: 400 },
  { weight: 9, from: 401, to: 3000 },
  // Large enough to be handed to the link without a copy.
  { weight: 1, from: 16_384, to: 20_000 },
];
const padding = 0x78;
const blank = 0x20;

export class Wishes {
  readonly #random: Random;
  #messages = 0;
  #identifiers = 0;

  constructor(random: Random) {
    this.#random = random;
  }

  connection({ clientId, version }: Traits): ConnectWish {
    const random = this.#random;
    return {
      cleanStart: random.chance(0.15),
      keepAliveSeconds: random.pick([0, 0, 5, 60]),
      sessionExpiryInterval:
        version === 5 ? random.pick([undefined, 0, 5, 60, 1000, 1000, 0xffff_ffff]) : undefined,
      will: random.chance(0.5) ? this.#will(clientId) : undefined,
    };
  }

  /** One that takes up whatever is left of the client's session. */
  return(): ConnectWish {
    return {
      cleanStart: false,
      keepAliveSeconds: 0,
      sessionExpiryInterval: 0xffff_ffff,
      will: undefined,
    };
  }

  subscriptions({ subscribes, sharedFilter }: Traits): Subscription[] {
    const random = this.#random;
    const filters = new Set<string>();
    for (let count = random.between(1, 3); count > 0; count--) {
      const wantsShared = subscribes === 'shared' || (subscribes === 'both' && random.chance(0.4));
      filters.add(wantsShared ? sharedFilter : this.#plainFilter(subscribes));
    }
    return [...filters].map((filter) => ({
      filter,
      qos: random.pick([0, 1, 1, 2, 2]),
      // [MQTT-3.8.3-4]
      noLocal: !filter.startsWith('$share/') && random.chance(0.15),
      retainAsPublished: random.chance(0.3),
      retainHandling: random.pick([0, 0, 1, 2]),
    }));
  }

  /** A number that no other subscription has. */
  identifier({ usesIdentifiers }: Traits): number | undefined {
    return usesIdentifiers ? ++this.#identifiers : undefined;
  }

  filters({ subscribes, sharedFilter }: Traits): string[] {
    if (subscribes === 'shared') return [sharedFilter];
    const filter = this.#plainFilter(subscribes);
    return subscribes === 'both' && this.#random.chance(0.4) ? [sharedFilter, filter] : [filter];
  }

  messages({ favouriteTopic }: Traits): PublishWish[] {
    const random = this.#random;
    const count = random.pick([1, 1, 2, 8]);
    return Array.from({ length: count }, () =>
      this.#message(random.chance(0.6) ? favouriteTopic : undefined),
    );
  }

  #plainFilter(subscribes: Traits['subscribes']): string {
    const random = this.#random;
    if (random.chance(0.15)) return random.pick(willFilters);
    const isBroad = subscribes === 'plainly' && random.chance(0.3);
    return random.pick(isBroad ? broadFilters : plainFilters);
  }

  #message(favouriteTopic: string | undefined): PublishWish {
    const random = this.#random;
    const isRetained = random.chance(0.25);
    // Messages without payload look alike: nothing may depend on which of them is which.
    const isEmpty = isRetained && random.chance(0.3);
    const topic = favouriteTopic ?? random.pick(random.chance(0.35) ? jobTopics : plainTopics);
    return {
      topic: isEmpty && jobTopics.includes(topic) ? random.pick(plainTopics) : topic,
      payload: isEmpty ? new Uint8Array(0) : this.#payload(),
      qos: random.pick(qualities),
      retain: isRetained,
      properties: isEmpty ? undefined : this.#properties(),
    };
  }

  #will(clientId: string): Will {
    const random = this.#random;
    return {
      topic: `will/${clientId}`,
      payload: this.#payload(),
      qos: random.pick(qualities),
      retain: random.chance(0.3),
      properties: {
        ...this.#properties(),
        willDelayInterval: random.pick([undefined, 0, 1, 5, 120]),
      },
    };
  }

  /** Its first word tells it from all others. */
  #payload(): Uint8Array {
    const { from, to } = this.#random.pickWeighted(payloadSizes);
    const label = new TextEncoder().encode(`m${++this.#messages}`);
    const size = this.#random.between(from, to);
    if (size <= label.length) return label;
    const payload = new Uint8Array(size).fill(padding);
    payload.set(label);
    payload[label.length] = blank;
    return payload;
  }

  #properties(): Publish['properties'] {
    const random = this.#random;
    if (random.chance(0.5)) return undefined;
    return {
      messageExpiryInterval: random.pick([undefined, undefined, 1, 10, 300]),
      contentType: random.pick([undefined, 'text/plain']),
      responseTopic: random.pick([undefined, 'a/answer']),
      correlationData: random.pick([undefined, new Uint8Array([0, 255])]),
      userProperties: random.pick([
        undefined,
        [
          ['z', '1'],
          ['a', '2'],
          ['z', '1'],
        ],
      ]),
    };
  }
}
