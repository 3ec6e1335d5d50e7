/** Topics below `$CONTROL/`, where clients ask something of the broker itself. */

import type { Message, MessageSource } from '../session/message.ts';

/** What such messages begin with; Mosquitto's name for it. */
export const controlPrefix = '$CONTROL/';

/** Is given each message there, which goes no further. The publisher may publish it. */
export type ControlHandler = (message: Message, source: MessageSource | undefined) => void;
