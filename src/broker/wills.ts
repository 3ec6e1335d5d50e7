/** Will messages: published for a client that has gone without taking leave. */

import type { Will } from '../packet/connect.ts';
import type { ReasonCode } from '../packet/reason-codes.ts';
import type { Clock } from '../session/clock.ts';
import { type Passage, passageOf, publicationOf } from './interception.ts';
import type { Features, Limits } from './limits.ts';
import type { ClientIdentity, Gatekeeper, Interceptor, Observer, PublishVerdict } from './ports.ts';
import { messageOfWill } from './publication.ts';
import { isReserved, publishVerdict } from './publish-permission.ts';
import type { Router } from './router.ts';
import type { Subscriber } from './subscription.ts';

/** A will, who left it, and who decides whether that client may publish it. */
export interface LeftWill {
  readonly will: Will;
  readonly client: ClientIdentity;
  readonly gatekeeper: Gatekeeper;
  readonly interceptor: Interceptor | undefined;
}

export interface WillsOptions {
  readonly router: Router;
  readonly observer: Observer;
  readonly clock: Clock;
  readonly limits: Limits;
  readonly features: Features;
}

export class Wills {
  readonly #options: WillsOptions;

  constructor(options: WillsOptions) {
    this.#options = options;
  }

  /**
   * Publishes the will, unless the client may not publish to its topic. [MQTT-3.1.2-8]
   *
   * Nobody waits for it where an interceptor takes its time: what the broker has not been told when
   * it ends, or breaks off, is not published.
   *
   * @param session the client's own, whose no-local subscriptions do not match [MQTT-3.8.3-3]
   */
  publish(left: LeftWill, session: Subscriber, now: number): void {
    const { will, client, gatekeeper, interceptor } = left;
    if (interceptor?.publish === undefined || isReserved(will.topic)) {
      const reasonCode = publishVerdict(gatekeeper, client, will.topic);
      if (reasonCode >= 0x80) return this.#deny(left, reasonCode);
      this.#options.router.publish(messageOfWill(will, now), session, now);
      return;
    }
    const { clock } = this.#options;
    const message = messageOfWill(will, now);
    const pass = (verdict: PublishVerdict, at: number): void =>
      this.#pass(left, passageOf(verdict, message, this.#options, at), session, at);
    const publication = publicationOf(client, message, { isWill: true });
    const verdict = interceptor.publish(publication, (later) => pass(later, clock.now()));
    if (verdict !== undefined) pass(verdict, now);
  }

  #pass(left: LeftWill, { message, denial }: Passage, session: Subscriber, now: number): void {
    if (denial !== undefined) return this.#deny(left, denial);
    this.#options.router.publish(message, session, now);
  }

  #deny({ client, will }: LeftWill, reasonCode: ReasonCode): void {
    this.#options.observer.publishDenied?.(client, will.topic, reasonCode);
  }
}
