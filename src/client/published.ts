/** What has become of a message that was published. */

import { type ReasonCode, reasonCodes } from '../packet/reason-codes.ts';

export interface Published {
  /** The server's last word; 0 at QoS 0, where it says nothing, and for what is but stored. */
  readonly reasonCode: ReasonCode;
  /** A message of QoS 0 was not sent, as there was no connection. */
  readonly isDropped: boolean;
}

/** Nearly all; one for all of them. */
const succeeded: Published = Object.freeze({ reasonCode: reasonCodes.success, isDropped: false });

export const dropped: Published = Object.freeze({ ...succeeded, isDropped: true });

export function publishedWith(reasonCode: ReasonCode): Published {
  return reasonCode === reasonCodes.success ? succeeded : { reasonCode, isDropped: false };
}
