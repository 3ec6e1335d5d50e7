/** The flags of `pantala pub`. */

import { type ClientDraft, clientDraft, clientFlags } from './client-flags.ts';
import { type Flag, wholeNumber } from './flags.ts';
import { type PayloadDraft, payloadDraft, payloadFlags, setSource } from './payload-source.ts';
import { UsageError } from './usage-error.ts';

export interface PubDraft extends ClientDraft, PayloadDraft {
  retain: boolean;
  repeatCount: number;
  repeatDelaySeconds: number;
}

export function pubDraft(): PubDraft {
  return {
    ...clientDraft(),
    ...payloadDraft(),
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
    names: ['-l', '--stdin-line'],
    help: 'publish each line of the input',
    read: (draft) => setSource(draft, { type: 'lines' }),
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

export const pubFlags: readonly Flag<PubDraft>[] = [...ownFlags, ...payloadFlags, ...clientFlags];
