/**
 * `pantala pub`, `sub` and `rr` beside mosquitto_pub, mosquitto_sub and mosquitto_rr: the same
 * command lines, at both brokers. Whatever of stdout, stderr and exit code differs is in the tables.
 */

import assert from 'node:assert/strict';
import { after, before, describe, it } from 'node:test';
import { missingMosquitto } from './debian-mosquitto.ts';
import type { Difference, Expected, Invocation } from './invocation.ts';
import { pubInvocations } from './invocations-pub.ts';
import { rrInvocations } from './invocations-rr.ts';
import { subInvocations } from './invocations-sub.ts';
import { usageInvocations } from './invocations-usage.ts';
import { wayInvocations } from './invocations-ways.ts';
import { missingTools } from './mosquitto-tools.ts';
import { type BrokerName, type Seen, SideBySide } from './side-by-side.ts';

const missing = missingMosquitto() ?? missingTools();
// Most of them wait for others most of the time.
const atATime = 16;

const connecting = [...pubInvocations, ...subInvocations, ...rrInvocations, ...wayInvocations];
const tables: Readonly<Record<BrokerName, readonly Invocation[]>> = {
  Mosquitto: [...usageInvocations, ...connecting],
  Pantala: connecting,
};

for (const broker of ['Mosquitto', 'Pantala'] as const) {
  describe(`our tools beside Mosquitto's, at ${broker},`, { concurrency: atATime }, () => {
    if (missing !== undefined) {
      it('do the same', { skip: missing });
      return;
    }
    let stage: SideBySide;
    before(async () => {
      stage = await SideBySide.start(broker);
    });
    after(() => stage[Symbol.asyncDispose]());

    for (const invocation of tables[broker]) {
      if (invocation.only !== undefined && invocation.only !== broker) continue;
      it(nameOf(invocation), async () => {
        const { theirs, ours } = await stage.compare(invocation);
        check({ theirs, ours }, invocation);
      });
    }
  });
}

function nameOf({ run, at, differs }: Invocation): string {
  const place = at === undefined || at === 'nowhere' ? '' : ` (${at})`;
  return `${run}${place}${differs === undefined ? '' : `, but: ${differs.because}`}`;
}

function check(
  { theirs, ours }: { theirs: Seen; ours: Seen },
  { hides, differs }: Invocation,
): void {
  const shown = (text: string) =>
    hides === undefined ? text : text.replaceAll(new RegExp(hides, 'g'), '');
  const { exitCode, stdout, stderr, kept }: Partial<Difference> = differs ?? {};
  const [theirStderr, added] = [theirs.stderr, differs?.adds];
  if (exitCode === undefined) assert.equal(ours.exitCode, theirs.exitCode, ours.stderr);
  else assert.deepEqual([theirs.exitCode, ours.exitCode], exitCode, 'exit codes');
  const { becomes = (text: string) => text } = differs ?? {};
  same('stdout', [becomes(shown(theirs.stdout)), shown(ours.stdout)], stdout);
  if (differs?.becomes) assert.notEqual(ours.stdout, theirs.stdout, noMore('stdout'));
  same('what is kept', [theirs.kept, ours.kept], kept);
  if (added === undefined) {
    same('stderr', [theirStderr, ours.stderr], stderr);
    return;
  }
  assert.ok(ours.stderr.startsWith(theirStderr), `${ours.stderr}\nbegins not with\n${theirStderr}`);
  assert.match(ours.stderr.slice(theirStderr.length), added);
}

function same(
  what: string,
  [theirs, ours]: readonly [string | undefined, string | undefined],
  difference: readonly [theirs: Expected, ours: Expected] | undefined,
): void {
  if (difference === undefined) {
    assert.equal(ours, theirs, what);
    return;
  }
  expected(what, theirs ?? '', difference[0]);
  expected(what, ours ?? '', difference[1]);
  assert.notEqual(ours, theirs, noMore(what));
}

function noMore(what: string): string {
  return `${what} differs no more: take it out of the table`;
}

function expected(what: string, text: string, expectation: Expected): void {
  if (typeof expectation === 'string') assert.equal(text, expectation, what);
  else assert.match(text, expectation, what);
}
