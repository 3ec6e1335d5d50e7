/** The flags of `pantala rr`. */

import { type ClientDraft, clientDraft, clientFlags } from './client-flags.ts';
import type { Flag } from './flags.ts';
import { type PayloadDraft, payloadDraft, payloadFlags } from './payload-source.ts';
import { type PrintDraft, printDraft, printFlags } from './print-flags.ts';

export interface RrDraft extends ClientDraft, PayloadDraft, PrintDraft {
  responseTopic: string | undefined;
  measuresLatency: boolean;
}

export function rrDraft(): RrDraft {
  return {
    ...clientDraft(),
    ...payloadDraft(),
    ...printDraft(),
    // Only here a request can say where its response is to go.
    version: 5,
    responseTopic: undefined,
    measuresLatency: false,
  };
}

const ownFlags: readonly Flag<RrDraft>[] = [
  {
    names: ['-t', '--topic'],
    argument: 'TOPIC',
    wants: 'topic',
    help: 'where to publish the request',
    read: (draft, next) => draft.topics.push(next()),
  },
  {
    names: ['-e'],
    argument: 'TOPIC',
    wants: 'response topic',
    help: 'where the response comes, and is waited for',
    read: (draft, next) => {
      draft.responseTopic = next();
    },
  },
  {
    names: ['--latency'],
    help: 'print how long the response has taken, too',
    read: (draft) => {
      draft.measuresLatency = true;
    },
  },
];

export const rrFlags: readonly Flag<RrDraft>[] = [
  ...ownFlags,
  ...payloadFlags,
  ...printFlags,
  ...clientFlags,
];
