/** An interceptor that passes, or does what a test says, and answers when the test wants it to. */

import type {
  ClientIdentity,
  ConnectedClient,
  Departure,
  Interceptor,
  Publication,
  PublishVerdict,
  RequestedSubscription,
} from '../../src/broker/ports.ts';
import type { ReasonCode } from '../../src/packet/reason-codes.ts';

export interface InterceptorRules {
  readonly publish?: (publication: Publication) => PublishVerdict;
  readonly subscribe?: (
    subscriptions: readonly RequestedSubscription[],
    client: ClientIdentity,
  ) => readonly ReasonCode[];
}

export class TestInterceptor implements Interceptor {
  readonly publications: Publication[] = [];
  readonly requests: (readonly RequestedSubscription[])[] = [];
  /** Who came and went, and what was unsubscribed, as short text. */
  readonly events: string[] = [];
  /** Answers come when the test calls `answer`. */
  isSlow = false;
  readonly #rules: InterceptorRules;
  #waiting: (() => void)[] = [];

  constructor(rules: InterceptorRules = {}) {
    this.#rules = rules;
  }

  get waitingCount(): number {
    return this.#waiting.length;
  }

  publish(
    publication: Publication,
    answer: (verdict: PublishVerdict) => void,
  ): PublishVerdict | undefined {
    this.publications.push(publication);
    return this.#answer(this.#rules.publish?.(publication) ?? { type: 'pass' }, answer);
  }

  subscribe(
    client: ClientIdentity,
    subscriptions: readonly RequestedSubscription[],
    answer: (verdicts: readonly ReasonCode[]) => void,
  ): readonly ReasonCode[] | undefined {
    this.requests.push(subscriptions);
    const asked = subscriptions.map(({ qos }) => qos);
    return this.#answer(this.#rules.subscribe?.(subscriptions, client) ?? asked, answer);
  }

  unsubscribed({ clientId }: ClientIdentity, filter: string): void {
    this.events.push(`${clientId} unsubscribed ${filter}`);
  }

  connected({ clientId }: ConnectedClient): void {
    this.events.push(`${clientId} connected`);
  }

  disconnected({ client, cause }: Departure): void {
    this.events.push(`${client.clientId} disconnected: ${cause}`);
  }

  /** Gives the answers that wait. */
  answer(): void {
    for (const give of this.#waiting.splice(0)) give();
  }

  #answer<Answer>(verdict: Answer, later: (verdict: Answer) => void): Answer | undefined {
    if (!this.isSlow) return verdict;
    this.#waiting.push(() => later(verdict));
    return undefined;
  }
}
