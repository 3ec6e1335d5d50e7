/** What was published, what has arrived where, and what should have. */

import type { IncomingMessage } from '../../../src/client/incoming-message.ts';
import type { QoS } from '../../../src/packet/version.ts';
import { matches } from '../../../src/topic/topic-filter.ts';
import { BrokenPromise } from '../broken-promise.ts';

export interface Publication {
  /** As the payload begins: `program.life.number`. */
  readonly key: string;
  readonly topic: string;
  readonly qos: QoS;
  /** Counts all publications, in their order. */
  readonly number: number;
  /** `open` as long as its promise is; `unknown` when its publisher died before that was settled. */
  state: 'open' | 'acknowledged' | 'failed' | 'unknown';
  /**
   * It was not acknowledged when the server crashed, and comes again: perhaps behind later ones that
   * the server has kept.
   */
  isShaken: boolean;
  /**
   * Its publisher could not know that the server had lost the session: the CONNACK that said so was
   * lost. What of QoS 2 had arrived until then comes once more.
   */
  isExcused: boolean;
  /** For probes: nothing is in the way, so that it arrives once and not twice. */
  readonly isProbe: boolean;
}

/** One subscription of one program, through all its lives. */
export class ReaderRecord {
  readonly program: string;
  readonly filter: string;
  readonly qos: QoS;
  /**
   * The number of the first publication that it should get: the server has had the subscription
   * since, without a gap. Undefined: it may not have it.
   */
  owedFrom: number | undefined;
  readonly #counts = new Map<string, number>();
  // The last that came for the first time, of each publisher, topic and QoS.
  readonly #latest = new Map<string, number>();
  // How often each came within one life.
  #seen = new Map<string, number>();

  constructor(program: string, filter: string, qos: QoS) {
    this.program = program;
    this.filter = filter;
    this.qos = qos;
  }

  get name(): string {
    return `${this.program} on ${this.filter}`;
  }

  /** Its program has begun anew: it has forgotten what it has seen. */
  beginLife(): void {
    this.#seen = new Map();
  }

  countOf({ key }: Publication): number {
    return this.#counts.get(key) ?? 0;
  }

  /** @param qos what it has arrived with */
  arrived(publication: Publication, qos: QoS): void {
    const { key, topic, number } = publication;
    const isFirst = this.countOf(publication) === 0;
    this.#counts.set(key, this.countOf(publication) + 1);
    const times = (this.#seen.get(key) ?? 0) + 1;
    this.#seen.set(key, times);
    if (times > 1) {
      const promise = qos === 2 ? 'exactlyOnce' : 'atMostOnce';
      if (qos !== 1 && !publication.isExcused)
        this.#broken(promise, `${key} has arrived ${times} times`);
      return;
    }
    // What came before the server had the subscription may come again, in another order.
    if (!isFirst || !this.#isSteadySince(number) || publication.isShaken) return;
    const lane = `${key.replace(/\.\d+$/, '')} ${topic} ${publication.qos} ${qos}`;
    const latest = this.#latest.get(lane) ?? -1;
    if (number < latest && qos > 0) this.#broken('order', `${key} has arrived too late`);
    this.#latest.set(lane, Math.max(number, latest));
  }

  owes(publication: Publication): boolean {
    const { qos, number, state, topic } = publication;
    if (!this.#isSteadySince(number)) return false;
    return qos > 0 && state === 'acknowledged' && matches(this.filter, topic);
  }

  #isSteadySince(number: number): boolean {
    return this.owedFrom !== undefined && number >= this.owedFrom;
  }

  #broken(promise: 'exactlyOnce' | 'atMostOnce' | 'order', text: string): never {
    throw new BrokenPromise(promise, this.program, `${this.name}: ${text}`);
  }
}

export class Ledger {
  readonly #publications = new Map<string, Publication>();
  // Those that have been looked at.
  readonly #past = new Map<string, Publication>();
  readonly #readers: ReaderRecord[] = [];
  // Packet ids of QoS 2 that publishers have died with: the server may hold them open, and take a
  // message of the next life that comes with one of them for a duplicate.
  readonly #collisions = new Map<string, number>();
  #number = 0;
  #arrivals = 0;

  /** Messages that have arrived anywhere. */
  get arrivals(): number {
    return this.#arrivals;
  }

  /** The number that the next publication will have. */
  get next(): number {
    return this.#number;
  }

  reader(program: string, filter: string, qos: QoS): ReaderRecord {
    const record = new ReaderRecord(program, filter, qos);
    this.#readers.push(record);
    return record;
  }

  /** @param origin `program.life` */
  publish(origin: string, topic: string, qos: QoS, { isProbe = false } = {}): Publication {
    const number = this.#number++;
    const key = `${origin}.${number}`;
    const publication: Publication = {
      key,
      topic,
      qos,
      number,
      state: 'open',
      isShaken: false,
      isExcused: false,
      isProbe,
    };
    this.#publications.set(key, publication);
    return publication;
  }

  /** @throws BrokenPromise for a payload that nobody has published */
  arrived(reader: ReaderRecord, message: IncomingMessage): Publication {
    const { topic, qos } = message;
    const payload = message.text();
    this.#arrivals++;
    const [key] = payload.split(' ');
    const publication = this.#publications.get(key) ?? this.#past.get(key);
    if (publication === undefined || publication.topic !== topic) {
      throw new BrokenPromise(
        'flags',
        reader.program,
        `nobody has published ${payload} to ${topic}`,
      );
    }
    if (!matches(reader.filter, topic)) {
      throw new BrokenPromise('owed', reader.program, `${reader.name} has got ${topic}`);
    }
    reader.arrived(publication, qos);
    return publication;
  }

  serverCrashed(): void {
    for (const publication of this.#publications.values()) {
      if (publication.state !== 'acknowledged') publication.isShaken = true;
    }
  }

  /** The server has another session than this publisher takes it for. */
  mistaken(origin: string): void {
    for (const publication of this.#publications.values()) {
      const isIts = publication.key.startsWith(`${origin}.`);
      if (isIts && publication.state !== 'acknowledged') publication.isExcused = true;
    }
  }

  /** The publisher is dead: nobody will know what became of these. */
  publisherDied(origin: string): void {
    for (const publication of this.#publications.values()) {
      const isIts = publication.key.startsWith(`${origin}.`);
      if (!isIts || publication.state !== 'open') continue;
      publication.state = 'unknown';
      const program = programOf(publication);
      if (publication.qos === 2) {
        this.#collisions.set(program, (this.#collisions.get(program) ?? 0) + 1);
      }
    }
  }

  /** All is at rest: what was acknowledged has arrived, and what nothing was in the way of, once. */
  check(): void {
    for (const publication of this.#publications.values()) {
      const { key, topic, isProbe, qos } = publication;
      if (publication.state === 'open') {
        throw new BrokenPromise('answers', undefined, `nobody knows what became of ${key}`);
      }
      if (this.#hasCollided(publication)) continue;
      for (const reader of this.#readers) {
        if (!reader.owes(publication)) continue;
        const count = reader.countOf(publication);
        if (count === 0) {
          const text = `${reader.name}: ${key} to ${topic} has not arrived`;
          throw new BrokenPromise(qos === 2 ? 'exactlyOnce' : 'atLeastOnce', reader.program, text);
        }
        if (isProbe && count > 1) {
          const text = `${reader.name}: ${key} has arrived ${count} times, though nothing broke`;
          throw new BrokenPromise('owed', reader.program, text);
        }
      }
    }
    // What has been looked at may come once more, at QoS 1.
    for (const publication of this.#publications.values())
      this.#past.set(publication.key, publication);
    this.#publications.clear();
  }

  #hasCollided(publication: Publication): boolean {
    const program = programOf(publication);
    const left = this.#collisions.get(program) ?? 0;
    if (publication.qos < 2 || left === 0) return false;
    const isMissing = this.#readers.some((reader) => reader.owes(publication));
    const isNowhere = this.#readers.every((reader) => reader.countOf(publication) === 0);
    if (!isMissing || !isNowhere) return false;
    this.#collisions.set(program, left - 1);
    return true;
  }
}

function programOf({ key }: Publication): string {
  return key.split('.')[0];
}
