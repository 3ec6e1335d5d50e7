/** What a client asks of the world around it. */

import type { Packet } from '../packet/packet.ts';
import type { Publish } from '../packet/publish.ts';
import type { QoS } from '../packet/version.ts';
import type { Clock } from '../session/clock.ts';
import type { Accept } from '../session/link.ts';

/** What a client needs of the machine that it runs on. */
export interface ClientHost {
  readonly clock: Clock;
  /** Calls back once, at the end of the present turn of the event loop. */
  readonly atEndOfTurn: (flush: () => void) => void;
  /** Calls `Client.wake` at that time of the clock; a later call replaces the one before. */
  readonly wakeAt: (at: number) => void;
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
   * @param publish has bytes that are lent, until this returns
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
