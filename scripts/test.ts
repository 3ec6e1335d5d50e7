/**
 * Runs the tests: all, or those in the folders, files or globs given as arguments. It prints a line per file, in full what
 * failed or was skipped, and last node:test's own counts, which .ci/run reads.
 */

import { existsSync, statSync } from 'node:fs';
import { availableParallelism } from 'node:os';
import { relative } from 'node:path';
import process from 'node:process';
import { run } from 'node:test';
import { spec } from 'node:test/reporters';

interface TestEvent {
  readonly type: string;
  readonly data: Partial<FileSummary> & { readonly skip?: unknown; readonly todo?: unknown };
}

interface FileSummary {
  readonly file: string;
  readonly success: boolean;
  readonly counts: { readonly tests: number };
  readonly duration_ms: number;
}

const asked = process.argv.slice(2);
const places = asked.length > 0 ? asked : ['src', 'test'];
const globPatterns = places.map((place) => {
  return existsSync(place) && statSync(place).isDirectory() ? `${place}/**/*.test.ts` : place;
});

// A file that hangs fails; the longest takes about a minute on a busy machine.
const fileMilliseconds = 300_000;

run({ globPatterns, concurrency: availableParallelism(), timeout: fileMilliseconds })
  .compose(report)
  .compose(new spec())
  .pipe(process.stdout);

async function* report(events: AsyncIterable<TestEvent>) {
  for await (const event of events) {
    if (isWorthShowing(event)) yield event;
    if (event.type !== 'test:summary') continue;
    const summary = event.data as FileSummary;
    if (!summary.success) process.exitCode = 1;
    if (summary.file) yield { type: 'test:stdout', data: { message: fileLine(summary) } };
    else if (summary.counts.tests === 0) fail(`no test in ${places.join(' ')}`);
  }
}

function isWorthShowing({ type, data }: TestEvent): boolean {
  // Without the starts, spec does not nest; each failure then stands by itself.
  if (type === 'test:start') return false;
  return type !== 'test:pass' || data.skip !== undefined || data.todo !== undefined;
}

function fileLine({ file, success, counts, duration_ms }: FileSummary): string {
  const mark = success ? '✔' : '✖';
  const path = relative(process.cwd(), file);
  return `${mark} ${path}  ${counts.tests} tests, ${Math.round(duration_ms)} ms\n`;
}

function fail(message: string): void {
  process.exitCode = 1;
  process.stderr.write(`${message}\n`);
}
