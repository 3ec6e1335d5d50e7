/** Will messages: published for a client that has gone without taking leave. */

import type { Will } from '../packet/connect.ts';
import type { ClientIdentity, Gatekeeper, Observer } from './ports.ts';
import { messageOfWill } from './publication.ts';
import { publishVerdict } from './publish-permission.ts';
import type { Router } from './router.ts';
import type { Subscriber } from './subscription.ts';

/** A will, who left it, and who decides whether that client may publish it. */
export interface LeftWill {
  readonly will: Will;
  readonly client: ClientIdentity;
  readonly gatekeeper: Gatekeeper;
}

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
  publish({ will, client, gatekeeper }: LeftWill, session: Subscriber, now: number): void {
    const reasonCode = publishVerdict(gatekeeper, client, will.topic);
    if (reasonCode >= 0x80) {
      this.#observer.publishDenied?.(client, will.topic, reasonCode);
      return;
    }
    this.#router.publish(messageOfWill(will, now), session, now);
  }
}
