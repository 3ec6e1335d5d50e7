/** What went wrong between a tool and its broker, in Mosquitto's words and exit codes. */

import type { ClientError } from '../client/client-error.ts';
import { type ReasonCode, reasonCodes } from '../packet/reason-codes.ts';
import { reasonName } from '../packet/reason-name.ts';
import type { ProtocolVersion } from '../packet/version.ts';
import type { HelpSection } from './command.ts';

/** Ends a tool with an exit code other than 0; the lines of the message go to stderr. */
export class ToolFailure extends Error {
  override readonly name = 'ToolFailure';
  readonly exitCode: number;

  constructor(exitCode: number, message: string) {
    super(message);
    this.exitCode = exitCode;
  }
}

/** Of Mosquitto's library, where the broker gives no code of its own. */
export const exitCodes = {
  other: 1,
  protocol: 2,
  noConnection: 4,
  connectionLost: 7,
  tls: 8,
  authorisation: 11,
  unknown: 13,
  proxy: 16,
  timedOut: 27,
  /** Of mosquitto_sub, before the broker has let it in. */
  interrupted: 255,
} as const;

/** For the help. */
export const exitCodeSection: HelpSection = {
  title: 'Exit codes',
  rows: [
    ['0', 'it is done'],
    ['1', 'the command line, a file or the network: stderr says what'],
    ['1 to 5, or 128 on', 'the broker refused the connection: the code of CONNACK'],
    [`${exitCodes.protocol}`, 'the broker does not speak MQTT as it should'],
    [`${exitCodes.connectionLost}`, 'the connection was lost'],
    [`${exitCodes.tls}`, 'TLS did not come about'],
    [`${exitCodes.unknown}`, 'a WebSocket did not come about'],
    [`${exitCodes.timedOut}`, 'the time of -W is over, where there is one'],
  ],
};

/** The return codes of MQTT 3.x, and how Mosquitto words them (MQTT 3.1.1 table 3.1). */
const returnCodes: ReadonlyMap<ReasonCode, { readonly code: number; readonly words: string }> =
  new Map([
    [
      reasonCodes.unsupportedProtocolVersion,
      { code: 1, words: 'Connection Refused: unacceptable protocol version.' },
    ],
    [
      reasonCodes.clientIdentifierNotValid,
      { code: 2, words: 'Connection Refused: identifier rejected.' },
    ],
    [reasonCodes.serverUnavailable, { code: 3, words: 'Connection Refused: broker unavailable.' }],
    [
      reasonCodes.badUserNameOrPassword,
      { code: 4, words: 'Connection Refused: bad user name or password.' },
    ],
    [reasonCodes.notAuthorized, { code: 5, words: 'Connection Refused: not authorised.' }],
  ]);

const checkLogin =
  'check the user name (-u) and the password (-P); the log of the broker says what was wrong';

/** What whoever is refused can do. */
const advices: ReadonlyMap<ReasonCode, string> = new Map([
  [reasonCodes.badUserNameOrPassword, checkLogin],
  [reasonCodes.notAuthorized, checkLogin],
  [reasonCodes.clientIdentifierNotValid, 'give another client identifier (-i)'],
  [reasonCodes.unsupportedProtocolVersion, 'give another version of MQTT (-V)'],
]);

/** `0x87` → `Not authorized`. */
export function reasonWords(reasonCode: ReasonCode): string {
  const words = (reasonName(reasonCode) ?? 'unknown reason')
    .replace(/[A-Z]/g, (letter) => ` ${letter.toLowerCase()}`)
    .replace(/\bqos\b/, 'QoS');
  return words.charAt(0).toUpperCase() + words.slice(1);
}

/** What the broker did, or the network under the conversation with it. */
export function clientFailure(error: ClientError, version: ProtocolVersion): ToolFailure {
  const { failure, message, reasonCode } = error;
  if (failure === 'refused' && reasonCode !== undefined) {
    const known = version === 5 ? undefined : returnCodes.get(reasonCode);
    const { code, words } = known ?? { code: reasonCode, words: reasonWords(reasonCode) };
    const advice = advices.get(reasonCode);
    const text = advice === undefined ? message : `${message}; ${advice}`;
    return new ToolFailure(code, `Connection error: ${words}\n${sentence(text)}`);
  }
  if (failure === 'not supported' || failure === 'dropped') {
    return new ToolFailure(exitCodes.other, `Error: ${sentence(message)}`);
  }
  const [exitCode, line] =
    failure === 'protocol error'
      ? [exitCodes.protocol, protocolErrorLine]
      : [exitCodes.connectionLost, 'Error: The connection was lost.'];
  return new ToolFailure(exitCode, `${line}\n${sentence(message)}`);
}

const protocolErrorLine =
  'Error: A network protocol error occurred when communicating with the broker.';

function sentence(text: string): string {
  return `${text.charAt(0).toUpperCase()}${text.slice(1)}.`;
}
