/** The properties of MQTT 5.0 as MQTT.js has them, and back. */

import type mqtt from 'mqtt';
import type { WillProperties } from '../../src/packet/connect.ts';
import type { UserProperties } from '../../src/packet/properties.ts';
import type { PublishProperties } from '../../src/packet/publish.ts';

type MqttJsPublish = NonNullable<mqtt.IPublishPacket['properties']>;
type MqttJsWill = NonNullable<NonNullable<mqtt.IClientOptions['will']>['properties']>;
type MqttJsUserProperties = NonNullable<MqttJsPublish['userProperties']>;

export function propertiesForMqttJs(
  properties: PublishProperties | WillProperties,
): MqttJsPublish & MqttJsWill {
  const { payloadFormatIndicator, correlationData, userProperties, ...others } = properties;
  return present({
    ...others,
    payloadFormatIndicator:
      payloadFormatIndicator === undefined ? undefined : payloadFormatIndicator === 1,
    correlationData: correlationData && Buffer.from(correlationData),
    userProperties: userProperties && grouped(userProperties),
  });
}

export function propertiesFromMqttJs(properties: MqttJsPublish = {}): PublishProperties {
  const { payloadFormatIndicator, correlationData, userProperties, ...rest } = properties;
  const { subscriptionIdentifier, ...others } = rest;
  return present({
    ...others,
    payloadFormatIndicator:
      payloadFormatIndicator === undefined ? undefined : flag(payloadFormatIndicator),
    correlationData: correlationData && new Uint8Array(correlationData),
    userProperties: userProperties && pairs(userProperties),
    subscriptionIdentifiers:
      subscriptionIdentifier === undefined ? undefined : [subscriptionIdentifier].flat(),
  });
}

function flag(value: boolean): 0 | 1 {
  return value ? 1 : 0;
}

/** The values of a name stand together in MQTT.js, so that the order of names may be another. */
function grouped(userProperties: UserProperties): MqttJsUserProperties {
  const values = Map.groupBy(userProperties, ([name]) => name);
  return Object.fromEntries(
    [...values].map(([name, all]) => [name, all.map(([, value]) => value)]),
  );
}

function pairs(userProperties: MqttJsUserProperties): UserProperties {
  return Object.entries(userProperties).flatMap(([name, values]) =>
    [values].flat().map((value): [string, string] => [name, value]),
  );
}

/** MQTT.js takes a name that has no value for a wrong value. */
function present<Properties extends object>(properties: Properties): Properties {
  const entries = Object.entries(properties).filter(([, value]) => value !== undefined);
  return Object.fromEntries(entries) as Properties;
}
