/** Paho for Python against our broker. */

import { describe } from 'node:test';
import { defineClientClaims } from './client-claims.ts';
import { findPahoPython, Paho } from './paho-client.ts';
import { claimOptions } from './stage.ts';

const python = findPahoPython();
const skip = python === undefined && 'Paho is not installed: apt-get install python3-paho-mqtt';

describe('the broker, for Paho,', { ...claimOptions, skip }, () => {
  defineClientClaims(() => new Paho(python!));
});
