/** `pantala store stats`: what is in a store, and how much room it takes. */

import { statSync } from 'node:fs';
import type { LmdbReport } from '../storage/lmdb-report.ts';
import { columns, type Io } from './command.ts';
import { readStore } from './store-reader.ts';
import { type Amount, type Tally, Teller } from './store-tally.ts';
import { exitCodes } from './tool-failure.ts';

export async function printStats(
  path: string,
  io: Io,
  { json }: { readonly json: boolean },
): Promise<number> {
  const teller = new Teller();
  const report = await readStore(
    path,
    (records) => {
      for (const record of records) teller.take(record);
    },
    io.signal,
  );
  if (report === undefined) return exitCodes.other;
  const stats: Stats = { path, fileBytes: statSync(path).size, report, tally: teller.finish() };
  io.stdout.write(json ? `${jsonOf(stats)}\n` : textOf(stats));
  if (report.damage.length === 0 && stats.tally.unreadable === 0) return 0;
  io.stderr.write(
    `Error: '${path}' is damaged: some of it is missing above. 'pantala store check' tells more.\n`,
  );
  return exitCodes.other;
}

interface Stats {
  readonly path: string;
  readonly fileBytes: number;
  readonly report: LmdbReport;
  readonly tally: Tally;
}

function jsonOf({ path, fileBytes, report, tally }: Stats): string {
  const { pages, freePages, pageBytes, records } = report;
  const { hasEnded = null, ...counts } = tally;
  const file = { file: path, fileBytes, pages, freePages, pageBytes, records };
  return JSON.stringify({ ...file, hasEnded, ...counts });
}

function textOf({ path, fileBytes, report, tally }: Stats): string {
  const { pages, freePages, pageBytes } = report;
  const { presentSessions, endedSessions, largestQueues } = tally;
  const rows: (readonly [string, string])[] = [
    ['file', path],
    ['size', `${sizeText(fileBytes)}, ${pages} pages of ${pageBytes} bytes, ${freePages} free`],
    ['broker', endings.get(tally.hasEnded)!],
    ['sessions', `${presentSessions}, and ${endedSessions} that have ended`],
    ['subscriptions', String(tally.subscriptions)],
    ['queued messages', amountText(tally.queued)],
    ['messages in flight', amountText(tally.inflight)],
    ['shared messages', amountText(tally.shared)],
    ['retained messages', amountText(tally.retained)],
    ['QoS 2 messages received, without PUBREL', String(tally.received)],
  ];
  if (tally.unreadable > 0) rows.push(['unreadable records', String(tally.unreadable)]);
  const lines = columns(rows).map((line) => line.slice(2));
  if (largestQueues.length > 0) {
    lines.push('', 'most messages, queued or in flight:');
    lines.push(
      ...columns(
        largestQueues.map(({ clientId, ...amount }) => {
          return [JSON.stringify(clientId), amountText(amount)];
        }),
      ),
    );
  }
  return `${lines.join('\n')}\n`;
}

const endings: ReadonlyMap<boolean | undefined, string> = new Map([
  [true, 'has ended as it should'],
  [false, 'was broken off, and goes on from here when it starts'],
  [undefined, 'has left no record of its end'],
]);

function amountText({ messages, bytes }: Amount): string {
  return messages === 0 ? '0' : `${messages}, ${sizeText(bytes)}`;
}

const units = ['bytes', 'KiB', 'MiB', 'GiB', 'TiB'];

function sizeText(bytes: number): string {
  const power = bytes < 1024 ? 0 : Math.floor(Math.log2(bytes) / 10);
  const value = bytes / 1024 ** power;
  return `${power === 0 ? value : value.toFixed(1)} ${units[power]}`;
}
