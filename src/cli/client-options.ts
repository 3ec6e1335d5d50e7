/** The client that the flags of `pantala pub`, `sub` and `rr` ask for. */

import process from 'node:process';
import type { ClientOptions } from '../client/client.ts';
import type { ConnectProperties, Will } from '../packet/connect.ts';
import type { DisconnectProperties } from '../packet/disconnect.ts';
import { nameFault } from '../topic/topic-filter.ts';
import { bytesAsHex } from './byte-text.ts';
import { type ClientDraft, neverExpires } from './client-flags.ts';
import { exitCodes, ToolFailure } from './tool-failure.ts';
import { UsageError } from './usage-error.ts';

/** @throws UsageError, ToolFailure when the flags do not go together */
export function clientOptions(draft: ClientDraft): Omit<ClientOptions, 'host'> {
  const { version, cleanSession, userName, password } = draft;
  if (password !== undefined && userName === undefined && version !== 5) {
    throw new ToolFailure(
      exitCodes.other,
      'Error: Problem setting username and/or password.\nBefore MQTT 5.0, -P needs -u.',
    );
  }
  return {
    version,
    clientId: clientIdOf(draft),
    cleanStart: cleanSession,
    keepAliveSeconds: draft.keepAliveSeconds,
    userName,
    password,
    will: willOf(draft),
    properties: version === 5 ? connectProperties(draft) : undefined,
    limits: { inflightMessagesMax: draft.inflightMessagesMax },
  };
}

function clientIdOf({ clientId, clientIdPrefix, cleanSession, version }: ClientDraft): string {
  if (clientId !== undefined && clientIdPrefix !== undefined) {
    throw new UsageError('-i and -I argument cannot be used together.');
  }
  if (clientId === '') {
    const fault = 'Error: Invalid id.\nLeave -i out, or give it a name.';
    throw new ToolFailure(exitCodes.other, fault);
  }
  if (clientId !== undefined) return clientId;
  // One with the process id is another one the next time.
  if (!cleanSession && version !== 5) {
    throw new UsageError('You must provide a client id if you are using the -c option.');
  }
  if (clientIdPrefix !== undefined) return `${clientIdPrefix}${process.pid}`;
  // MQTT 3.1 knows no empty identifier, and none of more than 23 characters.
  return version === 3 ? `pantala-${randomDigits(14)}` : '';
}

function willOf(draft: ClientDraft): Will | undefined {
  const { willTopic, willPayload, willQos, willRetain, properties } = draft;
  if (willTopic === undefined) {
    for (const [given, what] of [
      [willPayload !== undefined, 'payload'],
      [willRetain, 'retain'],
    ] as const) {
      if (given) throw new UsageError(`Will ${what} given, but no will topic given.`);
    }
    return undefined;
  }
  if (nameFault(willTopic) !== undefined) {
    throw new UsageError(`Invalid will topic '${willTopic}', does it contain '+' or '#'?`);
  }
  const payload = new TextEncoder().encode(willPayload ?? '');
  return {
    topic: willTopic,
    payload,
    qos: willQos,
    retain: willRetain,
    properties: properties.will,
  };
}

function connectProperties(draft: ClientDraft): ConnectProperties {
  const { cleanSession, clientId } = draft;
  const given: ConnectProperties = draft.properties.connect ?? {};
  if (given.sessionExpiryInterval !== undefined && draft.sessionExpiryInterval !== undefined) {
    throw new UsageError(
      'Duplicate property in CONNECT properties: session-expiry-interval and -x.',
    );
  }
  const sessionExpiryInterval =
    given.sessionExpiryInterval ??
    draft.sessionExpiryInterval ??
    (cleanSession ? undefined : neverExpires);
  if (sessionExpiryInterval === neverExpires && clientId === undefined) {
    throw new UsageError(
      'You must provide a client id if you are using an infinite session expiry interval.',
    );
  }
  const disconnect: DisconnectProperties = draft.properties.disconnect ?? {};
  if (!sessionExpiryInterval && disconnect.sessionExpiryInterval) {
    throw new UsageError(
      'session-expiry-interval of DISCONNECT cannot prolong a session without one: give -x.',
    );
  }
  return {
    receiveMaximum: draft.inflightMessagesMax,
    ...given,
    ...(sessionExpiryInterval === undefined ? {} : { sessionExpiryInterval }),
  };
}

function randomDigits(count: number): string {
  return bytesAsHex(crypto.getRandomValues(new Uint8Array(count / 2)));
}
