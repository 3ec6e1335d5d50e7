/** What a reader knows of whoever sends the bytes. */

import type { Side } from './packet-types.ts';
import type { DecodeTopic, TopicCache } from './topic-cache.ts';
import type { ProtocolVersion } from './version.ts';

export interface Sender {
  readonly side: Side;
  readonly version: ProtocolVersion;
  readonly topics: TopicCache | undefined;
  /** Reads those that are not in `topics`. */
  readonly decodeTopic: DecodeTopic;
  /** Payloads are copies, which their reader may keep. */
  readonly ownsPayloads: boolean;
}
