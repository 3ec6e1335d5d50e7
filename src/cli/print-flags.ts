/** The flags of `pantala sub` and `rr` that say which messages to wait for, and print how. */

import type { RetainHandling } from '../packet/subscribe.ts';
import { type Flag, wholeNumber } from './flags.ts';
import { UsageError } from './usage-error.ts';

export interface PrintDraft {
  format: string | undefined;
  verbose: boolean;
  newlines: boolean;
  pretty: boolean;
  skipsRetained: boolean;
  retainAsPublished: boolean;
  retainHandling: RetainHandling;
  timeoutSeconds: number | undefined;
}

export function printDraft(): PrintDraft {
  return {
    format: undefined,
    verbose: false,
    newlines: true,
    pretty: false,
    skipsRetained: false,
    retainAsPublished: false,
    retainHandling: 0,
    timeoutSeconds: undefined,
  };
}

/** Largest delay that timers take, in seconds. */
const timeoutSecondsMax = 2_147_483;

const retainHandlings: ReadonlyMap<string, RetainHandling> = new Map([
  ['always', 0],
  ['new', 1],
  ['never', 2],
]);

export const printFlags: readonly Flag<PrintDraft>[] = [
  {
    names: ['-F'],
    argument: 'FORMAT',
    wants: 'format',
    help: "how to print a message: '%I %t %p'; see below",
    read: (draft, next) => {
      draft.format = next();
    },
  },
  {
    names: ['-N'],
    help: 'print no end of line behind a message',
    read: (draft) => {
      draft.newlines = false;
    },
  },
  {
    names: ['--pretty'],
    help: 'print JSON on many lines',
    read: (draft) => {
      draft.pretty = true;
    },
  },
  {
    names: ['-R'],
    help: 'do not print retained messages',
    read: (draft) => {
      draft.skipsRetained = true;
      draft.retainHandling = 2;
    },
  },
  {
    names: ['--retain-as-published'],
    help: 'let messages keep the retain flag that they were published with, in MQTT 5.0',
    read: (draft) => {
      draft.retainAsPublished = true;
    },
  },
  {
    names: ['--retain-handling'],
    argument: 'WHEN',
    wants: 'option',
    values: [...retainHandlings.keys()],
    help: 'have the broker send retained messages always, to new subscriptions, or never',
    read: (draft, next) => {
      const text = next();
      const handling = retainHandlings.get(text);
      if (handling === undefined) {
        throw new UsageError(`Unknown value '${text}' for --retain-handling.`);
      }
      draft.retainHandling = handling;
    },
  },
  {
    names: ['-v', '--verbose'],
    help: 'print the topic before the payload',
    read: (draft) => {
      draft.verbose = true;
    },
  },
  {
    names: ['-W'],
    argument: 'SECONDS',
    wants: 'timeout',
    help: 'end after this time',
    read: (draft, next) => {
      const text = next();
      draft.timeoutSeconds = wholeNumber(text, 1, timeoutSecondsMax, `Invalid timeout "${text}".`);
    },
  },
];

/** Aborted when it is time to stop waiting; none without -W. */
export function timeoutSignals({ timeoutSeconds }: PrintDraft): AbortSignal[] {
  return timeoutSeconds === undefined ? [] : [AbortSignal.timeout(timeoutSeconds * 1000)];
}
