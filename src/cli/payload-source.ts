/** Where the payload of `pantala pub` and `pantala rr` comes from: the flags, and the bytes. */

import { readFile } from 'node:fs/promises';
import { addAbortSignal } from 'node:stream';
import { buffer } from 'node:stream/consumers';
import type { Io } from './command.ts';
import type { Flag } from './flags.ts';
import { exitCodes, ToolFailure } from './tool-failure.ts';
import { UsageError } from './usage-error.ts';

/** `lines`: each line of the input is a message. */
export type PayloadSource =
  | { readonly type: 'text'; readonly text: string }
  | { readonly type: 'file'; readonly path: string }
  | { readonly type: 'input' }
  | { readonly type: 'lines' };

export interface PayloadDraft {
  source: PayloadSource | undefined;
}

export function payloadDraft(): PayloadDraft {
  return { source: undefined };
}

export const payloadFlags: readonly Flag<PayloadDraft>[] = [
  {
    names: ['-m', '--message'],
    argument: 'PAYLOAD',
    wants: 'message',
    help: 'publish this',
    read: (draft, next) => setSource(draft, { type: 'text', text: next() }),
  },
  {
    names: ['-f', '--file'],
    argument: 'FILE',
    wants: 'file',
    help: 'publish what is in a file',
    read: (draft, next) => setSource(draft, { type: 'file', path: next() }),
  },
  {
    names: ['-n', '--null-message'],
    help: 'publish an empty message',
    read: (draft) => setSource(draft, { type: 'text', text: '' }),
  },
  {
    names: ['-s', '--stdin-file'],
    help: 'publish the whole input as one message',
    read: (draft) => setSource(draft, { type: 'input' }),
  },
];

/** @throws UsageError when there is one already */
export function setSource(draft: PayloadDraft, source: PayloadSource): void {
  if (draft.source !== undefined) {
    throw new UsageError('Only one type of message can be sent at once.');
  }
  draft.source = source;
}

/** @throws ToolFailure in Mosquitto's words when there is none */
export async function payloadOf(
  source: Exclude<PayloadSource, { type: 'lines' }>,
  { stdin, signal }: Io,
): Promise<Uint8Array> {
  switch (source.type) {
    case 'text':
      return new TextEncoder().encode(source.text);
    case 'file':
      return readFile(source.path).catch(() => {
        const fault = `Unable to open file "${source.path}".\nError loading input file "${source.path}".`;
        throw new ToolFailure(exitCodes.other, `Error: ${fault}`);
      });
    case 'input': {
      const bytes = await buffer(addAbortSignal(signal, stdin)).catch(() => {
        throw new ToolFailure(exitCodes.other, 'Error: The input was not read to its end.');
      });
      if (bytes.length > 0) return bytes;
      const fault = 'Zero length input.\nError loading input from stdin.';
      throw new ToolFailure(exitCodes.other, `Error: ${fault}`);
    }
    default:
      return source satisfies never;
  }
}
