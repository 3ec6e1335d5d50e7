/** The flags of `pantala pub`. */

import { type ClientDraft, clientDraft, clientFlags } from './client-flags.ts';
import { type Flag, wholeNumber } from './flags.ts';
import { UsageError } from './usage-error.ts';

/** Where the payload comes from; `lines`: each line of the input is a message. */
export type PayloadSource =
  | { readonly type: 'text'; readonly text: string }
  | { readonly type: 'file'; readonly path: string }
  | { readonly type: 'input' }
  | { readonly type: 'lines' };

export interface PubDraft extends ClientDraft {
  source: PayloadSource | undefined;
  retain: boolean;
  repeatCount: number;
  repeatDelaySeconds: number;
}

export function pubDraft(): PubDraft {
  return {
    ...clientDraft(),
    source: undefined,
    retain: false,
    repeatCount: 1,
    repeatDelaySeconds: 0,
  };
}

const ownFlags: readonly Flag<PubDraft>[] = [
  {
    names: ['-t', '--topic'],
    argument: 'TOPIC',
    wants: 'topic',
    help: 'where to publish',
    read: (draft, next) => draft.topics.push(next()),
  },
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
    names: ['-l', '--stdin-line'],
    help: 'publish each line of the input',
    read: (draft) => setSource(draft, { type: 'lines' }),
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
  {
    names: ['-r', '--retain'],
    help: 'have the broker keep the message for later subscribers',
    read: (draft) => {
      draft.retain = true;
    },
  },
  {
    names: ['--repeat'],
    argument: 'COUNT',
    wants: 'count',
    help: 'publish it so many times',
    read: (draft, next) => {
      draft.repeatCount = wholeNumber(
        next(),
        1,
        Number.MAX_SAFE_INTEGER,
        '--repeat argument must be >0.',
      );
    },
  },
  {
    names: ['--repeat-delay'],
    argument: 'SECONDS',
    wants: 'time',
    help: 'wait so long in between',
    read: (draft, next) => {
      const seconds = Number(next());
      if (!(seconds >= 0)) throw new UsageError('--repeat-delay argument must be >=0.0.');
      draft.repeatDelaySeconds = seconds;
    },
  },
];

export const pubFlags: readonly Flag<PubDraft>[] = [...ownFlags, ...clientFlags];

function setSource(draft: PubDraft, source: PayloadSource): void {
  if (draft.source !== undefined) {
    throw new UsageError('Only one type of message can be sent at once.');
  }
  draft.source = source;
}
