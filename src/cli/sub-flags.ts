/** The flags of `pantala sub`. */

import { type ClientDraft, clientDraft, clientFlags } from './client-flags.ts';
import { type Flag, oneOf, wholeNumber } from './flags.ts';
import { outputNames } from './output-format.ts';
import { type PrintDraft, printDraft, printFlags } from './print-flags.ts';
import { UsageError } from './usage-error.ts';
import { type WatchOrder, watchOrders } from './watch-table.ts';

export interface SubDraft extends ClientDraft, PrintDraft {
  readonly filtersOut: string[];
  readonly unsubscribed: string[];
  /** Messages to print before it ends. */
  count: number;
  exitsAfterSubscribe: boolean;
  /** One of `outputNames`. */
  output: string | undefined;
  watch: boolean;
  watchOrder: WatchOrder;
  retainedOnly: boolean;
  removesRetained: boolean;
  /** Messages are counted by the second, and not printed. */
  countsRate: boolean;
  /** Of a hundred messages, on average. */
  printedShare: number;
}

export function subDraft(): SubDraft {
  return {
    ...clientDraft(),
    ...printDraft(),
    filtersOut: [],
    unsubscribed: [],
    count: Number.POSITIVE_INFINITY,
    exitsAfterSubscribe: false,
    output: undefined,
    watch: false,
    watchOrder: 'arrival',
    retainedOnly: false,
    removesRetained: false,
    countsRate: false,
    printedShare: 100,
  };
}

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
    names: ['--message-rate'],
    help: 'print only, each second, how many messages have come',
    read: (draft) => {
      draft.countsRate = true;
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
    names: ['-w', '--watch'],
    help: 'draw a table of topics on the terminal: last message, count, rate, age',
    read: (draft) => {
      draft.watch = true;
    },
  },
];

export const subFlags: readonly Flag<SubDraft>[] = [...ownFlags, ...printFlags, ...clientFlags];
