/** Hostile clients: whatever they send, the broker does not throw, and serves the others. */

import assert from 'node:assert/strict';
import { Broker } from '../../src/broker/broker.ts';
import type { Gatekeeper, Interceptor, PublishVerdict } from '../../src/broker/ports.ts';
import { fromServer } from '../../src/packet/from-server.ts';
import { encodePacket } from '../../src/packet/packet.ts';
import { bytesOf, hexOf } from '../../src/packet/packet-notation.ts';
import { PacketReader } from '../../src/packet/packet-reader.ts';
import { packetVectors } from '../../src/packet/packet-vectors.ts';
import type { Publish } from '../../src/packet/publish.ts';
import type { ProtocolVersion } from '../../src/packet/version.ts';
import type { Accept } from '../../src/session/link.ts';
import { MemoryLink } from '../../src/transport/memory.ts';
import type { FuzzTarget } from './fuzz-target.ts';
import { type Random, randomFrom } from './random.ts';

const clientsMax = 4;
const stepsPerRun = 30;
const packetsMax = 6;
const secondsMax = 100;

const versions: readonly ProtocolVersion[] = [3, 4, 5];

/** What clients send, by version: also what is refused, which is the point. */
const repertoire: Readonly<Record<ProtocolVersion, readonly Uint8Array[]>> = {
  3: repertoireOf(3),
  4: repertoireOf(4),
  5: repertoireOf(5),
};

export const brokerFuzz: FuzzTarget = {
  name: 'broker',
  run(seed, until) {
    const random = randomFrom(seed);
    let iterations = 0;
    for (; !until(); iterations += 1) new Run(random).play();
    return iterations;
  },
};

function repertoireOf(version: ProtocolVersion): readonly Uint8Array[] {
  return packetVectors
    .filter((vector) => vector.from === 'client' && vector.versions.includes(version))
    .map((vector) => bytesOf(vector.bytes));
}

/** One broker with some hostile clients and one that is well behaved. */
class Run {
  readonly #random: Random;
  // The first is the well-behaved client's.
  readonly #links: { readonly near: MemoryLink; readonly far: MemoryLink }[] = [];
  readonly #sent: string[] = [];
  readonly #accept: Accept;
  readonly #broker: Broker;
  // Ends of turns and answers of the gatekeeper: what comes later, but soon.
  #later: (() => void)[] = [];
  #now = 0;

  constructor(random: Random) {
    this.#random = random;
    const later = (callback: () => void) => this.#later.push(callback);
    this.#broker = new Broker({
      host: {
        clock: { now: () => this.#now },
        atEndOfTurn: later,
        wakeAt: () => {},
        randomId: () => String(random(1000)),
      },
      gatekeeper: randomGatekeeper(random, later),
      limits: {
        queuedMessagesMax: 5,
        packetBytesMax: 2000,
        outputBytesMax: 2000,
        lingerSeconds: 1,
      },
    });
    this.#accept = this.#broker.listener().accept;
  }

  play(): void {
    try {
      const canary = new Canary(this.#open());
      this.#settle();
      for (let step = 0; step < stepsPerRun; step += 1) this.#step();
      canary.publish();
      this.#settle();
      canary.check();
    } catch (error) {
      throw new Error(`after the clients had sent:\n${this.#sent.join('\n')}`, { cause: error });
    }
  }

  #step(): void {
    const random = this.#random;
    const hostile = this.#links.slice(1);
    const link = hostile.at(-1 - random(clientsMax))?.near;
    if (link === undefined || link.isClosed) {
      this.#connect();
    } else if (random(10) === 0) {
      link.destroy();
    } else {
      this.#send(link, randomStream(random, versions[random(3)]));
    }
    if (random(4) === 0) this.#advance(random(secondsMax));
    this.#settle();
  }

  #connect(): void {
    const random = this.#random;
    const link = this.#open();
    const version = versions[random(3)];
    const plain = encodePacket(
      {
        type: 'connect',
        version,
        bridge: version < 5 && random(5) === 0,
        cleanStart: random(2) === 0,
        keepAliveSeconds: random(20),
        clientId: `hostile${random(3)}`,
        will:
          random(2) === 0
            ? undefined
            : { topic: 'a', payload: new Uint8Array(1), qos: 1, retain: true },
        userName: undefined,
        password: undefined,
        properties: {
          sessionExpiryInterval: random(50),
          topicAliasMaximum: random(3),
          receiveMaximum: 1 + random(3),
          maximumPacketSize: 20 + random(100),
        },
      },
      version,
    );
    this.#send(
      link,
      joined([random(4) === 0 ? mutated(plain, random) : plain, randomStream(random, version)]),
    );
  }

  #open(): MemoryLink {
    const [near, far] = MemoryLink.pair(undefined, this.#random(2) * this.#random(5000));
    far.receiver = this.#accept(far);
    this.#links.push({ near, far });
    return near;
  }

  #send(link: MemoryLink, bytes: Uint8Array): void {
    this.#sent.push(`${this.#links.findIndex(({ near }) => near === link)}: ${hexOf(bytes)}`);
    link.write(bytes);
  }

  #advance(seconds: number): void {
    this.#now += seconds * 1000;
    this.#broker.wake(this.#now);
  }

  #settle(): void {
    for (let moved = 1; moved > 0; ) {
      moved = 0;
      for (const link of this.#links) moved += this.#carry(link);
      const later = this.#later;
      this.#later = [];
      for (const callback of later) callback();
      moved += later.length;
    }
  }

  /** Hostile clients send in pieces, and do not always read. */
  #carry({ near, far }: { near: MemoryLink; far: MemoryLink }): number {
    if (near === this.#links[0].near) return near.deliver() + far.deliver();
    const sent = near.deliver(1 + this.#random(50));
    return sent + (this.#random(3) > 0 ? far.deliver(1 + this.#random(500)) : 0);
  }
}

/** A client that only wants what it publishes. */
class Canary {
  readonly #link: MemoryLink;
  readonly #reader = new PacketReader({ from: fromServer, packetBytesMax: 10_000, version: 5 });
  readonly #received: string[] = [];

  constructor(link: MemoryLink) {
    this.#link = link;
    link.receiver = {
      receive: (bytes) => {
        this.#reader.push(bytes);
        for (let packet = this.#reader.next(); packet; packet = this.#reader.next()) {
          this.#received.push(packet.type === 'publish' ? packet.topic : packet.type);
        }
      },
      drained() {},
      closed() {},
    };
    link.write(bytesOf(canaryConnect));
    link.write(bytesOf(canarySubscribe));
  }

  publish(): void {
    this.#received.length = 0;
    this.#link.write(encodePacket(canaryPublish, 5));
  }

  check(): void {
    assert.equal(this.#link.isClosed, false, 'the well-behaved client was disconnected');
    assert.deepEqual(
      this.#received.filter((each) => each !== 'pingresp'),
      ['canary/topic', 'puback'],
    );
  }
}

const canaryConnect = '10 ["MQTT" 05 02 0000 [] "canary"]';
const canarySubscribe = '82 [0001 [] "canary/topic" 00]';
const canaryPublish: Publish = {
  type: 'publish',
  topic: 'canary/topic',
  payload: new Uint8Array(3),
  qos: 1,
  retain: false,
  dup: false,
  packetId: 1,
  properties: undefined,
};

/** Lets most in, challenges some, refuses a few; answers later, as a port must. */
function randomGatekeeper(random: Random, later: (callback: () => void) => void): Gatekeeper {
  const admit: Gatekeeper['admit'] = ({ clientId }, answer) => {
    later(() => {
      const dice = clientId === 'canary' ? 9 : random(10);
      if (dice === 0) answer({ type: 'refuse', reasonCode: 0x87, reason: 'bad luck' });
      else if (dice > 2) answer({ type: 'accept' });
      else
        answer({
          type: 'challenge',
          proceed: (_data, next) => later(() => next({ type: 'accept' })),
        });
    });
  };
  return {
    admit,
    reauthenticate: admit,
    mayPublish: ({ clientId }) => (clientId !== 'canary' && random(10) === 0 ? 0x87 : 0),
    maySubscribe: ({ clientId }) => (clientId !== 'canary' && random(10) === 0 ? 0x87 : 0),
    interceptor: random(2) === 0 ? undefined : randomInterceptor(random, later),
  };
}

/** Answers the canary at once, and others now, later, or in the middle of something else. */
function randomInterceptor(random: Random, later: (callback: () => void) => void): Interceptor {
  function answerOf<Answer>(isCanary: boolean, verdict: Answer, answer: (later: Answer) => void) {
    if (isCanary || random(2) === 0) return verdict;
    later(() => later(() => answer(verdict)));
    return undefined;
  }
  return {
    publish(publication, answer) {
      const isCanary = publication.client.clientId === 'canary';
      const dice = isCanary ? 9 : random(10);
      const { payload } = publication;
      const changed = { ...publication, payload: payload.slice(1), rejected: () => {} };
      const verdict: PublishVerdict =
        dice === 0
          ? { type: 'refuse', reasonCode: 0x87 }
          : dice === 1
            ? { type: 'change', ...changed, topic: random(2) === 0 ? '#' : 'changed' }
            : { type: 'pass' };
      return answerOf(isCanary, verdict, answer);
    },
    subscribe({ clientId }, subscriptions, answer) {
      const isCanary = clientId === 'canary';
      const refuses = !isCanary && random(10) === 0;
      const verdicts = subscriptions.map(({ qos }) => (refuses ? 0x87 : qos));
      return answerOf(isCanary, verdicts, answer);
    },
  };
}

function randomStream(random: Random, version: ProtocolVersion): Uint8Array {
  const vectors = repertoire[version];
  const packets = Array.from({ length: 1 + random(packetsMax) }, () => {
    const packet = vectors[random(vectors.length)];
    return random(8) === 0 ? mutated(packet, random) : packet;
  });
  return joined(packets);
}

function mutated(bytes: Uint8Array, random: Random): Uint8Array {
  const copy = bytes.slice();
  if (copy.length > 0) copy[random(copy.length)] = random(256);
  return copy;
}

function joined(pieces: readonly Uint8Array[]): Uint8Array {
  return Uint8Array.from(pieces.flatMap((piece) => [...piece]));
}
