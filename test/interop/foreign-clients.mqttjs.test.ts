/** MQTT.js against our broker. */

import { describe } from 'node:test';
import { defineClientClaims } from './client-claims.ts';
import { mqttJs } from './mqttjs-client.ts';
import { claimOptions } from './stage.ts';

describe('the broker, for MQTT.js,', claimOptions, () => {
  defineClientClaims(() => ({ ...mqttJs, [Symbol.asyncDispose]: async () => {} }));
});
