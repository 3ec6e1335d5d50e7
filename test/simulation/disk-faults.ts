/** Mistakes that a broker could make with what it stores. */

import { Answers } from '../../src/broker/answers.ts';
import { Broker, type BrokerOptions, type StorageOptions } from '../../src/broker/broker.ts';
import { Entrance } from '../../src/broker/entrance.ts';
import type { Store } from '../../src/broker/ports.ts';
import { Retained } from '../../src/broker/retained.ts';
import { Journal } from '../../src/broker/state/journal.ts';
import { KeptDelivery } from '../../src/broker/state/kept-delivery.ts';
import type { Recalled, RecalledSession } from '../../src/broker/state/recall.ts';
import { SessionLog } from '../../src/broker/state/session-log.ts';
import type { Packet } from '../../src/packet/packet.ts';
import type { Delivery } from '../../src/session/delivery.ts';
import { Inflight } from '../../src/session/inflight.ts';
import { Outgoing } from '../../src/session/outgoing.ts';
import { Shelf } from '../../src/session/shelf.ts';
import { type Fault, replace, replaceGetter } from './fault.ts';

type Load = SessionLog['load'];

export const diskFaults: readonly Fault[] = [
  {
    name: 'acknowledges before the disk has anything',
    createBroker: withStorage((storage) => ({ ...storage, keepsPromises: false })),
  },
  {
    name: 'sends PUBCOMP before the disk has forgotten the packet id',
    plant: () => answerAtOnce('pubcomp'),
  },
  {
    name: 'sends SUBACK before the subscription is on the disk',
    plant: () => answerAtOnce('suback'),
  },
  {
    name: 'sends UNSUBACK before the subscription is gone from the disk',
    plant: () => answerAtOnce('unsuback'),
  },
  {
    name: 'lets a client in before its session is on the disk',
    plant: letInAtOnce,
  },
  {
    name: 'sends QoS 2 before its packet id is on the disk',
    plant: () => sendUnsaved('published'),
  },
  {
    name: 'sends PUBREL before the disk knows of PUBREC',
    plant: () => sendUnsaved('released'),
  },
  {
    name: 'takes a commit that has failed for done',
    createBroker: withStore(({ commit, read }) => ({
      commit: (changes, done) => commit(changes, () => done(undefined)),
      read,
    })),
  },
  {
    name: 'delivers a message that it has refused',
    plant: () => replace(Outgoing.prototype, 'takeBack', () => () => {}),
  },
  {
    name: 'retains a message that it has refused',
    plant: () => replace(Retained.prototype, 'takeBackRefused', () => () => {}),
  },
  {
    name: 'leaves on the disk what was acknowledged',
    plant: () =>
      replace(KeptDelivery.prototype, 'finish', (finish) => {
        return function (this: KeptDelivery) {
          finish.call(this);
          return false;
        };
      }),
  },
  {
    name: 'takes the first page from the disk twice',
    plant: () => loadWith((deliveries) => [deliveries, deliveries]),
  },
  {
    name: 'loses a message of each page from the disk',
    plant: () => loadWith((deliveries) => [deliveries.slice(0, 1), deliveries.slice(2)]),
  },
  {
    name: 'sends past what lies on the disk',
    plant: sendPastShelf,
  },
  {
    name: 'gives a message another packet id after a restart',
    plant: () =>
      replace(Inflight.prototype, 'restore', (restore) => {
        return function (this: Inflight, delivery) {
          delivery.packetId += 1000;
          restore.call(this, delivery);
        };
      }),
  },
  {
    name: 'forgets subscriptions at a restart',
    createBroker: withSessions((session) => ({ ...session, subscriptions: [] })),
  },
  {
    name: 'forgets the packet ids of publishers at a restart',
    createBroker: withSessions((session) => ({ ...session, openIds: [] })),
  },
  {
    name: 'forgets messages that wait at a restart',
    createBroker: withSessions((session) => ({ ...session, shelf: new Shelf() })),
  },
  {
    name: 'forgets wills at a restart',
    createBroker: withSessions((session) => ({
      ...session,
      record: { ...session.record, will: undefined },
    })),
  },
  {
    name: 'forgets retained messages at a restart',
    createBroker: withRecalled((recalled) => ({ ...recalled, retained: [] })),
  },
  {
    name: 'counts the time for which there was no broker',
    createBroker: withRecalled((recalled) => ({ ...recalled, hasEnded: true, brokenOffAt: 0 })),
  },
];

function withStorage(change: (storage: StorageOptions) => StorageOptions): Fault['createBroker'] {
  return ({ storage, ...options }: BrokerOptions) =>
    new Broker({ ...options, ...(storage && { storage: change(storage) }) });
}

function withStore(change: (store: Store) => Store): Fault['createBroker'] {
  return withStorage(({ store, ...storage }) => {
    const bound = { commit: store.commit.bind(store), read: store.read.bind(store) };
    return { ...storage, store: change(bound) };
  });
}

function withRecalled(change: (recalled: Recalled) => Recalled): Fault['createBroker'] {
  return withStorage((storage) => ({ ...storage, recalled: change(storage.recalled) }));
}

function withSessions(
  change: (session: RecalledSession) => RecalledSession,
): Fault['createBroker'] {
  return withRecalled((recalled) => {
    const sessions = [...recalled.sessions].map(
      ([number, session]) => [number, change(session)] as const,
    );
    return { ...recalled, sessions: new Map(sessions) };
  });
}

/** Such answers do not wait for the disk. */
function answerAtOnce(type: Packet['type']): () => void {
  return replace(Answers.prototype, 'sendWith', (sendWith) => {
    return function (this: Answers, commit, packet, sent) {
      sendWith.call(this, packet.type === type ? 0 : commit, packet, sent);
    };
  });
}

function sendUnsaved(state: Delivery['state']): () => void {
  return replace(SessionLog.prototype, 'save', (save) => {
    return function (this: SessionLog, delivery) {
      return save.call(this, delivery) || delivery.state === state;
    };
  });
}

/** What is loaded from the disk arrives in other pieces. */
function loadWith(pages: (deliveries: readonly Delivery[]) => (readonly Delivery[])[]): () => void {
  return replace(SessionLog.prototype, 'load', (load): Load => {
    return function (this: SessionLog, range, take) {
      load.call(this, range, (deliveries, now) => {
        if (deliveries.length === 0) return take(deliveries, now);
        for (const page of pages(deliveries)) if (page.length > 0) take(page, now);
      });
    };
  });
}

/** Of whoever comes in all is taken for stored. */
function letInAtOnce(): () => void {
  let isEntering = false;
  const mendJournal = replace(Journal.prototype, 'isKept', (isKept) => {
    return function (this: Journal, commit) {
      return isEntering || isKept.call(this, commit);
    };
  });
  const mendEntrance = replace(Entrance.prototype, 'enter', (enter) => {
    return function (this: Entrance, ...args) {
      isEntering = true;
      enter.apply(this, args);
      isEntering = false;
    };
  });
  return () => {
    mendEntrance();
    mendJournal();
  };
}

/** Messages that come leave at once, though others lie on the disk. */
function sendPastShelf(): () => void {
  let isAsked = false;
  const isEmpty = Object.getOwnPropertyDescriptor(Shelf.prototype, 'isEmpty')!.get!;
  const mendShelf = replaceGetter(Shelf.prototype, 'isEmpty', function (this: Shelf) {
    return isAsked || isEmpty.call(this);
  });
  const mendOutgoing = replace(Outgoing.prototype, 'isReadyFor', (isReadyFor) => {
    return function (this: Outgoing, qos) {
      isAsked = true;
      const isReady = isReadyFor.call(this, qos);
      isAsked = false;
      return isReady;
    };
  });
  return () => {
    mendOutgoing();
    mendShelf();
  };
}
