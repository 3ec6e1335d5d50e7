/** `-D COMMAND IDENTIFIER VALUE`: properties of MQTT 5.0 on the command line. */

import { type Property, type PropertyPlace, propertyByName } from '../packet/properties.ts';
import { UsageError } from './usage-error.ts';

/** Packets that a tool sends with properties of its user's. */
export const propertyCommands = [
  'connect',
  'publish',
  'subscribe',
  'unsubscribe',
  'disconnect',
  'will',
] as const;

/** Packets that Mosquitto's tools know here, and that take no properties. */
const silentCommands = ['puback', 'pubrec', 'pubrel', 'pubcomp', 'auth'];

type PropertyCommand = (typeof propertyCommands)[number];

/** By command, then by the name that packets have for a property. */
export type GivenProperties = Record<PropertyCommand, Record<string, unknown> | undefined>;

export function noProperties(): GivenProperties {
  return {
    connect: undefined,
    publish: undefined,
    subscribe: undefined,
    unsubscribe: undefined,
    disconnect: undefined,
    will: undefined,
  };
}

/**
 * Reads one property and adds it to `given`.
 *
 * @throws UsageError
 */
export function readProperty(given: GivenProperties, next: () => string): void {
  const name = next().toLowerCase();
  const command = propertyCommands.find((each) => each === name);
  if (command === undefined && !silentCommands.includes(name)) {
    throw new UsageError('Invalid command given in --property argument.');
  }
  const identifier = next();
  const property = command && propertyByName(command, nameOf(identifier));
  if (property === undefined) throw unsupported(identifier, name);
  add(given, command!, property, givenValue(property, identifier, next));
}

function add(
  given: GivenProperties,
  command: PropertyCommand,
  { name, repeats }: Property,
  value: unknown,
): void {
  const properties = given[command] ?? {};
  const before = properties[name];
  if (before !== undefined && !repeats) {
    throw new UsageError(`Duplicate property in ${command.toUpperCase()} properties: ${name}.`);
  }
  properties[name] = repeats ? [...((before as unknown[] | undefined) ?? []), value] : value;
  given[command] = properties;
}

/** `user-property` → `userProperties`, `content-type` → `contentType`. */
function nameOf(identifier: string): string {
  if (identifier === 'user-property') return 'userProperties';
  return identifier.replace(/-([a-z])/g, (_dash, letter: string) => letter.toUpperCase());
}

const numberMax: Partial<Record<Property['type'], number>> = {
  flag: 1,
  u16: 0xffff,
  u32: 0xffff_ffff,
  varint: 268_435_455,
};

function givenValue({ type, zero }: Property, identifier: string, next: () => string): unknown {
  const text = next();
  if (type === 'textPair') return [text, next()];
  if (type === 'binary') return new TextEncoder().encode(text);
  const max = numberMax[type];
  if (max === undefined) return text;
  const value = /^\d+$/.test(text) ? Number(text) : Number.NaN;
  const min = zero === undefined ? 0 : 1;
  if (value >= min && value <= max) return value;
  throw new UsageError(
    `Property value (${text}) out of range for property ${identifier}: give ${min} to ${max}.`,
  );
}

function unsupported(identifier: string, command: string): UsageError {
  const places: readonly PropertyPlace[] = [...propertyCommands, 'connack', 'puback', 'auth'];
  const isKnown = places.some((place) => propertyByName(place, nameOf(identifier)) !== undefined);
  return new UsageError(
    isKnown
      ? `${identifier} property not supported for ${command} in --property argument.`
      : 'Invalid property name given in --property argument.',
  );
}
