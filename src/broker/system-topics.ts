/** What the broker publishes about itself, under Mosquitto's names. (mosquitto(8), $SYS) */

import type { Clock } from '../session/clock.ts';
import { type Deadlines, notScheduled, type Timed } from '../session/deadlines.ts';
import { Message } from '../session/message.ts';
import type { Traffic } from '../session/traffic.ts';
import type { BrokerCounters } from './broker-counters.ts';
import { LoadAverages } from './load-averages.ts';
import type { RetainedMessages } from './retained-messages.ts';
import type { Router } from './router.ts';
import type { Sessions } from './sessions.ts';
import type { Subscriptions } from './subscriptions.ts';

/** What the topics are about. */
export interface SystemTopicSources {
  readonly router: Router;
  readonly traffic: Traffic;
  readonly counters: BrokerCounters;
  readonly sessions: Sessions;
  readonly subscriptions: Subscriptions;
  readonly retained: RetainedMessages;
  readonly deadlines: Deadlines;
  readonly host: { readonly clock: Clock; readonly heapBytes?: () => number };
}

type Reading = (sources: SystemTopicSources) => number;

const disconnected: Reading = ({ sessions, counters }) =>
  Math.max(0, sessions.count - counters.connected);

const packetTopics: Record<string, Reading> = {
  'mqtt/connect/received': ({ traffic }) => traffic.received.connect,
  'mqtt/connack/sent': ({ traffic }) => traffic.sent.connack,
  'mqtt/publish/received': ({ traffic }) => traffic.received.publish,
  'mqtt/publish/sent': ({ traffic }) => traffic.sent.publish,
  'mqtt/publish/dropped': ({ counters }) => counters.droppedAtLimits,
  'mqtt/puback/received': ({ traffic }) => traffic.received.puback,
  'mqtt/puback/sent': ({ traffic }) => traffic.sent.puback,
  'mqtt/pubrec/received': ({ traffic }) => traffic.received.pubrec,
  'mqtt/pubrec/sent': ({ traffic }) => traffic.sent.pubrec,
  'mqtt/pubrel/received': ({ traffic }) => traffic.received.pubrel,
  'mqtt/pubrel/sent': ({ traffic }) => traffic.sent.pubrel,
  'mqtt/pubcomp/received': ({ traffic }) => traffic.received.pubcomp,
  'mqtt/pubcomp/sent': ({ traffic }) => traffic.sent.pubcomp,
  'mqtt/subscribe/received': ({ traffic }) => traffic.received.subscribe,
  'mqtt/suback/sent': ({ traffic }) => traffic.sent.suback,
  'mqtt/unsubscribe/received': ({ traffic }) => traffic.received.unsubscribe,
  'mqtt/unsuback/sent': ({ traffic }) => traffic.sent.unsuback,
  'mqtt/pingreq/received': ({ traffic }) => traffic.received.pingreq,
  'mqtt/pingresp/sent': ({ traffic }) => traffic.sent.pingresp,
  'mqtt/disconnect/received': ({ traffic }) => traffic.received.disconnect,
  'mqtt/disconnect/sent': ({ traffic }) => traffic.sent.disconnect,
  'mqtt/auth/received': ({ traffic }) => traffic.received.auth,
  'mqtt/auth/sent': ({ traffic }) => traffic.sent.auth,
};

const topics: Record<string, Reading> = {
  'bytes/received': ({ traffic }) => traffic.receivedBytes,
  'bytes/sent': ({ traffic }) => traffic.sentBytes,
  'messages/received': ({ traffic }) => traffic.received.total,
  'messages/sent': ({ traffic }) => traffic.sent.total,
  'publish/messages/received': ({ traffic }) => traffic.received.publish,
  'publish/messages/sent': ({ traffic }) => traffic.sent.publish,
  'publish/messages/dropped': ({ counters }) => counters.droppedAtLimits,
  'publish/bytes/received': ({ traffic }) => traffic.publishReceivedBytes,
  'publish/bytes/sent': ({ traffic }) => traffic.publishSentBytes,
  'clients/total': ({ sessions }) => sessions.count,
  'clients/connected': ({ counters }) => counters.connected,
  'clients/active': ({ counters }) => counters.connected,
  'clients/disconnected': disconnected,
  'clients/inactive': disconnected,
  'clients/maximum': ({ counters }) => counters.connectedMax,
  'clients/expired': ({ counters }) => counters.expiredSessions,
  'connections/socket/count': ({ counters }) => counters.openSockets,
  'subscriptions/count': ({ subscriptions }) => subscriptions.count,
  'shared_subscriptions/count': ({ subscriptions }) => subscriptions.sharedCount,
  'retained messages/count': ({ retained }) => retained.count,
  'messages/stored': ({ retained, sessions }) => retained.count + sessions.heldMessages,
  'store/messages/count': ({ retained, sessions }) => retained.count + sessions.heldMessages,
  'store/messages/bytes': ({ retained, sessions }) => retained.bytes + sessions.heldBytes,
  ...packetTopics,
};

const loads: Record<string, Reading> = {
  connections: ({ traffic }) => traffic.received.connect,
  sockets: ({ counters }) => counters.sockets,
  'bytes/received': ({ traffic }) => traffic.receivedBytes,
  'bytes/sent': ({ traffic }) => traffic.sentBytes,
  'messages/received': ({ traffic }) => traffic.received.total,
  'messages/sent': ({ traffic }) => traffic.sent.total,
  'publish/received': ({ traffic }) => traffic.received.publish,
  'publish/sent': ({ traffic }) => traffic.sent.publish,
  'publish/dropped': ({ counters }) => counters.droppedAtLimits,
};

/** Publishes each topic, retained, when its value has changed. */
export class SystemTopics implements Timed {
  heapIndex = notScheduled;
  dueAt = 0;
  readonly #sources: SystemTopicSources;
  readonly #version: string;
  #seconds: number;
  readonly #loads = new LoadAverages(Object.keys(loads));
  readonly #last = new Map<string, string>();
  #startedAt: number | undefined;
  #publishedAt = 0;
  #heapBytesMax = 0;

  /** @param seconds between two rounds; 0: nothing is ever published */
  constructor(
    sources: SystemTopicSources,
    { version, seconds }: { version: string; seconds: number },
  ) {
    this.#sources = sources;
    this.#version = version;
    this.#seconds = seconds;
  }

  start(): void {
    if (this.#seconds === 0) return;
    const now = this.#sources.host.clock.now();
    this.#startedAt = now;
    this.#publishedAt = now;
    this.#publish('version', this.#version, now);
    this.due(now);
  }

  /** From now on there are so many seconds between two rounds; 0: there are none any more. */
  change(seconds: number): void {
    if (seconds === this.#seconds) return;
    const hadBegun = this.#startedAt !== undefined;
    this.#seconds = seconds;
    this.stop();
    if (!hadBegun) this.start();
    else if (seconds > 0) this.#schedule(this.#sources.host.clock.now());
  }

  stop(): void {
    this.#sources.deadlines.clear(this);
  }

  due(now: number): void {
    const sources = this.#sources;
    const seconds = (now - this.#publishedAt) / 1000;
    this.#publishedAt = now;
    this.#publish('uptime', `${Math.floor((now - this.#startedAt!) / 1000)} seconds`, now);
    for (const [topic, read] of Object.entries(topics)) {
      this.#publish(topic, String(read(sources)), now);
    }
    this.#publishHeap(now);
    for (const [name, read] of Object.entries(loads)) {
      const averages = this.#loads.update(name, read(sources), seconds);
      for (const [span, perMinute] of Object.entries(averages)) {
        this.#publish(`load/${name}/${span}`, perMinute.toFixed(2), now);
      }
    }
    this.#schedule(now);
  }

  #schedule(now: number): void {
    this.#sources.deadlines.set(this, now + this.#seconds * 1000);
  }

  #publishHeap(now: number): void {
    const bytes = this.#sources.host.heapBytes?.();
    if (bytes === undefined) return;
    this.#heapBytesMax = Math.max(this.#heapBytesMax, bytes);
    this.#publish('heap/current', String(bytes), now);
    this.#publish('heap/maximum', String(this.#heapBytesMax), now);
  }

  #publish(topic: string, value: string, now: number): void {
    if (this.#last.get(topic) === value) return;
    this.#last.set(topic, value);
    const payload = new TextEncoder().encode(value);
    const message = new Message(`$SYS/broker/${topic}`, payload, { retain: true });
    this.#sources.router.publish(message, undefined, now);
  }
}
