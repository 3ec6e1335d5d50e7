/** Will messages: published for a client that has gone without taking leave. */

import type { Will } from '../packet/connect.ts';
import type { Clock } from '../session/clock.ts';
import type { ClientSession } from './client-session.ts';
import { passageOf, publicationOf } from './interception.ts';
import type { Observer, PublishVerdict } from './ports.ts';
import { messageOfWill } from './publication.ts';
import { publishDenial, tellDenied } from './publish-permission.ts';
import { isReserved } from './reserved-topics.ts';
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
    const { client, gatekeeper } = session.access;
    const { clock, observer, router, settings } = this.#options;
    const { interceptor } = gatekeeper;
    const message = messageOfWill(will, now);
    if (interceptor?.publish === undefined || isReserved(will.topic)) {
      if (publishDenial(session.access, will.topic, observer) !== undefined) return;
      router.publish(message, session, now);
      return;
    }
    const pass = (verdict: PublishVerdict, at: number): void => {
      const passage = passageOf(verdict, message, settings, at);
      if (passage.denial === undefined) router.publish(passage.message, session, at);
      else tellDenied(session.access, will.topic, { reasonCode: passage.denial, observer });
    };
    const publication = publicationOf(client, message, { isWill: true });
    const verdict = interceptor.publish(publication, (later) => pass(later, clock.now()));
    if (verdict !== undefined) pass(verdict, now);
  }
}
