/** What a client asks of the world around it. */

import type { Packet } from '../packet/packet.ts';
import type { Publish } from '../packet/publish.ts';
import type { TopicCache } from '../packet/topic-cache.ts';
import type { QoS } from '../packet/version.ts';
import type { Clock } from '../session/clock.ts';
import type { Accept } from '../session/link.ts';
import type { Turn } from '../session/turn.ts';

/** What a client needs of the machine that it runs on. */
export interface ClientHost {
  readonly clock: Clock;
  /** Calls back once, at the end of the present turn of the event loop. */
  readonly atEndOfTurn: (flush: () => void) => void;
  /** What several clients have together, whose outputs leave by it; absent: it is its own. */
  readonly turn?: Turn | undefined;
  /** Calls `Client.wake` at that time of the clock; a later call replaces the one before. */
  readonly wakeAt: (at: number) => void;
}

/** What a client that stays connected needs beyond that. */
export interface ClientPlatform extends Omit<ClientHost, 'wakeAt'> {
  /**
   * Calls back once, after so many milliseconds. A call that comes too early does no harm.
   *
   * @returns what takes it back
   */
  readonly after: (milliseconds: number, call: () => void) => () => void;
  /** What knows topics that have arrived before; absent: each is decoded. 445 → 283 ns in all. */
  readonly topics?: TopicCache;
  /** Nothing is asked for any more. */
  readonly stop: () => void;
  /** A number from 0 up to 1. */
  readonly random: () => number;
  /** Milliseconds since 1970, for what outlives the program. */
  readonly date: () => number;

  /**
   * The servers that a URL stands for, where it is a name that has to be looked up: see DNS SRV.
   * Absent where there is nothing like it.
   *
   * @throws whatever says why there is none
   */
  readonly locate?: (server: URL) => Promise<readonly URL[]>;

  /**
   * Opens a connection to the server of a URL, as `Open` does.
   *
   * @param signal gives it up
   */
  readonly open: (server: URL, accept: Accept, signal: AbortSignal) => Promise<void>;
}

/** Opens a network connection, has `accept` called for it, and rejects when there is none. */
export type Open = (accept: Accept) => Promise<void>;

/** Is shown what goes over the wire; a method that is absent costs nothing. */
export interface ClientObserver {
  packetSent?(packet: Packet): void;
  packetReceived?(packet: Packet): void;
}

/** The client's side of an enhanced authentication. (MQTT 5.0 section 4.12) */
export interface Authenticator {
  /**
   * Answers one step.
   *
   * @throws whatever ends the connection: the server is not who it should be
   */
  answer(data: Uint8Array | undefined): Uint8Array | undefined | Promise<Uint8Array | undefined>;

  /**
   * Is shown what the server says at the end, in CONNACK.
   *
   * @throws as `answer`
   */
  verify?(data: Uint8Array | undefined): void | Promise<void>;
}

/** Gets what arrives. */
export interface Recipient {
  /** Takes no more for now; whatever comes before reading has stopped is pushed all the same. */
  readonly isFull: boolean;

  /**
   * @param publish has bytes that are lent until this returns, but for the payload
   * @param topic in full, also where an alias stood for it
   * @param source is to be told once the message has been dealt with
   */
  push(publish: Publish, topic: string, source: Source): void;

  /** A connection is there, and messages may arrive. */
  opened?(): void;

  /**
   * No more will arrive by that connection.
   *
   * @param failure undefined when this side disconnected
   */
  ended?(failure: Error | undefined): void;
}

/** Where a message came in. */
export interface Source {
  /** The message has been dealt with, so that it can be acknowledged. */
  taken(qos: QoS, packetId: number): void;
}

/** A record of an outbox. */
export interface OutboxRecord {
  readonly key: number;
  readonly value: Uint8Array;
}

/**
 * Keeps an outbox beyond the life of the program; what the records say is the outbox's own. After
 * a crash, of what was put and removed since the last `flush` a part may be there: the first of it,
 * up to anywhere.
 */
export interface OutboxStore {
  /**
   * Opens the store, once and before everything else. What it gives would outlive a power cut.
   *
   * @returns all records, in the order of their keys; their bytes are the caller's
   * @throws what says why they cannot be read; nobody else may use the store at the same time
   */
  load(): Promise<readonly OutboxRecord[]>;

  /** Keeps a value, in the place of the one that the key had. The bytes are lent. */
  put(key: number, value: Uint8Array): void;

  remove(key: number): void;

  /**
   * Resolves when all that was put and removed until now would outlive a power cut.
   *
   * @throws what stood in the way; nothing is forgotten by that, and the next `flush` tries again
   */
  flush(): Promise<void>;

  /** Flushes, and lets others have the store, even where it cannot flush. */
  close(): Promise<void>;
}
