/** Declares tests of options, and knows which options have one. */

import assert from 'node:assert/strict';
import { it } from 'node:test';
import { open, type Served, serve } from './served.ts';

/** What a test shows of an option. */
type Shown = 'effect' | 'reload' | 'restart';

export interface OptionTestSettings {
  /** Why it cannot run here. */
  readonly skip?: string | undefined;
}

type OptionTest = () => Promise<void> | void;

const declared: Record<Shown, Set<string>> = {
  effect: new Set(),
  reload: new Set(),
  restart: new Set(),
};
let declares = true;

/** What the option does, as far as a client or the operator notices. */
export function itShows(
  option: string,
  claim: string,
  test: OptionTest,
  { skip }: OptionTestSettings = {},
): void {
  declare('effect', { option, claim, test, skip });
}

/** A reload changes it. */
export function itReloads(
  option: string,
  test: OptionTest,
  { skip }: OptionTestSettings = {},
): void {
  declare('reload', { option, claim: 'is taken up by a reload', test, skip });
}

/** A reload says that it takes a restart. */
export function itNeedsRestart(option: string, test: OptionTest): void {
  declare('restart', { option, claim: 'takes a restart, and a reload says so', test });
}

/** The options that the files which `load` imports have tests of; these are not run. */
export async function declaredBy(
  load: () => Promise<unknown>,
): Promise<Readonly<Record<Shown, ReadonlySet<string>>>> {
  declares = false;
  await load();
  return declared;
}

function declare(
  shown: Shown,
  {
    option,
    claim,
    test,
    skip,
  }: { option: string; claim: string; test: OptionTest; skip?: string | undefined },
): void {
  declared[shown].add(option);
  if (declares) it(`${option}: ${claim}`, { timeout: 60_000, skip: skip ?? false }, () => test());
}

/** A line that makes a difference, and what is seen without and with it. */
export interface Difference<Seen> {
  readonly line: string | readonly string[];
  /** What stands there when the line does not. */
  readonly instead?: string | readonly string[];
  /** The rest of the configuration; it comes first. */
  readonly beside?: readonly string[];
  /** Looks at a server: may be done again, after a reload. */
  readonly see: (served: Served) => Promise<Seen>;
  readonly without: Seen;
  readonly with: Seen;
}

/** Tests the effect of an option at the start, and after a reload. */
export function itDiffers<Seen>(
  option: string,
  claim: string,
  difference: Difference<Seen>,
  { skip }: OptionTestSettings = {},
): void {
  const { line, instead = [], beside = open, see } = difference;
  const linesWithout = [...beside, ...[instead].flat()];
  const linesWith = [...beside, ...[line].flat()];
  const test = async () => {
    await using without = await serve(...linesWithout);
    assert.deepEqual(await see(without), difference.without, 'without the line');
    await using served = await serve(...linesWith);
    assert.deepEqual(await see(served), difference.with, 'with the line');
  };
  declare('effect', { option, claim, test, skip });
  const reloaded = async () => {
    await using served = await serve(...linesWithout);
    assert.deepEqual(await see(served), difference.without, 'before the reload');
    await served.reload(...linesWith);
    assert.deepEqual(await see(served), difference.with, 'after the reload');
    assert.doesNotMatch(served.logText, /takes a restart/);
  };
  declare('reload', { option, claim: `${claim}, after a reload`, test: reloaded, skip });
}
