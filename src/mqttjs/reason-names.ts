/** Reason codes in words, as MQTT.js has them in its errors. */

import { reasonCodes } from '../packet/reason-codes.ts';
import { reasonName } from '../packet/reason-name.ts';
import type { ProtocolVersion } from '../packet/version.ts';

/** The return codes of MQTT 3.x, in their order (MQTT 3.1.1 table 3.1). */
const returnCodes: readonly number[] = [
  reasonCodes.success,
  reasonCodes.unsupportedProtocolVersion,
  reasonCodes.clientIdentifierNotValid,
  reasonCodes.serverUnavailable,
  reasonCodes.badUserNameOrPassword,
  reasonCodes.notAuthorized,
];

/** The number that CONNACK had on the wire: one of MQTT 3.x is read as the one of MQTT 5.0. */
export function connackCode(reasonCode: number, version: ProtocolVersion): number {
  const returnCode = returnCodes.indexOf(reasonCode);
  return version === 5 || returnCode < 0 ? reasonCode : returnCode;
}

/** `Not authorized`; a number where the code has no name. */
export function nameOf(reasonCode: number): string {
  const name = reasonName(reasonCode);
  if (name === undefined) return `0x${reasonCode.toString(16)}`;
  const words = name.replace(/[A-Z]/g, (letter) => ` ${letter.toLowerCase()}`);
  return words[0].toUpperCase() + words.slice(1);
}
