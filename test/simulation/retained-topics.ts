/** The retained message of each topic, and what the store may have of it. */

import { BrokenPromise } from './broken-promise.ts';
import { Past, type Version } from './past.ts';
import type { Publication } from './publication.ts';
import type { Recovery } from './recovery.ts';

type Retained = Publication | undefined;

export class RetainedTopics {
  readonly #pasts = new Map<string, Past<Retained>>();
  // Since the broker began.
  readonly #ever = new Map<string, Publication[]>();
  readonly #versions = new Map<Publication, Version<Retained>>();
  // What was last published was refused, and QoS 0 before it may be lost with it.
  readonly #uncertain = new Set<string>();

  get topics(): string[] {
    return [...this.#pasts].flatMap(([topic, { present }]) => (present ? [topic] : []));
  }

  /** Whether it is known which messages there are. */
  get isCertain(): boolean {
    return [...this.#pasts.keys()].every((topic) => this.isCertainOf(topic));
  }

  /** Whether it is known which message the topic has. */
  isCertainOf(topic: string): boolean {
    const isDoubtful = this.#pasts.get(topic)?.possible.some((each) => each?.isDoubtful);
    return !this.#uncertain.has(topic) && !isDoubtful;
  }

  get(topic: string): Retained {
    return this.#pasts.get(topic)?.present;
  }

  /** All that the topic has had since the broker began, the present one first. */
  everOf(topic: string): readonly Publication[] {
    return (this.#ever.get(topic) ?? []).toReversed();
  }

  /** A publication, perhaps without payload: then it only clears the topic. */
  replace(publication: Publication): void {
    const { topic, payload } = publication;
    const retained = payload.length === 0 ? undefined : publication;
    this.#uncertain.delete(topic);
    this.#versions.set(publication, this.#pastOf(topic).become(retained));
    if (retained !== undefined) this.#ever.set(topic, [...(this.#ever.get(topic) ?? []), retained]);
  }

  clear(topic: string): void {
    this.#pastOf(topic).become(undefined);
  }

  /** The publication was acknowledged: nothing older may be there any more. */
  certify(publication: Publication): void {
    const version = this.#versions.get(publication);
    if (version !== undefined) this.#pastOf(publication.topic).certify(version);
  }

  withdraw(publication: Publication): void {
    const version = this.#versions.get(publication);
    if (version === undefined) return;
    const { topic } = publication;
    const past = this.#pastOf(topic);
    if (past.presentVersion === version && past.possible.length > 2) this.#uncertain.add(topic);
    past.withdraw(version);
  }

  expired(now: number): string[] {
    return this.topics.filter((topic) => this.get(topic)!.expiresAt <= now);
  }

  /** What copies of its messages will tell says nothing of a topic. */
  beginRecovery(): void {
    for (const topic of this.#pasts.keys()) {
      if (!this.isCertainOf(topic)) this.#uncertain.add(topic);
    }
  }

  /** @throws BrokenPromise when the store has what it must not have */
  recover(recovery: Recovery): void {
    const { contents, isExact, now } = recovery;
    for (const topic of contents.retained.keys()) this.#pastOf(topic);
    this.#ever.clear();
    this.#versions.clear();
    for (const [topic, past] of this.#pasts) {
      const label = contents.retained.get(topic);
      const possible = isExact && this.isCertainOf(topic) ? [past.present] : past.possible;
      const labelNow = (retained: Retained) =>
        retained !== undefined && retained.expiresAt > now ? retained.label : undefined;
      const retained = possible.findLast((each) => labelNow(each) === label);
      if (!possible.some((each) => labelNow(each) === label)) {
        const may = possible.map((each) => each?.label ?? 'none').join(', ');
        const message = `the disk has ${label ?? 'nothing'} retained for ${topic}, not ${may}`;
        throw new BrokenPromise('durable', undefined, message);
      }
      const recovered = label === undefined ? undefined : retained;
      this.#pasts.set(topic, new Past<Retained>(recovered));
      if (recovered === undefined) continue;
      recovered.isDoubtful = false;
      this.#ever.set(topic, [recovered]);
    }
    this.#uncertain.clear();
  }

  #pastOf(topic: string): Past<Retained> {
    const past = this.#pasts.get(topic) ?? new Past<Retained>(undefined);
    this.#pasts.set(topic, past);
    return past;
  }
}
