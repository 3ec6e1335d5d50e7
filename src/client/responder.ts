/** Responses to requests. (MQTT 5.0 section 4.10) */

import type { MessageProperties } from '../session/message.ts';
import type { IncomingMessage } from './incoming-message.ts';
import type { MqttClient } from './mqtt-client.ts';

/** A payload, with properties where it needs some. */
export type Response =
  | Uint8Array
  | string
  | {
      readonly payload: Uint8Array | string;
      readonly properties?: Omit<MessageProperties, 'responseTopic' | 'correlationData'>;
    };

/** Answers a request; undefined: there is nothing to say. */
export type Respond = (
  request: IncomingMessage,
) => Response | undefined | Promise<Response | undefined>;

/** Has the answer go to whoever has asked. What names no Response Topic gets none. */
export async function respondWith(
  client: MqttClient,
  request: IncomingMessage,
  respond: Respond,
): Promise<void> {
  const { responseTopic, correlationData } = request.properties ?? {};
  const response = await respond(request);
  if (response === undefined || responseTopic === undefined) return;
  const isPlain = typeof response === 'string' || response instanceof Uint8Array;
  const { payload, properties } = isPlain ? { payload: response, properties: {} } : response;
  const own = { ...properties, ...(correlationData && { correlationData }) };
  await client.publish(responseTopic, payload, { qos: request.qos, properties: own });
}
