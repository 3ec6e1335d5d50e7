/** Who a client is: what CONNECT says of it, and what the listener makes of that. */

import type { Connect } from '../packet/connect.ts';
import { ProtocolError } from '../packet/protocol-error.ts';
import { reasonCodes } from '../packet/reason-codes.ts';
import type { ProtocolVersion } from '../packet/version.ts';
import type { PeerCredentials } from '../session/link.ts';
import type { Features, Limits } from './limits.ts';

/** How a listener tells who its clients are. */
export interface ListenerRules {
  readonly name: string | undefined;
  /**
   * What all topics of its clients begin with, without their knowing it: it is put before those
   * that they send, taken off those that they get, and they get no others. Undefined: nothing.
   */
  readonly mountPoint: string | undefined;
  /** The user name is the identity that the transport knows. */
  readonly identityAsUserName: boolean;
  /** The client identifier is the user name. */
  readonly userNameAsClientId: boolean;
  /** Undefined: all. */
  readonly acceptedVersions: readonly ProtocolVersion[] | undefined;
}

export interface IntroductionRules {
  readonly limits: Limits;
  readonly features: Features;
  readonly listener: ListenerRules;
  /** Makes up a client identifier that nobody has. */
  readonly assignClientId: (prefix: string) => string;
}

export interface Introduction {
  readonly clientId: string;
  /** CONNECT had none. */
  readonly clientIdIsAssigned: boolean;
  readonly userName: string | undefined;
  readonly password: Uint8Array | undefined;
  /** See `Admission`. */
  readonly isVouchedFor: boolean;
}

/**
 * Refuses in the order in which Mosquitto does, and with the same codes.
 *
 * @throws ProtocolError with the reason code of the CONNACK that refuses the client
 */
export function introduce(
  connect: Connect,
  credentials: PeerCredentials | undefined,
  rules: IntroductionRules,
): Introduction {
  const { listener, limits } = rules;
  checkVersion(connect, listener);
  const given = givenClientId(connect, rules);
  const user = userOf(connect, credentials, listener);
  const clientId = listener.userNameAsClientId ? demandUserName(user.userName) : given;
  checkLength(clientId, limits);
  return { clientId, clientIdIsAssigned: connect.clientId === '', ...user };
}

function checkVersion({ version }: Connect, { acceptedVersions }: ListenerRules): void {
  if (acceptedVersions === undefined || acceptedVersions.includes(version)) return;
  throw new ProtocolError(
    reasonCodes.unsupportedProtocolVersion,
    `protocol version ${version}: this listener takes ${acceptedVersions.join(', ')}`,
  );
}

/** What CONNECT says, or what is made up where it says nothing. */
function givenClientId(
  connect: Connect,
  { limits, features, assignClientId }: IntroductionRules,
): string {
  checkLength(connect.clientId, limits);
  if (connect.clientId === '') checkMayBeEmpty(connect, features);
  const clientId = connect.clientId || assignClientId(features.assignedClientIdPrefix);
  const { clientIdPrefix } = features;
  if (clientId.startsWith(clientIdPrefix)) return clientId;
  throw new ProtocolError(
    reasonCodes.notAuthorized,
    `client identifier that does not begin with '${clientIdPrefix}'`,
  );
}

function checkLength(clientId: string, { clientIdCharactersMax }: Limits): void {
  if (clientId.length <= clientIdCharactersMax) return;
  throw new ProtocolError(
    reasonCodes.clientIdentifierNotValid,
    `client identifier of ${clientId.length} characters: ${clientIdCharactersMax} are allowed`,
  );
}

function checkMayBeEmpty({ version, cleanStart }: Connect, features: Features): void {
  // MQTT 3.1 asks for at least one character; 3.1.1 allows none for clean sessions.
  const mayBeEmpty = version === 5 || (version === 4 && cleanStart); // [MQTT3-3.1.3-8]
  if (mayBeEmpty && features.zeroLengthClientIdAllowed) return;
  throw new ProtocolError(
    // As Mosquitto has it.
    version === 5 ? reasonCodes.unspecifiedError : reasonCodes.clientIdentifierNotValid,
    'empty client identifier: give the client one, or connect with clean start where allowed',
  );
}

function userOf(
  { userName, password, properties }: Connect,
  credentials: PeerCredentials | undefined,
  { identityAsUserName }: ListenerRules,
): Pick<Introduction, 'userName' | 'password' | 'isVouchedFor'> {
  if (!identityAsUserName) return { userName, password, isVouchedFor: false };
  const identity = credentials?.identity;
  if (identity === undefined) {
    throw new ProtocolError(
      reasonCodes.badUserNameOrPassword,
      'no identity: this listener takes the user name from a certificate or a pre-shared key',
    );
  }
  if (identity.length > identityCharactersMax) {
    throw new ProtocolError(
      reasonCodes.badUserNameOrPassword,
      `an identity of ${identity.length} characters: no user name has more than ${identityCharactersMax}`,
    );
  }
  const isVouchedFor = properties?.authenticationMethod === undefined;
  return { userName: identity, password: undefined, isVouchedFor };
}

// It must fit into a text of MQTT's, of 65,535 bytes, whatever its characters are.
const identityCharactersMax = 21_845;

function demandUserName(userName: string | undefined): string {
  if (userName) return userName;
  throw new ProtocolError(
    reasonCodes.notAuthorized,
    'no user name: this listener takes the client identifier from it',
  );
}
