/** Bytes in any pieces in, packets out. */

import type { Packet } from './packet.ts';
import type { TopicCache } from './topic-cache.ts';
import type { ProtocolVersion } from './version.ts';

export interface PacketReaderOptions {
  readonly from: 'client' | 'server';
  readonly packetBytesMax: number;
  readonly version?: ProtocolVersion | undefined;
  readonly topics?: TopicCache | undefined;
}

export class PacketReader {
  readonly #options: PacketReaderOptions;

  constructor(options: PacketReaderOptions) {
    this.#options = options;
  }

  get version(): ProtocolVersion | undefined {
    return this.#options.version;
  }

  get lastPacketBytes(): number {
    return 0;
  }

  push(bytes: Uint8Array): void {
    void bytes;
  }

  next(): Packet | undefined {
    return undefined;
  }
}
