/** What the library `ws` makes of the frames of a WebSocket. */

import type { Writable } from 'node:stream';
import { setImmediate } from 'node:timers/promises';
import * as ws from 'ws';

/** What a reader of frames has made of them, in order and without the borders of frames. */
export interface FramesRead {
  /** Of binary messages, in hexadecimal. */
  payload: string;
  /** Each as `ping 00ff`, `pong 00ff` or `close 1000 reason`. */
  controls: string[];
  /** What the connection is to be closed with, if they are faulty. */
  closeCode: number | undefined;
}

export interface ForeignOptions {
  readonly from: 'client' | 'server';
  readonly frameBytesMax: number;
  readonly fragmentsMax: number;
}

// Its types do not know of it.
const { Receiver } = ws as unknown as { Receiver: new (options: object) => Writable };

/** @returns of messages only those that are whole */
export async function readByForeign(
  pieces: readonly Uint8Array[],
  { from, frameBytesMax, fragmentsMax }: ForeignOptions,
): Promise<FramesRead> {
  const read: FramesRead = { payload: '', controls: [], closeCode: undefined };
  const receiver = new Receiver({
    isServer: from === 'client',
    maxPayload: frameBytesMax,
    maxFragments: fragmentsMax,
  });
  receiver.on('message', (bytes: Buffer, isBinary: boolean) => {
    if (isBinary) read.payload += bytes.toString('hex');
  });
  receiver.on('ping', (bytes: Buffer) => read.controls.push(`ping ${bytes.toString('hex')}`));
  receiver.on('pong', (bytes: Buffer) => read.controls.push(`pong ${bytes.toString('hex')}`));
  receiver.on('conclude', (code: number, reason: Buffer) =>
    read.controls.push(`close ${code} ${reason}`),
  );
  receiver.on('error', (error: Error) => {
    const code = Object.getOwnPropertySymbols(error).find(
      ({ description }) => description === 'status-code',
    )!;
    read.closeCode = (error as unknown as Record<symbol, number>)[code];
  });
  for (const piece of pieces) receiver.write(Buffer.from(piece));
  await setImmediate();
  return read;
}
