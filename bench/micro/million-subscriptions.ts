/**
 * What a million subscriptions of 100,000 clients take, and what they cost those who publish:
 * `node --expose-gc` this file.
 */

import type { ClientSession } from '../../src/broker/client-session.ts';
import { Settings } from '../../src/broker/settings.ts';
import { Subscriptions } from '../../src/broker/subscriptions.ts';
import { clients, filtersOf, publishedTopic, received } from './fleet.ts';
import { bestNanoseconds, heapBytes, report } from './measure.ts';
import { makeSessions } from './sessions.ts';

const options = {
  qos: 1,
  noLocal: false,
  retainAsPublished: false,
  subscriptionIdentifier: undefined,
} as const;

const settings = new Settings({});
const subscriptions = new Subscriptions(settings);
const sessions = makeSessions(clients, settings);
const topics = Array.from({ length: 200_000 }, (_, turn) => publishedTopic(turn));

measureSubscribes();
measureRoutes();
measureStorm();
measureUnsubscribes();

function subscribe(session: ClientSession, filter: string): void {
  session.addSubscription(subscriptions.add(session, filter, options));
}

function unsubscribe(session: ClientSession, filter: string): void {
  const subscription = session.subscription(filter)!;
  subscriptions.remove(subscription);
  session.removeSubscription(subscription);
}

/** The filters are made before each client's turn, so that making them does not count as time. */
function measureSubscribes(): void {
  const before = heapBytes();
  let nanoseconds = 0;
  for (let client = 0; client < clients; client++) {
    const flat = filtersOf(client).map(received);
    const start = process.hrtime.bigint();
    for (const filter of flat) subscribe(sessions[client], filter);
    nanoseconds += Number(process.hrtime.bigint() - start);
  }
  report('subscriptions', subscriptions.count, '');
  report('heap of each', (heapBytes() - before) / subscriptions.count, 'bytes');
  report('subscribe', nanoseconds / subscriptions.count, 'ns');
}

function measureRoutes(): void {
  const cold = bestNanoseconds(topics.length, (turn) => subscriptions.route(topics[turn]), {
    rounds: 3,
    before: () => subscriptions.accessChanged(),
  });
  report('route, not cached', cold, 'ns');
  // As many as fit the cache, each time as another string, whose hash is not known yet.
  const few = topics.slice(0, 50_000);
  let again: string[] = [];
  const warm = bestNanoseconds(few.length, (turn) => subscriptions.route(again[turn]), {
    before: () => {
      again = few.map(received);
    },
  });
  report('route, cached, of a new string', warm, 'ns');
  report(
    'route, cached, of the same string',
    bestNanoseconds(few.length, (turn) => subscriptions.route(few[turn])),
    'ns',
  );
}

/** Publishing to 1,000 topics while others subscribe and unsubscribe: 10 routes for each of these. */
function measureStorm(): void {
  const busy = topics.slice(0, 5_000).filter((_, turn) => turn % 5 === 0);
  const storms: Record<string, (turn: number) => string> = {
    nothing: () => '',
    'exact filters': (turn) => `reply/${turn}`,
    'filters of other first levels': (turn) => `other-${turn % 1000}/+/x`,
    'filters of the same first level': (turn) => `fleet/berlin/newcomer-${turn}/job/#`,
    'filters that begin with +': (turn) => `+/newcomer-${turn}/ping`,
  };
  for (const [name, filterOf] of Object.entries(storms)) {
    const start = process.hrtime.bigint();
    let routing = 0;
    const turns = name.includes('+') || name.includes('same') ? 5_000 : 50_000;
    for (let turn = 0; turn < turns; turn++) {
      const filter = filterOf(turn);
      const session = sessions[turn % clients];
      if (filter !== '') {
        subscribe(session, filter);
        unsubscribe(session, filter);
      }
      const routingStart = process.hrtime.bigint();
      for (let i = 0; i < 20; i++) subscriptions.route(busy[(turn * 20 + i) % busy.length]);
      routing += Number(process.hrtime.bigint() - routingStart);
    }
    const all = Number(process.hrtime.bigint() - start);
    report(`storm of ${name}: route`, routing / turns / 20, 'ns');
    report(`storm of ${name}: subscribe, unsubscribe`, (all - routing) / turns, 'ns');
  }
}

function measureUnsubscribes(): void {
  const { count } = subscriptions;
  const start = process.hrtime.bigint();
  for (const session of sessions) {
    for (const { filter } of [...session.subscriptions()]) unsubscribe(session, filter);
  }
  report('unsubscribe', Number(process.hrtime.bigint() - start) / count, 'ns');
  if (subscriptions.count !== 0) throw new Error(`${subscriptions.count} subscriptions left`);
}
