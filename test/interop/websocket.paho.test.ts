/** Paho for Python against our broker, over WebSocket. */

import { after, describe, it } from 'node:test';
import { defineClientClaims } from './client-claims.ts';
import { findPahoPython, Paho } from './paho-client.ts';
import { claimOptions } from './stage.ts';
import { Certificate, missingOpenssl, webSocketBrokers } from './websocket-broker.ts';

const python = findPahoPython();
const missingPaho =
  python === undefined && 'Paho is not installed: apt-get install python3-paho-mqtt';

describe('the broker, for Paho over WebSocket,', claimOptions, () => {
  if (missingPaho) {
    it('does what it expects', { skip: missingPaho });
    return;
  }
  defineClientClaims(() => new Paho(python!), webSocketBrokers());
});

describe('the broker, for Paho over WebSocket inside TLS,', claimOptions, () => {
  const skip = missingPaho || missingOpenssl();
  if (skip) {
    it('does what it expects', { skip });
    return;
  }
  const certificate = new Certificate();
  after(() => certificate[Symbol.dispose]());
  defineClientClaims(() => new Paho(python!), webSocketBrokers(certificate));
});
