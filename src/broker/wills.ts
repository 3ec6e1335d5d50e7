/** Will messages: published for a client that has gone without taking leave. */

import type { Will } from '../packet/connect.ts';
import type { ClientSession } from './client-session.ts';
import type { Observer } from './ports.ts';
import { messageOfWill } from './publication.ts';
import { publishDenial } from './publish-permission.ts';
import type { Router } from './router.ts';

export class Wills {
  readonly #router: Router;
  readonly #observer: Observer;

  constructor(router: Router, observer: Observer) {
    this.#router = router;
    this.#observer = observer;
  }

  /**
   * Publishes the will, unless the client may not publish to its topic. [MQTT-3.1.2-8]
   *
   * @param session the client's own, whose no-local subscriptions do not match [MQTT-3.8.3-3]
   */
  publish(will: Will, session: ClientSession, now: number): void {
    if (publishDenial(session.access, will.topic, this.#observer) !== undefined) return;
    this.#router.publish(messageOfWill(will, now), session, now);
  }
}
