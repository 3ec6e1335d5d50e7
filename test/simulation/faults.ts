/** Mistakes that a broker could have; the simulation has to find every one. */

import { Broker } from '../../src/broker/broker.ts';
import { ClientSession } from '../../src/broker/client-session.ts';
import { Connection } from '../../src/broker/connection.ts';
import { RetainedMessages } from '../../src/broker/retained-messages.ts';
import { RetainedReplays } from '../../src/broker/retained-replay.ts';
import { Sessions } from '../../src/broker/sessions.ts';
import { SharedGroup } from '../../src/broker/shared-group.ts';
import { Subscriptions } from '../../src/broker/subscriptions.ts';
import { Wills } from '../../src/broker/wills.ts';
import { Deadlines } from '../../src/session/deadlines.ts';
import { DeliveryQueue } from '../../src/session/delivery-queue.ts';
import { Incoming } from '../../src/session/incoming.ts';
import { Outgoing } from '../../src/session/outgoing.ts';
import { PacketSender } from '../../src/session/packet-sender.ts';
import { MatchCache } from '../../src/topic/match-cache.ts';
import { diskFaults } from './disk-faults.ts';
import { type Fault, replace, replaceGetter } from './fault.ts';

type Publish = PacketSender['publish'];
type Deliver = ClientSession['deliver'];

export const faults: readonly Fault[] = [
  {
    name: 'sends no message again after a reconnect',
    plant: () =>
      replace(PacketSender.prototype, 'publish', (publish): Publish => {
        return function (this: PacketSender, ...args) {
          return args[5] ? undefined : publish.apply(this, args);
        };
      }),
  },
  {
    name: 'sends again without DUP',
    plant: () =>
      replace(PacketSender.prototype, 'publish', (publish): Publish => {
        return function (this: PacketSender, message, qos, retain, terms, packetId) {
          return publish.call(this, message, qos, retain, terms, packetId, false);
        };
      }),
  },
  {
    name: 'sends again in reverse order',
    plant: () => sendAgainWith((again) => again.reverse()),
  },
  {
    name: 'has one message more in flight than the client takes',
    plant: () =>
      replace(Outgoing.prototype, 'resume', (resume) => {
        return function (this: Outgoing, outlet, receiveMax, now) {
          resume.call(this, outlet, receiveMax + 1, now);
        };
      }),
  },
  {
    name: 'takes a QoS 2 message for new that it has had before',
    plant: () =>
      replace(Incoming.prototype, 'publishedExactlyOnce', (published) => {
        return function (this: Incoming, packetId) {
          published.call(this, packetId);
          return true;
        };
      }),
  },
  {
    name: 'never has done with a QoS 2 message that was released',
    plant: () => replace(Incoming.prototype, 'release', () => () => true),
  },
  {
    name: 'lets QoS 0 overtake messages that have waited longer',
    plant: () => replaceGetter(DeliveryQueue.prototype, 'qos0Count', () => 0),
  },
  {
    name: 'keeps more messages for a client than its queue may hold',
    createBroker: ({ limits, ...options }) =>
      new Broker({ ...options, limits: { ...limits, queuedMessagesMax: 0 } }),
  },
  {
    name: 'drops messages though the queue has room',
    plant: () =>
      replace(DeliveryQueue.prototype, 'push', (push) => {
        return function (this: DeliveryQueue, delivery) {
          return this.length < 2 && push.call(this, delivery);
        };
      }),
  },
  {
    name: 'lets the output for a slow client grow',
    plant: () => replaceGetter(PacketSender.prototype, 'canTake', () => true),
  },
  {
    name: 'sends messages that have expired',
    plant: () =>
      replace(Outgoing.prototype, 'pump', (pump) => {
        return function (this: Outgoing) {
          pump.call(this, 0);
        };
      }),
  },
  {
    name: 'gives a shared message to two members',
    plant: () =>
      replace(SharedGroup.prototype, 'deliver', (deliver) => {
        return function (this: SharedGroup, ...args) {
          deliver.apply(this, args);
          deliver.apply(this, args);
        };
      }),
  },
  {
    name: 'passes nothing on when a member of a shared group is lost',
    plant: () =>
      replace(Outgoing.prototype, 'abandon', (abandon) => {
        return function (this: Outgoing) {
          abandon.call(this);
          return [];
        };
      }),
  },
  {
    name: 'does not clear a retained message that is replaced by an empty one',
    plant: () =>
      replace(RetainedMessages.prototype, 'store', (store) => {
        return function (this: RetainedMessages, message) {
          if (message.payload.length > 0) store.call(this, message);
        };
      }),
  },
  {
    name: 'keeps retained messages that have expired',
    plant: () => replace(RetainedMessages.prototype, 'expire', () => () => {}),
  },
  {
    name: 'sends no retained messages that had to wait',
    plant: () =>
      replace(RetainedReplays.prototype, 'pump', (pump) => {
        const begun = new WeakSet<RetainedReplays>();
        return function (this: RetainedReplays, now) {
          if (!begun.has(this)) pump.call(this, now);
          begun.add(this);
        };
      }),
  },
  {
    name: 'forwards the RETAIN flag to everybody',
    plant: () =>
      replace(ClientSession.prototype, 'deliver', (deliver): Deliver => {
        return function (this: ClientSession, message, qos, _retain, terms, now) {
          deliver.call(this, message, qos, message.retain, terms, now);
        };
      }),
  },
  {
    name: 'forgets the subscription identifier',
    plant: () =>
      replace(Subscriptions.prototype, 'add', (add) => {
        return function (this: Subscriptions, subscriber, filter, options) {
          const without = { ...options, subscriptionIdentifier: undefined };
          return add.call(this, subscriber, filter, without);
        };
      }),
  },
  {
    name: 'sends a client its own messages in spite of no-local',
    plant: () =>
      replace(Subscriptions.prototype, 'add', (add) => {
        return function (this: Subscriptions, subscriber, filter, options) {
          return add.call(this, subscriber, filter, { ...options, noLocal: false });
        };
      }),
  },
  {
    name: 'goes on after UNSUBSCRIBE',
    plant: () => replace(Subscriptions.prototype, 'remove', () => () => {}),
  },
  {
    name: 'remembers the receivers of a topic though subscriptions have changed',
    plant: () => replace(MatchCache.prototype, 'invalidate', () => () => {}),
  },
  {
    name: 'says of every session that it is new',
    plant: () =>
      replace(Sessions.prototype, 'open', (open) => {
        return function (this: Sessions, ...args) {
          return { ...open.apply(this, args), present: false };
        };
      }),
  },
  {
    name: 'ends sessions and sends wills a second late',
    plant: () =>
      replace(Deadlines.prototype, 'set', (set) => {
        return function (this: Deadlines, timed, at) {
          set.call(this, timed, isAbsence(timed) ? at + 1000 : at);
        };
      }),
  },
  {
    name: 'sends a will though its client has returned',
    plant: keepWills,
  },
  {
    name: 'sends no wills',
    plant: () => replace(Wills.prototype, 'publish', () => () => {}),
  },
  {
    name: 'lets the old connection stand when the client has a new one',
    plant: () => replace(Connection.prototype, 'takeOver', () => () => {}),
  },
  {
    name: 'never comes back to input that it has put off',
    plant: () => replace(Connection.prototype, 'flush', () => () => {}),
  },
  {
    name: 'waits for silent clients for ever',
    plant: () => replace(Connection.prototype, 'due', () => () => {}),
  },
  ...diskFaults,
];

/** Collects what goes out again at a reconnect, and sends it as `arrange` has it. */
function sendAgainWith(arrange: (again: (() => unknown)[]) => (() => unknown)[]): () => void {
  let again: (() => unknown)[] | undefined;
  const mendSender = replace(PacketSender.prototype, 'publish', (publish): Publish => {
    return function (this: PacketSender, ...args) {
      if (again === undefined) return publish.apply(this, args);
      again.push(() => publish.apply(this, args));
      return undefined;
    };
  });
  const mendOutgoing = replace(Outgoing.prototype, 'resume', (resume) => {
    return function (this: Outgoing, ...args) {
      const collected: (() => unknown)[] = [];
      again = collected;
      resume.apply(this, args);
      again = undefined;
      for (const send of arrange(collected)) send();
    };
  });
  return () => {
    mendOutgoing();
    mendSender();
  };
}

/** Returning ends the time in which a client is away: here the session is saved, not the will. */
function keepWills(): () => void {
  let isWaking = false;
  const mendWake = replace(Deadlines.prototype, 'wake', (wake) => {
    return function (this: Deadlines, now) {
      isWaking = true;
      wake.call(this, now);
      isWaking = false;
    };
  });
  const mendClear = replace(Deadlines.prototype, 'clear', (clear) => {
    return function (this: Deadlines, timed) {
      if (isWaking || !isAbsence(timed)) clear.call(this, timed);
      else Object.assign(timed, { endsAt: Number.POSITIVE_INFINITY });
    };
  });
  return () => {
    mendClear();
    mendWake();
  };
}

/** The class of the time in which a client is away has no name outside of its file. */
function isAbsence(timed: object): boolean {
  return timed.constructor.name === 'Absence';
}
