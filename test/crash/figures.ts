/** What a run amounted to, in figures and in words. */

import type { CrashOutcome } from './crash-run.ts';
import type { Ledger } from './ledger.ts';
import type { Stage } from './stage.ts';

export interface Figures {
  readonly kills: number;
  readonly acknowledgedQos1: number;
  readonly acknowledgedQos2: number;
  /** Publications that went out more than once. */
  readonly resent: number;
  /** Messages at subscribers, each once. */
  readonly deliveries: number;
  readonly duplicatesQos1: number;
  /** What the broker is known to do wrong and was not stopped for. */
  readonly tolerated: number;
  /** Milliseconds from the start of the process until it listened. */
  readonly startP50: number;
  readonly startMax: number;
}

interface Sources {
  readonly ledger: Ledger;
  readonly stage: Stage;
  readonly startTimes: readonly number[];
}

export function figuresOf({ ledger, stage, startTimes }: Sources): Figures {
  const acknowledged = { 1: 0, 2: 0 };
  let resent = 0;
  for (const message of ledger.messages()) {
    if (message.acknowledged !== undefined) acknowledged[message.qos]++;
    resent += message.resends;
  }
  let deliveries = 0;
  let duplicatesQos1 = 0;
  for (const { inbox } of stage.subscribers) {
    for (const [, { counts }] of inbox.entries()) {
      deliveries++;
      duplicatesQos1 += Math.max(counts[1] - 1, 0);
    }
  }
  const times = startTimes.toSorted((a, b) => a - b);
  return {
    kills: ledger.clock.kills,
    acknowledgedQos1: acknowledged[1],
    acknowledgedQos2: acknowledged[2],
    resent,
    deliveries,
    duplicatesQos1,
    tolerated: ledger.toleratedCount,
    startP50: Math.round(times[Math.floor(times.length / 2)] ?? Number.NaN),
    startMax: Math.round(times.at(-1) ?? Number.NaN),
  };
}

/** One line for a run. */
export function summaryOf({ options, figures, failures }: CrashOutcome): string {
  const { broker, durability, signal, seed } = options;
  return [
    `${broker}, durability ${durability}, seed ${seed}: ${figures.kills} × ${signal}`,
    `acknowledged ${figures.acknowledgedQos1} of QoS 1, ${figures.acknowledgedQos2} of QoS 2`,
    `${figures.resent} sent again`,
    `${figures.deliveries} deliveries`,
    `${figures.duplicatesQos1} duplicates at QoS 1`,
    ...(figures.tolerated > 0 ? [`${figures.tolerated} tolerated faults`] : []),
    `start p50 ${figures.startP50} ms, max ${figures.startMax} ms`,
    `loss: ${failures.length === 0 ? 'none' : failureCounts(failures)}`,
  ].join('; ');
}

const failuresShown = 10;

/** The failures of a run, and how to have it again. */
export function explain(outcome: CrashOutcome): string {
  const { failures, options } = outcome;
  const shown = failures.slice(0, failuresShown).map(({ kind, text }) => `${kind}: ${text}`);
  const left = failures.length - shown.length;
  const flags = Object.entries(options)
    .filter(([, value]) => `${value}` !== '')
    .map(([name, value]) => {
      return `--${name.replace(/[A-Z]/g, (letter) => `-${letter.toLowerCase()}`)} ${value}`;
    });
  return [
    summaryOf(outcome),
    ...shown,
    ...(left > 0 ? [`and ${left} more`] : []),
    `again, if chance wills: npm run crash -- ${flags.join(' ')}`,
  ].join('\n');
}

function failureCounts(failures: CrashOutcome['failures']): string {
  const counts = new Map<string, number>();
  for (const { kind } of failures) counts.set(kind, (counts.get(kind) ?? 0) + 1);
  return [...counts].map(([kind, count]) => `${count} ${kind}`).join(', ');
}
