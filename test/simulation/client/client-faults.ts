/** Mistakes that a client could have; the simulation has to find every one. */

import { ClientSession } from '../../../src/client/client-session.ts';
import { SessionClient } from '../../../src/client/session-client.ts';
import { Subscriber } from '../../../src/client/subscriber.ts';
import { SubscriptionTable } from '../../../src/client/subscription-table.ts';
import { Timers } from '../../../src/client/timers.ts';
import { Incoming } from '../../../src/session/incoming.ts';
import { type Fault, replace, replaceGetter } from '../fault.ts';

export const clientFaults: readonly Fault[] = [
  {
    name: 'does not subscribe again where the server has lost the session',
    plant: () =>
      replace(Subscriber.prototype, 'welcomed', (welcomed) => {
        return function (this: Subscriber) {
          welcomed.call(this, 'known');
        };
      }),
  },
  {
    name: 'trusts a session that may be another than it was',
    plant: () =>
      replace(Subscriber.prototype, 'welcomed', (welcomed) => {
        return function (this: Subscriber, session) {
          welcomed.call(this, session === 'doubtful' ? 'known' : session);
        };
      }),
  },
  {
    name: 'acknowledges a message before anybody has dealt with it',
    plant: () =>
      replace(Subscriber.prototype, 'push', (push) => {
        return function (this: Subscriber, publish, topic, source) {
          push.call(this, publish, topic, { taken() {} });
          source.taken(publish.qos, publish.packetId);
        };
      }),
  },
  {
    name: 'hands a message out twice',
    plant: () =>
      replace(Subscriber.prototype, 'push', (push) => {
        return function (this: Subscriber, publish, topic, source) {
          push.call(this, publish, topic, { taken() {} });
          push.call(this, publish, topic, source);
        };
      }),
  },
  {
    name: 'does not hand out what comes again',
    plant: () =>
      replace(Subscriber.prototype, 'push', (push) => {
        return function (this: Subscriber, publish, topic, source) {
          if (publish.dup) source.taken(publish.qos, publish.packetId);
          else push.call(this, publish, topic, source);
        };
      }),
  },
  {
    name: 'sends nothing again after a reconnect',
    plant: () =>
      replace(ClientSession.prototype, 'resume', (resume) => {
        return function (this: ClientSession, outlet, terms) {
          this.outgoing.abandon();
          resume.call(this, outlet, terms);
        };
      }),
  },
  {
    name: 'tells publishers that a message has arrived before it has',
    plant: () =>
      replace(ClientSession.prototype, 'publish', (publish) => {
        return function (this: ClientSession, message, outcome) {
          publish.call(this, message, outcome);
          outcome.resolve(0);
        };
      }),
  },
  {
    name: 'sends QoS 2 once more to a server that has lost the session',
    plant: () => replace(ClientSession.prototype, 'forget', () => () => {}),
  },
  {
    name: 'takes a message of QoS 2 for new that it has had before the connection broke',
    plant: forgetfulIncoming,
  },
  {
    name: 'has one reader of a filter, and no second one',
    plant: () =>
      replace(SubscriptionTable.prototype, 'add', (add) => {
        return function (this: SubscriptionTable, filter, sink, options, userProperties) {
          const present = this.entries().find((entry) => entry.filter === filter);
          return present ?? add.call(this, filter, sink, options, userProperties);
        };
      }),
  },
  {
    name: 'ends a filter for all its readers when one leaves',
    plant: () =>
      replace(SubscriptionTable.prototype, 'remove', (remove) => {
        return function (this: SubscriptionTable, filter, sink) {
          const entry = this.entries().find((each) => each.filter === filter);
          for (const other of entry?.sinks ?? []) {
            if (other !== sink) remove.call(this, filter, other);
          }
          return remove.call(this, filter, sink);
        };
      }),
  },
  {
    name: 'does not tell the server that nobody reads a filter any more',
    plant: () => replace(SessionClient.prototype, 'unsubscribe', () => async () => [0]),
  },
  {
    name: 'never tries again',
    plant: () => replace(Timers.prototype, 'sleep', () => () => new Promise(() => {})),
  },
];

/** The ids of QoS 2 are forgotten with each connection. */
function forgetfulIncoming(): () => void {
  const own = new WeakMap<ClientSession, Incoming>();
  const mendGetter = replaceGetter(ClientSession.prototype, 'incoming', function () {
    return own.get(this)!;
  });
  const mendResume = replace(ClientSession.prototype, 'resume', (resume) => {
    return function (this: ClientSession, outlet, terms) {
      const incoming = new Incoming();
      incoming.resume(0xffff);
      own.set(this, incoming);
      resume.call(this, outlet, terms);
    };
  });
  return () => {
    mendGetter();
    mendResume();
  };
}
