/** A message as a client published it, and the copies of it that subscribers are owed. */

import type { Publish } from '../../src/packet/publish.ts';
import type { QoS } from '../../src/packet/version.ts';

/** What a message carries from end to end. */
export type CarriedProperties = NonNullable<Publish['properties']>;

/** A publication that the broker has taken; one that was sent twice at QoS 1 is two. */
export interface Publication {
  /** In the order in which the broker took them. */
  readonly serial: number;
  /** Tells messages apart: see `labelOf`. */
  readonly label: string;
  readonly topic: string;
  readonly payload: Uint8Array;
  readonly qos: QoS;
  readonly retain: boolean;
  readonly properties: CarriedProperties | undefined;
  /** The clock's milliseconds; Infinity: never. */
  readonly expiresAt: number;
  /** Whose messages keep their order. */
  readonly publisher: string;
  /** Its publisher was told that it is safe. */
  isAcknowledged: boolean;
  /** The store failed before its publisher was told that it is safe: it may be refused. */
  isDoubtful: boolean;
}

/** What one delivery must look like. */
export interface Terms {
  readonly qos: QoS;
  readonly retain: boolean;
  /** Subscription identifiers as text, in numerical order. */
  readonly identifiers: string;
}

/**
 * `due` from the moment that the broker took the message, `sent` while it is unacknowledged,
 * `released` after PUBREC, `over` when nothing more may happen.
 */
export type CopyState = 'due' | 'sent' | 'released' | 'over';

interface Circumstances {
  readonly lane: string | undefined;
  readonly mayBeLost?: boolean;
  readonly hasTwin?: boolean;
  readonly isReplayed?: boolean;
}

/** One delivery that is owed, from the publication to the last acknowledgement. */
export class Copy implements Terms {
  readonly publication: Publication;
  readonly qos: QoS;
  readonly retain: boolean;
  readonly identifiers: string;
  /** Keeps its order with others of the same lane; undefined where no order is promised. */
  lane: string | undefined;
  /** QoS 0 that may be lost without anybody's fault. */
  readonly mayBeLost: boolean;
  /** It may be a later publication of the same message that came: its lifetime is not certain. */
  readonly hasTwin: boolean;
  /** A subscription has asked for it, so that no publisher waits for it. */
  readonly isReplayed: boolean;
  state: CopyState = 'due';
  /** How often it reached the application at the other end. */
  receipts = 0;
  /** The number of the link that it was last sent over; -1: it was never sent. */
  lastLink = -1;
  /** It was refused, and the report that it is dropped is still to come. */
  isRefused = false;
  /** PUBREL has left for it. */
  wasReleased = false;

  constructor(
    publication: Publication,
    terms: Terms,
    { lane, mayBeLost = false, hasTwin = false, isReplayed = false }: Circumstances,
  ) {
    this.publication = publication;
    this.qos = terms.qos;
    this.retain = terms.retain;
    this.identifiers = terms.identifiers;
    this.lane = lane && `${lane}|${publication.publisher}|${publication.topic}|${terms.qos}`;
    this.mayBeLost = mayBeLost;
    this.hasTwin = hasTwin;
    this.isReplayed = isReplayed;
  }
}

/**
 * What a payload begins with, up to the first blank: unique, as every device numbers its messages.
 * Empty payloads have no room for it, and are told apart by their topics only.
 */
export function labelOf(topic: string, payload: Uint8Array): string {
  if (payload.length === 0) return `nothing for ${topic}`;
  let end = payload.indexOf(0x20);
  if (end === -1) end = payload.length;
  return String.fromCharCode(...payload.subarray(0, end));
}

export function identifiersText(identifiers: readonly number[] | undefined): string {
  if (identifiers === undefined) return '';
  return identifiers.length === 1
    ? String(identifiers[0])
    : identifiers.toSorted((a, b) => a - b).join(' ');
}

/** Whether a PUBLISH looks like that. */
export function fits(publish: Publish, terms: Terms): boolean {
  return (
    publish.qos === terms.qos &&
    publish.retain === terms.retain &&
    identifiersText(publish.properties?.subscriptionIdentifiers) === terms.identifiers
  );
}

/** Equal for copies that nothing in their packets tells apart. */
export function likeness(label: string, terms: Terms): string {
  return `${label} with ${describe(terms)}`;
}

export function describe({ qos, retain, identifiers }: Terms): string {
  const withIdentifiers = identifiers === '' ? '' : `, subscriptions ${identifiers}`;
  return `QoS ${qos}${retain ? ', retain' : ''}${withIdentifiers}`;
}
