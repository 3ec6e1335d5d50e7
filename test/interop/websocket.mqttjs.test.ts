/** MQTT.js against our broker, over WebSocket. */

import { after, describe, it } from 'node:test';
import { defineClientClaims } from './client-claims.ts';
import { mqttJs } from './mqttjs-client.ts';
import { claimOptions } from './stage.ts';
import { Certificate, missingOpenssl, webSocketBrokers } from './websocket-broker.ts';

const start = () => ({ ...mqttJs, [Symbol.asyncDispose]: () => Promise.resolve() });

describe('the broker, for MQTT.js over WebSocket,', claimOptions, () => {
  defineClientClaims(start, webSocketBrokers());
});

describe('the broker, for MQTT.js over WebSocket inside TLS,', claimOptions, () => {
  const skip = missingOpenssl();
  if (skip !== undefined) {
    it('does what it expects', { skip });
    return;
  }
  const certificate = new Certificate();
  after(() => certificate[Symbol.dispose]());
  defineClientClaims(start, webSocketBrokers(certificate));
});
