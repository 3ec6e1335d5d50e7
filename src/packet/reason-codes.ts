/** The reason codes of MQTT, by their names. */

import * as reasonCodes from './reason-code-numbers.ts';

export { reasonCodes };

/** One byte on the wire; 0x80 and above are failures. */
export type ReasonCode = (typeof reasonCodes)[keyof typeof reasonCodes];
