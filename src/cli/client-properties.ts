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
const silentCommands: readonly string[] = [
  'puback',
  'pubrec',
  'pubrel',
  'pubcomp',
  'suback',
  'unsuback',
  'auth',
];

const places: readonly PropertyPlace[] = [...propertyCommands, 'connack', 'puback', 'auth'];

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
  const [commandText, identifier, first] = [next(), next(), next()];
  const place = commandText.toLowerCase() as PropertyPlace;
  const command = propertyCommands.find((each) => each === place);
  const argument = 'given in --property argument.';
  if (command === undefined && !silentCommands.includes(place)) {
    throw new UsageError(`Invalid command ${commandText} ${argument}`);
  }
  const name = nameOf(identifier);
  if (!places.some((each) => propertyByName(each, name) !== undefined)) {
    throw new UsageError(`Invalid property name ${identifier} ${argument}`);
  }
  const property = propertyByName(place, name);
  if (command === undefined || property === undefined) {
    // What comes with PUBLISH from a server only is not for this side to give.
    const isKnown = property !== undefined || propertyByName(place, `${name}s`) !== undefined;
    const fault = `${identifier} property not ${isKnown ? 'supported' : 'allowed'} for ${commandText}`;
    throw new UsageError(`${fault} in --property argument.`);
  }
  const value = givenValue(property, identifier, { first, next });
  const properties = given[command] ?? {};
  const before = properties[property.name];
  if (before !== undefined && !property.repeats) {
    const fault = `Duplicate property in ${command.toUpperCase()} properties`;
    throw new UsageError(`${fault}: ${identifier}.`);
  }
  properties[property.name] = property.repeats ? [...((before as []) ?? []), value] : value;
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

function givenValue(
  { type, zero }: Property,
  identifier: string,
  { first: text, next }: { first: string; next: () => string },
): unknown {
  if (type === 'textPair') return [text, next()];
  if (type === 'binary') return new TextEncoder().encode(text);
  const max = numberMax[type];
  if (max === undefined) return text;
  if (!/^(?:-?\d+|0x[0-9a-f]+)$/i.test(text)) {
    throw new UsageError(`Property value '${text}' not a number.`);
  }
  const value = Number(text);
  const min = zero === undefined ? 0 : 1;
  if (value >= min && value <= max) return value;
  throw new UsageError(
    `Property value (${text}) out of range for property ${identifier}.\nGive ${min} to ${max}.`,
  );
}
