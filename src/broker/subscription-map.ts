/**
 * A session's subscriptions by filter. Most clients have one or a few, and a Map of one takes 184
 * bytes, where it takes nothing alone, and in a list of two 32.
 */

import { Subscription } from './subscription.ts';

// With up to 8, a subscribe of a client with 10 takes 2.2 µs instead of 1.9.
const listMax = 4;

/** A list is never changed, but replaced. */
export type SubscriptionMap =
  | Subscription
  | readonly Subscription[]
  | Map<string, Subscription>
  | undefined;

export function subscriptionAt(map: SubscriptionMap, filter: string): Subscription | undefined {
  if (map === undefined) return undefined;
  if (map instanceof Subscription) return map.filter === filter ? map : undefined;
  if (map instanceof Map) return map.get(filter);
  for (let i = 0; i < map.length; i++) if (map[i].filter === filter) return map[i];
  return undefined;
}

export function subscriptionCount(map: SubscriptionMap): number {
  if (map === undefined) return 0;
  if (map instanceof Subscription) return 1;
  return map instanceof Map ? map.size : map.length;
}

/** Those that are there now or later, while they come and go. */
export function subscriptionsOf(map: SubscriptionMap): Iterable<Subscription> {
  if (map === undefined) return [];
  if (map instanceof Subscription) return [map];
  return map instanceof Map ? map.values() : map;
}

/** The map with `subscription`, in place of one to the same filter: keep it in place of `map`. */
export function withSubscription(
  map: SubscriptionMap,
  subscription: Subscription,
): SubscriptionMap {
  const { filter } = subscription;
  if (map === undefined) return subscription;
  if (map instanceof Map) return map.set(filter, subscription);
  const list = map instanceof Subscription ? [map] : map;
  const at = list.findIndex((other) => other.filter === filter);
  if (at !== -1) return oneOrList(list.with(at, subscription));
  // A literal with a spread would have room for 16 more.
  if (list.length < listMax) return list.concat(subscription);
  const full = new Map(list.map((other) => [other.filter, other]));
  return full.set(filter, subscription);
}

/** The map without what it has for the filter: keep it in place of `map`. */
export function withoutSubscription(map: SubscriptionMap, filter: string): SubscriptionMap {
  if (map === undefined) return undefined;
  if (map instanceof Subscription) return map.filter === filter ? undefined : map;
  if (!(map instanceof Map)) {
    const at = map.findIndex((other) => other.filter === filter);
    return at === -1 ? map : oneOrList(map.toSpliced(at, 1));
  }
  map.delete(filter);
  return map.size === 0 ? undefined : map;
}

function oneOrList(list: readonly Subscription[]): SubscriptionMap {
  return list.length > 1 ? list : list[0];
}
