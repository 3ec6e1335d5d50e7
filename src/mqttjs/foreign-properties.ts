/** The properties of MQTT 5.0 as MQTT.js writes them, and as we do. */

import type { UserProperties } from '../packet/properties.ts';

/** A name that stands more than once has all its values. */
export type ForeignUserProperties = Record<string, string | string[]>;

// MQTT.js has booleans where the wire has 0 and 1; QoS 1 as a maximum is a number.
const flags: readonly string[] = [
  'payloadFormatIndicator',
  'requestProblemInformation',
  'requestResponseInformation',
  'retainAvailable',
  'wildcardSubscriptionAvailable',
  'subscriptionIdentifierAvailable',
  'sharedSubscriptionAvailable',
];

/** By our names. */
const foreignNames: Readonly<Record<string, string>> = {
  maximumQos: 'maximumQoS',
  subscriptionIdentifierAvailable: 'subscriptionIdentifiersAvailable',
  subscriptionIdentifiers: 'subscriptionIdentifier',
};

/** What has no value is left out: here a name without one is a mistake. */
export function ownProperties<Own extends object>(foreign: object | undefined): Own | undefined {
  if (!foreign) return undefined;
  const own: Record<string, unknown> = {};
  for (const [name, value] of Object.entries(foreign)) {
    if (value === undefined || value === null) continue;
    if (name === 'userProperties') own[name] = pairs(value);
    else own[name] = typeof value === 'boolean' ? Number(value) : value;
  }
  return own as Own;
}

export function foreignProperties(own: object | undefined): Record<string, unknown> | undefined {
  if (own === undefined) return undefined;
  const foreign = Object.entries(own).map(([name, value]) => {
    return [foreignNames[name] ?? name, foreignValue(name, value)];
  });
  return foreign.length === 0 ? undefined : Object.fromEntries(foreign);
}

function foreignValue(name: string, value: unknown): unknown {
  if (name === 'userProperties') return grouped(value as UserProperties);
  if (name === 'subscriptionIdentifiers') return single(value as readonly number[]);
  if (value instanceof Uint8Array) return Buffer.from(value);
  return flags.includes(name) ? value === 1 : value;
}

function pairs(userProperties: ForeignUserProperties): UserProperties {
  return Object.entries(userProperties).flatMap(([name, values]) =>
    [values].flat().map((value): [string, string] => [name, value]),
  );
}

function grouped(userProperties: UserProperties): ForeignUserProperties {
  // Without a prototype, as in MQTT.js: the names are anybody's.
  const groups: ForeignUserProperties = Object.create(null);
  for (const [name, all] of Map.groupBy(userProperties, ([name]) => name)) {
    groups[name] = single(all.map(([, value]) => value));
  }
  return groups;
}

function single<T>(values: readonly T[]): T | T[] {
  return values.length === 1 ? values[0] : [...values];
}
