/** One command line that Mosquitto's tools and ours are both given, and what may differ then. */

import type { OurToolName } from './our-tools.ts';

/** Listeners that both brokers have, by what they are for. */
export type ListenerName = 'plain' | 'closed' | 'limited' | 'small' | 'tls' | 'psk';

export interface Invocation {
  /**
   * The command line. `$T` stands for a topic and `$ID` for a client identifier that nobody else
   * uses, `#tls` for the port of that listener, `@ca.crt` for a certificate's file, `$DIR` for a
   * folder of its own, `$PROXY` and `$LOGIN` for the ports of two proxies; `'a b'` is one argument.
   */
  readonly run: `${OurToolName}${'' | ` ${string}`}`;
  /** Whose host and port stand before the other arguments; by default plain. */
  readonly at?: ListenerName | 'nowhere';
  readonly input?: string | Uint8Array;
  /** Files in `$DIR`; that called `mosquitto_sub` or so holds the user's own flags. */
  readonly files?: Readonly<Record<string, string>>;
  /** What is published before, one command line of mosquitto_pub each. */
  readonly given?: readonly string[];
  /** What is published over and over while it runs, in the same way. */
  readonly live?: string;
  /** Afterwards this topic must hold the same retained message for both. */
  readonly kept?: string;
  /** What of the output is each tool's own; it is not compared. */
  readonly hides?: RegExp;
  /** The broker whose behaviour it is about; by default it is run at both. */
  readonly only?: 'Mosquitto' | 'Pantala';
  readonly differs?: Difference;
}

/** What differs, and is meant to; the rest is the same even then. */
export interface Difference {
  readonly because: string;
  /** Ours has this sentence behind what they say on stderr. */
  readonly adds?: RegExp;
  readonly exitCode?: readonly [theirs: number, ours: number];
  readonly stdout?: readonly [theirs: Expected, ours: Expected];
  /** What theirs has to become for ours to be the same. */
  readonly becomes?: (stdout: string) => string;
  readonly stderr?: readonly [theirs: Expected, ours: Expected];
  /** What the topic `kept` holds afterwards. */
  readonly kept?: readonly [theirs: Expected, ours: Expected];
}

export type Expected = string | RegExp;

const remedy = 'ours tells what to do about it, in a sentence behind theirs';

export const since21 = 'it is so since Mosquitto 2.1, and theirs is 2.0.11';
export const fault = 'a fault of Mosquitto 2.0.11';
export const clearer = 'ours is clearer, on purpose';

/** Ours says more. */
export function adds(sentence: RegExp): { differs: Difference } {
  return { differs: { because: remedy, adds: sentence } };
}

/** They do not know the flag yet. */
export function newFlag(flag: string, ours: Partial<Record<'stdout' | 'stderr', Expected>> = {}) {
  const complaint = new RegExp(`^Error: Unknown option '${flag}'\\.\\n`);
  const { stdout, stderr = '' } = ours;
  const differs: Difference = {
    because: since21,
    exitCode: [1, 0],
    stderr: [complaint, stderr],
    ...(stdout === undefined ? {} : { stdout: ['', stdout] }),
  };
  return { differs };
}
