/** Flags in a table, and arguments read by it, in the way of Mosquitto's tools. */

import { version } from '../server/version.ts';
import type { CommandOption } from './command.ts';
import { UsageError } from './usage-error.ts';

/** One flag. `Draft` is what the flags of a command write into. */
export interface Flag<Draft> {
  /** All its forms: `-p`, `--port`. */
  readonly names: readonly string[];
  /** What follows it, as the help names it: `PORT`. */
  readonly argument?: string;
  /** How it is called when it is missing: `port`. */
  readonly wants?: string;
  /** What it can be, where that is a list. */
  readonly values?: readonly string[];
  /** The complaint then, where it is not put together from `names` and `wants`. */
  readonly missing?: string;
  readonly help: string;
  /** @param next gives the argument that follows; throws UsageError when there is none */
  readonly read: (draft: Draft, next: () => string) => void;
}

/** A flag of Mosquitto's that does nothing here yet: to ignore it could do harm. */
export interface UnservedFlag {
  readonly names: readonly string[];
  /** What to do instead. */
  readonly remedy: string;
}

/** @throws UsageError */
export function readFlags<Draft>(
  args: readonly string[],
  draft: Draft,
  { flags, unserved }: { flags: readonly Flag<Draft>[]; unserved: readonly UnservedFlag[] },
): void {
  for (let at = 0; at < args.length; at++) {
    const name = args[at];
    const flag = flags.find(({ names }) => names.includes(name));
    if (flag === undefined) throw unknownFlag(name, unserved);
    flag.read(draft, () => {
      at += 1;
      if (at < args.length) return args[at];
      const fault = `${flag.names[0]} argument given but no ${flag.wants} specified.`;
      throw new UsageError(flag.missing ?? fault);
    });
  }
}

/** The rows of a help text. */
export function helpOf(flags: readonly Flag<never>[]): CommandOption[] {
  return flags.map(({ names, argument, values, help }) => ({
    flags: [names.join(', '), argument].filter(Boolean).join(' '),
    help,
    ...(values && { values }),
  }));
}

/** @throws UsageError when it is none of them */
export function oneOf<Value extends string>(
  name: string,
  values: readonly Value[],
  text: string,
): Value {
  const value = values.find((each) => each === text);
  if (value !== undefined) return value;
  throw new UsageError(`Invalid ${name} '${text}': it is one of ${values.join(', ')}.`);
}

/**
 * A whole number from `min` to `max`.
 *
 * @param fault what to complain of otherwise
 * @throws UsageError
 */
export function wholeNumber(text: string, min: number, max: number, fault: string): number {
  const value = /^-?\d+$/.test(text) ? Number(text) : Number.NaN;
  if (value >= min && value <= max) return value;
  throw new UsageError(fault);
}

function unknownFlag(name: string, unserved: readonly UnservedFlag[]): UsageError {
  const known = unserved.find(({ names }) => names.includes(name));
  if (known === undefined) return new UsageError(`Unknown option '${name}'.`);
  return new UsageError(
    `Option '${name}' is not served yet by pantala ${version}: ${known.remedy}.`,
  );
}
