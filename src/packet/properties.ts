/** The properties of MQTT 5.0 (section 2.2.2): one table, and all that follows from it. */

import { type ReasonCode, reasonCodes } from './reason-codes.ts';

/** Where properties stand: in a packet, or in the will of a CONNECT. */
export type PropertyPlace =
  | 'connect'
  | 'will'
  | 'connack'
  | 'publish'
  | 'puback'
  | 'pubrec'
  | 'pubrel'
  | 'pubcomp'
  | 'subscribe'
  | 'suback'
  | 'unsubscribe'
  | 'unsuback'
  | 'disconnect'
  | 'auth';

/** What a value is in memory, by its data type on the wire. */
export interface PropertyValues {
  readonly flag: 0 | 1;
  readonly u16: number;
  readonly u32: number;
  readonly varint: number;
  readonly text: string;
  readonly topicName: string;
  readonly binary: Uint8Array;
  readonly textPair: readonly [name: string, value: string];
}

interface PropertyRule {
  readonly id: number;
  readonly type: keyof PropertyValues;
  readonly in: readonly PropertyPlace[];
  /** May stand more than once: the value is a list, in the order of the wire. */
  readonly repeats?: true;
  /** The number 0 is refused with this reason code. */
  readonly zero?: ReasonCode;
}

const acknowledgements = ['puback', 'pubrec', 'pubrel', 'pubcomp'] as const;
const replies = [
  'connack',
  ...acknowledgements,
  'suback',
  'unsuback',
  'disconnect',
  'auth',
] as const;

/** Section 2.2.2.2, table 2-4. One identifier has two rows, as PUBLISH may repeat it. */
const propertyTable = {
  payloadFormatIndicator: { id: 0x01, type: 'flag', in: ['publish', 'will'] },
  messageExpiryInterval: { id: 0x02, type: 'u32', in: ['publish', 'will'] },
  contentType: { id: 0x03, type: 'text', in: ['publish', 'will'] },
  responseTopic: { id: 0x08, type: 'topicName', in: ['publish', 'will'] },
  correlationData: { id: 0x09, type: 'binary', in: ['publish', 'will'] },
  subscriptionIdentifier: {
    id: 0x0b,
    type: 'varint',
    in: ['subscribe'],
    zero: reasonCodes.malformedPacket,
  },
  subscriptionIdentifiers: {
    id: 0x0b,
    type: 'varint',
    in: ['publish'],
    repeats: true,
    zero: reasonCodes.protocolError,
  },
  sessionExpiryInterval: { id: 0x11, type: 'u32', in: ['connect', 'connack', 'disconnect'] },
  assignedClientIdentifier: { id: 0x12, type: 'text', in: ['connack'] },
  serverKeepAlive: { id: 0x13, type: 'u16', in: ['connack'] },
  authenticationMethod: { id: 0x15, type: 'text', in: ['connect', 'connack', 'auth'] },
  authenticationData: { id: 0x16, type: 'binary', in: ['connect', 'connack', 'auth'] },
  requestProblemInformation: { id: 0x17, type: 'flag', in: ['connect'] },
  willDelayInterval: { id: 0x18, type: 'u32', in: ['will'] },
  requestResponseInformation: { id: 0x19, type: 'flag', in: ['connect'] },
  responseInformation: { id: 0x1a, type: 'text', in: ['connack'] },
  serverReference: { id: 0x1c, type: 'text', in: ['connack', 'disconnect'] },
  reasonString: { id: 0x1f, type: 'text', in: replies },
  receiveMaximum: {
    id: 0x21,
    type: 'u16',
    in: ['connect', 'connack'],
    zero: reasonCodes.protocolError,
  },
  topicAliasMaximum: { id: 0x22, type: 'u16', in: ['connect', 'connack'] },
  topicAlias: { id: 0x23, type: 'u16', in: ['publish'], zero: reasonCodes.protocolError },
  maximumQos: { id: 0x24, type: 'flag', in: ['connack'] },
  retainAvailable: { id: 0x25, type: 'flag', in: ['connack'] },
  userProperties: {
    id: 0x26,
    type: 'textPair',
    in: ['connect', 'will', 'publish', 'subscribe', 'unsubscribe', ...replies],
    repeats: true,
  },
  maximumPacketSize: {
    id: 0x27,
    type: 'u32',
    in: ['connect', 'connack'],
    zero: reasonCodes.protocolError,
  },
  wildcardSubscriptionAvailable: { id: 0x28, type: 'flag', in: ['connack'] },
  subscriptionIdentifierAvailable: { id: 0x29, type: 'flag', in: ['connack'] },
  sharedSubscriptionAvailable: { id: 0x2a, type: 'flag', in: ['connack'] },
} as const satisfies Record<string, PropertyRule>;

type PropertyTable = typeof propertyTable;
export type PropertyName = keyof PropertyTable;
type PropertyValue<Name extends PropertyName> = PropertyTable[Name] extends { repeats: true }
  ? readonly PropertyValues[PropertyTable[Name]['type']][]
  : PropertyValues[PropertyTable[Name]['type']];

/** The properties that may stand in one place. A key is absent when the wire had none. */
export type PropertiesIn<Place extends PropertyPlace> = {
  readonly [Name in PropertyName as Place extends PropertyTable[Name]['in'][number]
    ? Name
    : never]?: PropertyValue<Name>;
};

/** User properties in the order of the wire, names may repeat. */
export type UserProperties = PropertyValue<'userProperties'>;

/** A row of the table with its name. */
export interface Property extends PropertyRule {
  readonly name: PropertyName;
}

const byName = new Map<string, Property>();
const typesById = new Map<number, Property['type']>();
const byId = new Map<PropertyPlace, Map<number, Property>>();
for (const [name, rule] of Object.entries<PropertyRule>(propertyTable)) {
  const property: Property = { ...rule, name: name as PropertyName };
  byName.set(name, property);
  typesById.set(property.id, property.type);
  for (const place of property.in) {
    const properties = byId.get(place) ?? new Map<number, Property>();
    byId.set(place, properties.set(property.id, property));
  }
}

/** The property that `id` means in one place, undefined when it may not stand there. */
export function propertyById(place: PropertyPlace, id: number): Property | undefined {
  return byId.get(place)?.get(id);
}

/** The type of the property's value, wherever it may stand; undefined when there is none. */
export function typeById(id: number): Property['type'] | undefined {
  return typesById.get(id);
}

/** The property called `name`, undefined when it may not stand in that place. */
export function propertyByName(place: PropertyPlace, name: string): Property | undefined {
  const property = byName.get(name);
  return property?.in.includes(place) ? property : undefined;
}
