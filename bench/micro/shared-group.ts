/** What a shared group takes to give a message to one of its members: run this file with Node. */

import { Settings } from '../../src/broker/settings.ts';
import { SharedGroup } from '../../src/broker/shared-group.ts';
import { Subscription } from '../../src/broker/subscription.ts';
import type { QoS } from '../../src/packet/version.ts';
import { Message } from '../../src/session/message.ts';
import { bestNanoseconds, report } from './measure.ts';
import { makeSessions, Sink } from './sessions.ts';

interface Scene {
  readonly members: number;
  /** Of these, connected; the rest is away. */
  readonly connected: number;
  readonly qos: QoS;
  /** Messages that wait for each member, of at most 10. */
  readonly queued: number;
}

measure('50 members, all ready', { members: 50, connected: 50, qos: 0, queued: 0 });
measure('50 members, 1 ready', { members: 50, connected: 1, qos: 0, queued: 0 });
measure('1,000 members, 10 ready', { members: 1000, connected: 10, qos: 0, queued: 0 });
measure('50 members, all full', { members: 50, connected: 0, qos: 1, queued: 10 });
measure('1,000 members, all full', { members: 1000, connected: 0, qos: 1, queued: 10 });

function measure(name: string, { members, connected, qos, queued }: Scene): void {
  const settings = new Settings({ limits: { queuedMessagesMax: 10 } });
  const group = new SharedGroup('a');
  const message = new Message('a', new Uint8Array(64), { qos });
  for (const [id, session] of makeSessions(members, settings).entries()) {
    const options = {
      qos: 1,
      noLocal: false,
      retainAsPublished: false,
      subscriptionIdentifier: undefined,
    } as const;
    for (let i = 0; i < queued; i++) session.deliver(message, 1, false, {} as Subscription, 0);
    if (id < connected) session.attach(new Sink(), { receiveMax: 10, sendMax: 10, now: 0 });
    group.add(new Subscription(session, '$share/g/a', options, group));
  }
  const runs = 20_000;
  report(
    name,
    bestNanoseconds(runs, () => group.deliver(message, false, 0)),
    'ns',
  );
}
