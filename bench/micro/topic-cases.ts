/** Who gets a message: index, routes, shared groups; and retained messages by filter. */

import { Settings } from '../../src/broker/settings.ts';
import { SharedGroup } from '../../src/broker/shared-group.ts';
import { Subscription } from '../../src/broker/subscription.ts';
import { Subscriptions } from '../../src/broker/subscriptions.ts';
import { Message } from '../../src/session/message.ts';
import { FilterIndex } from '../../src/topic/filter-index.ts';
import { TopicTree } from '../../src/topic/topic-tree.ts';
import { filtersOf, publishedTopic, received } from './fleet.ts';
import type { MicroCase } from './micro-case.ts';
import { makeSessions, Sink } from './sessions.ts';

const clients = 2000;
const options = {
  qos: 1,
  noLocal: false,
  retainAsPublished: false,
  subscriptionIdentifier: undefined,
} as const;
const topics = Array.from({ length: 1000 }, (_, turn) => publishedTopic(turn, clients));

export const topicCases: readonly MicroCase[] = [
  match(),
  ...routes(),
  subscribe(),
  searchTree(),
  share(),
];

function match(): MicroCase {
  const index = new FilterIndex<object>();
  for (let client = 0; client < clients; client++) {
    const subscriber = { client };
    for (const filter of filtersOf(client)) index.add(received(filter), subscriber);
  }
  const last = { subscriber: {} };
  const visit = (subscriber: object): void => {
    last.subscriber = subscriber;
  };
  const run = (turn: number): void => index.match(topics[turn % topics.length], visit);
  return { name: 'match a topic, 20,000 subscriptions', budget: 6.5, runs: 50_000, run };
}

function fleet(): Subscriptions {
  const subscriptions = new Subscriptions(new Settings({}));
  for (const [client, session] of makeSessions(clients, new Settings({})).entries()) {
    for (const filter of filtersOf(client)) subscriptions.add(session, received(filter), options);
  }
  return subscriptions;
}

function routes(): MicroCase[] {
  const subscriptions = fleet();
  const [session] = makeSessions(1, new Settings({}));
  const route = (turn: number): void => {
    subscriptions.route(topics[turn % topics.length]);
  };
  const storm = (turn: number): void => {
    if (turn % 20 === 0) {
      const filter = `fleet/berlin/newcomer-${turn}/job/#`;
      subscriptions.remove(subscriptions.add(session, filter, options));
    }
    route(turn);
  };
  return [
    { name: 'route, remembered', budget: 0.36, runs: 100_000, run: route },
    { name: 'route, remembered, a filter changing for 20', budget: 3.9, runs: 50_000, run: storm },
  ];
}

function subscribe(): MicroCase {
  const subscriptions = fleet();
  const [session] = makeSessions(1, new Settings({}));
  const filters = filtersOf(clients).map(received);
  const run = (turn: number): void => {
    const filter = filters[turn % filters.length];
    const subscription = subscriptions.add(session, filter, options);
    session.addSubscription(subscription);
    subscriptions.remove(subscription);
    session.removeSubscription(subscription);
  };
  return { name: 'subscribe and unsubscribe', budget: 76, runs: 20_000, run };
}

function searchTree(): MicroCase {
  const tree = new TopicTree<object>();
  for (const topic of topics) tree.set(topic, {});
  let search = tree.matching('#');
  const run = (): void => {
    if (search.next().done) search = tree.matching('#');
  };
  return { name: 'find a retained message by #', budget: 2, runs: 50_000, run };
}

function share(): MicroCase {
  const group = new SharedGroup('a');
  for (const session of makeSessions(50, new Settings({}))) {
    session.attach(new Sink(), { receiveMax: 10, sendMax: 10, now: 0 });
    group.add(new Subscription(session, '$share/g/a', options, group));
  }
  const message = new Message('a', new Uint8Array(64));
  const run = (): void => group.deliver(message, false, 0);
  return { name: 'give a message to one of 50', budget: 0.4, runs: 100_000, run };
}
