/** What was measured, as medians, and the tables that show it. */

import { yardstick } from './broker-kinds.ts';
import { allColumns, type Column, columnsOf } from './columns.ts';
import type { FigureName, Figures } from './load-generator.ts';
import type { Load } from './loads.ts';

/** All rounds of one broker under one load. */
export interface Result {
  readonly load: Load;
  readonly broker: string;
  readonly rounds: readonly Figures[];
  /** Why there are no more rounds; empty if there are all. */
  readonly failure: string;
}

/** Above this share of its core the generator, not the broker, may set the pace. */
const generatorLimit = 0.95;

/** Markdown that is readable as it is. */
export function resultLines(results: readonly Result[]): string[] {
  const tables = [
    ...allColumns.map((columns) => {
      const shown = results.filter(({ load }) => columnsOf(load) === columns);
      return table(shown, columns);
    }),
    results.flatMap(remarks).map((remark) => `- ${remark}`),
  ];
  return tables.filter((lines) => lines.length > 0).flatMap((lines) => [...lines, '']);
}

/** The one figure that a line of progress has room for. */
export function headline(load: Load, figures: Figures): string {
  const [{ figure, digits, heading }] = columnsOf(load);
  return `${number(figures[figure], digits)} ${heading}`;
}

/** By how much the rounds of one measurement differed at most, as a share of its median. */
export function largestSpread(results: readonly Result[]): number {
  const spreads = results.map(({ load, rounds }) => {
    if (rounds.length === 0) return 0;
    const [{ figure }] = columnsOf(load);
    const values = rounds.map((figures) => figures[figure] ?? 0);
    return (Math.max(...values) - Math.min(...values)) / (median(rounds, figure) ?? 1);
  });
  return Math.max(0, ...spreads);
}

function table(results: readonly Result[], columns: readonly Column[]): string[] {
  if (results.length === 0) return [];
  const head = ['load', 'broker', ...columns.map(({ heading }) => heading)];
  const rows = results.map((result, i) => {
    const isSameLoad = results[i - 1]?.load === result.load;
    const reference = results.find(({ load, broker }) => {
      return load === result.load && broker === yardstick;
    });
    const cells = columns.map((column) => cell(column, result, reference));
    return [isSameLoad ? '' : result.load.title, result.broker, ...cells];
  });
  return align([head, ...rows]);
}

function cell(column: Column, { rounds, broker }: Result, reference: Result | undefined): string {
  const value = median(rounds, column.figure);
  if (value === undefined) return '';
  if (column.isShare) return `${number(100 * value, column.digits)} %`;
  const text = number(value, column.digits);
  const base = reference && median(reference.rounds, column.figure);
  if (!column.isCompared || !base || broker === yardstick) return text;
  return `${text} (${number(value / base, 2)}×)`;
}

/** The first two columns to the left, the figures to the right. */
function align(rows: readonly (readonly string[])[]): string[] {
  const widths = rows[0].map((_, i) => Math.max(...rows.map((row) => row[i].length)));
  const lines = rows.map((row) => {
    const cells = row.map((text, i) => {
      return i < 2 ? text.padEnd(widths[i]) : text.padStart(widths[i]);
    });
    return `| ${cells.join(' | ')} |`;
  });
  const rules = widths.map((width, i) => (i < 2 ? '-'.repeat(width) : `${'-'.repeat(width - 1)}:`));
  return [lines[0], `| ${rules.join(' | ')} |`, ...lines.slice(1)];
}

/** What a reader must know before believing a figure. */
function remarks({ load, broker, rounds, failure }: Result): string[] {
  const found: string[] = [];
  if (failure !== '') found.push(`${broker}, ${load.title}: ${failure}.`);
  const missing = Math.max(...rounds.map((figures) => figures.missing ?? 0));
  if (missing > 0) {
    found.push(`${broker}, ${load.title}: up to ${number(missing, 0)} deliveries did not arrive.`);
  }
  const isPaced = load.options.rate !== undefined;
  if (!isPaced && (median(rounds, 'generatorBusy') ?? 0) > generatorLimit) {
    found.push(`${broker}, ${load.title}: the load generator was the limit, not the broker.`);
  }
  return found;
}

/** Undefined when no round has the figure. */
function median(rounds: readonly Figures[], figure: FigureName): number | undefined {
  const values = rounds.flatMap((figures) => figures[figure] ?? []).sort((a, b) => a - b);
  const middle = values.length / 2;
  if (values.length === 0) return undefined;
  return values.length % 2 === 1
    ? values[Math.floor(middle)]
    : (values[middle - 1] + values[middle]) / 2;
}

function number(value = 0, digits = 0): string {
  return value.toLocaleString('en', {
    minimumFractionDigits: digits,
    maximumFractionDigits: digits,
  });
}
