/** Will messages: published for a client that has gone without taking leave. */

import type { Will } from '../packet/connect.ts';
import type { Clock } from '../session/clock.ts';
import type { ClientSession } from './client-session.ts';
import { type Passage, passageOf, publicationOf } from './interception.ts';
import type { Observer, PublishVerdict } from './ports.ts';
import { messageOfWill } from './publication.ts';
import { isReserved, publishDenial } from './publish-permission.ts';
import type { Router } from './router.ts';
import type { Settings } from './settings.ts';

export interface WillsOptions {
  readonly router: Router;
  readonly observer: Observer;
  readonly clock: Clock;
  readonly settings: Settings;
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
  publish(will: Will, session: ClientSession, now: number): void {
    const { client, interceptor } = session.access;
    const { clock, observer, router, settings } = this.#options;
    const message = messageOfWill(will, now);
    if (interceptor?.publish === undefined || isReserved(will.topic)) {
      if (publishDenial(session.access, will.topic, observer) !== undefined) return;
      router.publish(message, session, now);
      return;
    }
    const pass = (verdict: PublishVerdict, at: number): void =>
      this.#pass(session, passageOf(verdict, message, settings, at), at);
    const publication = publicationOf(client, message, { isWill: true });
    const verdict = interceptor.publish(publication, (later) => pass(later, clock.now()));
    if (verdict !== undefined) pass(verdict, now);
  }

  #pass(session: ClientSession, { message, denial, reason }: Passage, now: number): void {
    const { observer, router } = this.#options;
    if (denial === undefined) router.publish(message, session, now);
    else observer.publishDenied?.(session.access.client, message.topic, denial, reason);
  }
}
