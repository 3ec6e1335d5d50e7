/** Errors as programs for MQTT.js expect them. */

import { ClientError } from '../client/client-error.ts';
import { connackCode, nameOf } from './reason-names.ts';

export const connackTimeout = 'connack timeout';
const keepAliveTimeout = 'Keepalive timeout';

/** With the reason code of the server where that gave one, and the system's where there is one. */
export class MqttJsError extends Error {
  readonly code: number | string | undefined;

  constructor(message: string, code?: number | string, cause?: unknown) {
    super(message, cause === undefined ? undefined : { cause });
    this.code = code;
  }
}

/** What a callback is told. @param what `Publish` or `Subscribe` */
export function callbackError(what: string, error: unknown): Error {
  if (!(error instanceof ClientError)) return asError(error);
  const { failure, reasonCode, message } = error;
  if (failure === 'refused' && reasonCode !== undefined) {
    return new MqttJsError(`${what} error: ${nameOf(reasonCode)}`, reasonCode, error);
  }
  if (lost.includes(failure)) return new MqttJsError('Connection closed', undefined, error);
  return new MqttJsError(message, reasonCode, error);
}

const lost: readonly ClientError['failure'][] = [
  'connection lost',
  'keep-alive timeout',
  'disconnected',
  'disconnected by server',
  'not connected',
];

/** What `error` is told of the end of a connection; undefined: nothing. */
export function closeError(failure: Error | undefined, version: 3 | 4 | 5): Error | undefined {
  if (failure === undefined) return undefined;
  if (!(failure instanceof ClientError)) return failure;
  switch (failure.failure) {
    case 'refused': {
      const reasonCode = failure.reasonCode ?? 0;
      const text = `Connection refused: ${nameOf(reasonCode)}`;
      return new MqttJsError(text, connackCode(reasonCode, version), failure);
    }
    case 'keep-alive timeout':
      return new MqttJsError(keepAliveTimeout, undefined, failure);
    case 'protocol error':
      return new MqttJsError(failure.message, failure.reasonCode, failure);
    default: {
      // The server's own end of it is no error; a broken network is.
      const { cause } = failure;
      return cause instanceof Error && 'code' in cause ? cause : undefined;
    }
  }
}

/** The server did not answer in time: CONNECT, or at all. */
export function isTimeout(error: Error | undefined): boolean {
  return error?.message === connackTimeout || error?.message === keepAliveTimeout;
}

export function asError(error: unknown): Error {
  return error instanceof Error ? error : new Error(String(error));
}
