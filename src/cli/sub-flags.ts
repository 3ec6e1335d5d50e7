/** The flags of `pantala sub`. */

import { type ClientDraft, clientDraft, clientFlags } from './client-flags.ts';
import { type Flag, oneOf, wholeNumber } from './flags.ts';
import { outputNames } from './output-format.ts';
import { UsageError } from './usage-error.ts';
import { type WatchOrder, watchOrders } from './watch-table.ts';

export interface SubDraft extends ClientDraft {
  readonly filtersOut: string[];
  readonly unsubscribed: string[];
  /** Messages to print before it ends. */
  count: number;
  timeoutSeconds: number | undefined;
  exitsAfterSubscribe: boolean;
  format: string | undefined;
  /** One of `outputNames`. */
  output: string | undefined;
  watch: boolean;
  watchOrder: WatchOrder;
  verbose: boolean;
  newlines: boolean;
  pretty: boolean;
  skipsRetained: boolean;
  retainedOnly: boolean;
  retainAsPublished: boolean;
  removesRetained: boolean;
  /** Of a hundred messages, on average. */
  printedShare: number;
}

export function subDraft(): SubDraft {
  return {
    ...clientDraft(),
    filtersOut: [],
    unsubscribed: [],
    count: Number.POSITIVE_INFINITY,
    timeoutSeconds: undefined,
    exitsAfterSubscribe: false,
    format: undefined,
    output: undefined,
    watch: false,
    watchOrder: 'arrival',
    verbose: false,
    newlines: true,
    pretty: false,
    skipsRetained: false,
    retainedOnly: false,
    retainAsPublished: false,
    removesRetained: false,
    printedShare: 100,
  };
}

/** Largest delay that timers take, in seconds. */
const timeoutSecondsMax = 2_147_483;

const ownFlags: readonly Flag<SubDraft>[] = [
  {
    names: ['-t', '--topic'],
    argument: 'FILTER',
    wants: 'topic',
    help: 'what to subscribe to; may be given again',
    read: (draft, next) => draft.topics.push(next()),
  },
  {
    names: ['-C'],
    argument: 'COUNT',
    wants: 'count',
    help: 'end after so many messages',
    read: (draft, next) => {
      const text = next();
      const fault = `Invalid message count "${text}".`;
      draft.count = wholeNumber(text, 1, Number.MAX_SAFE_INTEGER, fault);
    },
  },
  {
    names: ['-E'],
    help: 'end once the broker has taken the subscriptions',
    read: (draft) => {
      draft.exitsAfterSubscribe = true;
    },
  },
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
    names: ['--output'],
    argument: 'FORMAT',
    wants: 'format',
    values: outputNames,
    help: `how to print a message: ${outputNames.join(', ')}; see below`,
    read: (draft, next) => {
      draft.output = oneOf('--output', outputNames, next());
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
    },
  },
  {
    names: ['--random-filter'],
    argument: 'PERCENT',
    wants: 'chance',
    help: 'print only so many of a hundred messages, by chance',
    read: (draft, next) => {
      const share = Number(next());
      if (!(share >= 0.1 && share <= 100)) {
        throw new UsageError('--random-filter chance must be between 0.1-100.0');
      }
      draft.printedShare = share;
    },
  },
  {
    names: ['--remove-retained'],
    help: 'have the broker forget each retained message that arrives',
    read: (draft) => {
      draft.removesRetained = true;
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
    names: ['--retained-only'],
    help: 'print retained messages only, and end at the first other one',
    read: (draft) => {
      draft.retainedOnly = true;
    },
  },
  {
    names: ['--sort'],
    argument: 'ORDER',
    wants: 'order',
    values: watchOrders,
    help: `with --watch: sort by ${watchOrders.join(', ')}; arrival by default`,
    read: (draft, next) => {
      draft.watchOrder = oneOf('--sort', watchOrders, next());
    },
  },
  {
    names: ['-T', '--filter-out'],
    argument: 'FILTER',
    wants: 'topic filter',
    help: 'do not print what matches this; may be given again',
    read: (draft, next) => draft.filtersOut.push(next()),
  },
  {
    names: ['-U', '--unsubscribe'],
    argument: 'FILTER',
    wants: 'unsubscribe topic',
    help: 'what to unsubscribe from; may be given again',
    read: (draft, next) => draft.unsubscribed.push(next()),
  },
  {
    names: ['-v', '--verbose'],
    help: 'print the topic before the payload',
    read: (draft) => {
      draft.verbose = true;
    },
  },
  {
    names: ['-w', '--watch'],
    help: 'draw a table of topics on the terminal: last message, count, rate, age',
    read: (draft) => {
      draft.watch = true;
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

export const subFlags: readonly Flag<SubDraft>[] = [...ownFlags, ...clientFlags];
