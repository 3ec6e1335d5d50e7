/** `--watch`: the last message of each topic, how many there were, and how fast they come. */

import { StringDecoder } from 'node:string_decoder';
import { bytesAsHex } from './byte-text.ts';
import { fitted, harmless, widthOf } from './terminal-text.ts';

/** How lines are sorted; by arrival, a topic keeps its line, as in Mosquitto. */
export const watchOrders = ['arrival', 'topic', 'rate'] as const;
export type WatchOrder = (typeof watchOrders)[number];

/** Topics beyond this are counted, and have no line. */
const topicsMax = 10_000;

// No line shows more of a payload, and no more of it is kept.
const shownBytesMax = 1024;

// Over this time, about, a rate is a mean.
const rateSeconds = 5;

interface Row {
  readonly topic: string;
  readonly firstSeconds: number;
  /** The beginning of a payload, or of what a format has made of it. */
  shown: Uint8Array | string;
  count: number;
  /** Messages a second, as of the last one. */
  rate: number;
  lastSeconds: number;
}

export interface Window {
  readonly columns: number;
  readonly rows: number;
}

/** Time is in seconds, from any beginning. */
export class WatchTable {
  readonly #order: WatchOrder;
  readonly #rows = new Map<string, Row>();
  #count = 0;
  #uncounted = 0;

  constructor(order: WatchOrder) {
    this.#order = order;
  }

  get isEmpty(): boolean {
    return this.#count === 0;
  }

  /** @param shown the payload, or a text to show in its place */
  take(topic: string, shown: Uint8Array | string, nowSeconds: number): void {
    this.#count += 1;
    // A copy, as a view would keep alive all that has arrived with it.
    const beginning = shown.slice(0, shownBytesMax);
    const row = this.#rows.get(topic);
    if (row !== undefined) {
      row.rate = rateAt(row, nowSeconds) + 1 / rateSeconds;
      row.count += 1;
      row.shown = beginning;
      row.lastSeconds = nowSeconds;
    } else if (this.#rows.size === topicsMax) {
      this.#uncounted += 1;
    } else {
      const [firstSeconds, lastSeconds] = [nowSeconds, nowSeconds];
      const rate = 1 / rateSeconds;
      this.#rows.set(topic, { topic, firstSeconds, shown: beginning, count: 1, rate, lastSeconds });
    }
  }

  /** As many lines as the window has, or fewer. @param note is told below the table */
  lines({ columns, rows }: Window, nowSeconds: number, note = ''): string[] {
    const sorted = this.#sorted(nowSeconds);
    const room = Math.max(0, rows - 2);
    const shown = sorted.slice(0, room);
    const widths = widthsOf(shown, columns);
    const line = (cells: Cells) => fitted(lineOf(cells, widths), columns).trimEnd();
    return [
      line(heading),
      ...shown.map((row) => line(cellsOf(row, nowSeconds))),
      fitted(harmless(this.#summary(sorted.length - shown.length, note)), columns).trimEnd(),
    ].slice(0, rows);
  }

  #sorted(nowSeconds: number): Row[] {
    const rows = [...this.#rows.values()];
    if (this.#order === 'arrival') return rows;
    const byTopic = (a: Row, b: Row) => (a.topic < b.topic ? -1 : 1);
    if (this.#order === 'topic') return rows.sort(byTopic);
    const rates = new Map(rows.map((row) => [row, shownRate(row, nowSeconds)]));
    return rows.sort((a, b) => rates.get(b)! - rates.get(a)! || byTopic(a, b));
  }

  #summary(hidden: number, note: string): string {
    const parts = [`topics ${this.#rows.size}`, `messages ${this.#count}`];
    if (hidden > 0) parts.push(`${hidden} more topics below`);
    if (this.#uncounted > 0) parts.push(`${this.#uncounted} messages of topics beyond`);
    if (note !== '') parts.push(note);
    return parts.join(', ');
  }
}

/** It decays with the time since the last message. */
function rateAt({ rate, lastSeconds }: Row, nowSeconds: number): number {
  return rate * Math.exp((lastSeconds - nowSeconds) / rateSeconds);
}

/** What has just begun has no mean over a longer time yet. */
function shownRate(row: Row, nowSeconds: number): number {
  const age = Math.max(1, nowSeconds - row.firstSeconds);
  return rateAt(row, nowSeconds) / (1 - Math.exp(-age / rateSeconds));
}

type Column = 'topic' | 'count' | 'rate' | 'age' | 'payload';
type Cells = Readonly<Record<Column, string>>;

const heading: Cells = {
  topic: 'TOPIC',
  count: 'COUNT',
  rate: 'RATE/s',
  age: 'AGE',
  payload: 'PAYLOAD',
};

function cellsOf(row: Row, nowSeconds: number): Cells {
  return {
    topic: harmless(row.topic),
    count: String(row.count),
    rate: rateText(shownRate(row, nowSeconds)),
    age: ageText(nowSeconds - row.lastSeconds),
    payload: payloadText(row.shown),
  };
}

function rateText(rate: number): string {
  if (rate < 0.05) return '-';
  return rate < 100 ? rate.toFixed(1) : String(Math.round(rate));
}

function ageText(seconds: number): string {
  const units = [
    [86_400, 'd'],
    [3600, 'h'],
    [60, 'm'],
  ] as const;
  const [size, name] = units.find(([each]) => seconds >= each) ?? [1, 's'];
  return `${Math.floor(seconds / size)}${name}`;
}

/** Text where it is text as far as it is kept, else hexadecimal digits. */
function payloadText(shown: Uint8Array | string): string {
  if (typeof shown === 'string') return harmless(shown.trimEnd());
  // Of a character that is cut at the end, the decoder waits for the rest.
  const text = new StringDecoder('utf8').write(shown);
  return text.includes('\ufffd') ? `0x${bytesAsHex(shown)}` : harmless(text);
}

type Widths = Readonly<Record<Column, number>>;

const gap = '  ';
const topicShare = 0.4;

function widthsOf(rows: readonly Row[], columns: number): Widths {
  const counts = rows.map(({ count }) => String(count).length);
  const topics = rows.map(({ topic }) => widthOf(harmless(topic)));
  const count = Math.max(heading.count.length, ...counts);
  const topicMax = Math.max(heading.topic.length, Math.floor(columns * topicShare));
  const topic = Math.min(topicMax, Math.max(heading.topic.length, ...topics));
  const rate = heading.rate.length;
  const age = 4;
  const rest = columns - topic - count - rate - age - 4 * gap.length;
  return { topic, count, rate, age, payload: Math.max(0, rest) };
}

function lineOf(cells: Cells, widths: Widths): string {
  return [
    fitted(cells.topic, widths.topic),
    cells.count.padStart(widths.count),
    cells.rate.padStart(widths.rate),
    cells.age.padStart(widths.age),
    fitted(cells.payload, widths.payload),
  ].join(gap);
}
