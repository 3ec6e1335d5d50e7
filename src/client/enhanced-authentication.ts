/** Enhanced authentication: what goes on between CONNECT and CONNACK. (MQTT 5.0 section 4.12) */

import type { Auth, AuthProperties } from '../packet/auth.ts';
import type { Connack } from '../packet/connack.ts';
import { writeFromClient } from '../packet/from-client.ts';
import { fromServer } from '../packet/from-server.ts';
import type { Packet } from '../packet/packet.ts';
import { protocolError } from '../packet/protocol-error.ts';
import { reasonCodes } from '../packet/reason-codes.ts';
import { ClientError } from './client-error.ts';
import type { Authentication } from './connect-options.ts';
import type { Authenticator } from './ports.ts';

/** A mechanism, with what a connection needs for it: a client that has none has nothing of that. */
export interface EnhancedAuthentication extends Authentication {
  /**
   * Begins an exchange.
   *
   * @internal for the client alone: `enhancedAuthentication` makes what has it
   */
  exchange(): AuthExchange;
}

/**
 * Makes a mechanism of your own one that `connect` takes.
 *
 *     await connect('mqtt://localhost', {
 *       authentication: enhancedAuthentication({
 *         method: 'ECHO',
 *         begin: () => ({ authenticator: { answer: (challenge) => challenge } }),
 *       }),
 *     });
 */
export function enhancedAuthentication(mechanism: Authentication): EnhancedAuthentication {
  const { method } = mechanism;
  return {
    method,
    begin: () => mechanism.begin(),
    exchange: () => {
      const { data, authenticator } = mechanism.begin();
      return new AuthExchange(method, data, authenticator);
    },
  };
}

/** What an exchange may do with its connection. */
export interface AuthLine {
  readonly isOpen: boolean;
  send(packet: Packet): void;
  end(failure: ClientError): void;
}

/** One exchange, from its CONNECT on. */
export class AuthExchange {
  /** Of the connection, whose packets include AUTH. */
  readonly from = fromServer;
  readonly write = writeFromClient;
  /** For CONNECT. */
  readonly properties: AuthProperties;
  readonly #authenticator: Authenticator;

  constructor(method: string, data: Uint8Array | undefined, authenticator: Authenticator) {
    this.properties = propertiesOf(method, data);
    this.#authenticator = authenticator;
  }

  /** Answers a step of the server's, at once or later; ends the connection if it objects. */
  answer({ reasonCode, properties }: Auth, line: AuthLine): void {
    const method = this.properties.authenticationMethod!;
    if (properties?.authenticationMethod !== method) {
      // [MQTT-4.12.0-5]
      throw protocolError(`AUTH must name the authentication method of CONNECT, '${method}'`);
    }
    if (reasonCode !== reasonCodes.continueAuthentication) return;
    const ask = () => this.#authenticator.answer(properties.authenticationData);
    whenAnswered(line, ask, (data) => {
      // [MQTT-4.12.0-3]
      line.send({ type: 'auth', reasonCode, properties: propertiesOf(method, data) });
    });
  }

  /** Proceeds once the server has shown who it is, at once or later; ends the connection if not. */
  verify({ properties }: Connack, line: AuthLine, proceed: () => void): void {
    whenAnswered(line, () => this.#authenticator.verify?.(properties?.authenticationData), proceed);
  }
}

function propertiesOf(
  authenticationMethod: string,
  authenticationData: Uint8Array | undefined,
): AuthProperties {
  return authenticationData
    ? { authenticationMethod, authenticationData }
    : { authenticationMethod };
}

function whenAnswered<T>(
  line: AuthLine,
  ask: () => T | Promise<T>,
  use: (answer: T) => void,
): void {
  const object = (cause: unknown) => {
    const text = cause instanceof Error ? cause.message : String(cause);
    line.end(new ClientError('not authentic', `the server is refused: ${text}`, { cause }));
  };
  let answer: T | Promise<T>;
  try {
    answer = ask();
  } catch (error) {
    return object(error);
  }
  if (!(answer instanceof Promise)) return use(answer);
  answer.then((value) => {
    if (line.isOpen) use(value);
  }, object);
}
