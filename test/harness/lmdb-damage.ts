/** Damage done to LMDB files, and what must still be true of them. */

import assert from 'node:assert/strict';
import { rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { readLmdbFile, scavengeLmdbFile } from '../../src/storage/lmdb-file.ts';
import type { LmdbReport } from '../../src/storage/lmdb-report.ts';
import { type Random, randomFrom } from '../fuzz/random.ts';
import { type LmdbSample, pageBytes, RecordDigest, tryNatively } from './lmdb-native.ts';

const headerBytes = 24;
const harmsMax = 3;
/** A reader that takes so long for a file of a few megabytes is in a loop. */
const readMillisecondsMax = 5_000;

/** What tends to be special in a number of the format. */
const tellingNumbers = [0, 1, 2, 3, 4, 8, 0x10, 0x7f, 0x80, 0xff, 0xfff, 0x1000, 0x7fff, 0xffff];

interface DamagedFile {
  readonly bytes: Buffer;
  readonly touched: ReadonlySet<number>;
  /** What was done, for who has to find out why. */
  readonly story: string;
}

/** How damaged files have fared. */
export interface Tally {
  damaged: number;
  undamaged: number;
}

/**
 * Damages copies of the samples, and asserts of each: the reader ends with a report; what is intact
 * is handed over; and what it reports as undamaged, the library reads as it does, can change, and
 * leaves undamaged.
 */
export function tryDamages(
  samples: readonly LmdbSample[],
  seed: number,
  { count, folder }: { readonly count: number; readonly folder: string },
): Tally {
  const random = randomFrom(seed);
  const tally = { damaged: 0, undamaged: 0 };
  const undamaged: Undamaged[] = [];
  for (let done = 0; done < count; done += 1) {
    const sample = samples[random(samples.length)];
    const file = damageOf(sample, random);
    const path = join(folder, `${done}.mdb`);
    writeFileSync(path, file.bytes);
    try {
      const { report, digest } = checkReading(path, sample, file.touched);
      if (report.damage.length === 0) {
        undamaged.push({ path, digest, story: file.story });
        tally.undamaged += 1;
        continue;
      }
    } catch (error) {
      throw new Error(`${path}: ${file.story}`, { cause: error });
    }
    tally.damaged += 1;
    rmSync(path);
  }
  checkNatively(undamaged);
  return tally;
}

interface Undamaged {
  readonly path: string;
  readonly digest: string;
  readonly story: string;
}

function checkNatively(files: readonly Undamaged[]): void {
  const verdicts = tryNatively(files.map((file) => file.path));
  for (const [index, { path, digest, story }] of files.entries()) {
    assert.equal(verdicts[index].digest, digest, `${path}: ${story}: ${verdicts[index].output}`);
    const { damage } = readLmdbFile(path, () => {});
    assert.deepEqual(damage, [], `${path}, after the library has changed it: ${story}`);
    rmSync(path);
    rmSync(`${path}-lock`, { force: true });
  }
}

function checkReading(path: string, sample: LmdbSample, touched: ReadonlySet<number>) {
  const found = new Map<string, string>();
  const misplaced = new Map<string, string>();
  const digest = new RecordDigest();
  const before = performance.now();
  const report = readLmdbFile(
    path,
    (key, value) => {
      digest.add(key, value);
      found.set(textOf(key), textOf(value));
    },
    { misplaced: (key, value) => misplaced.set(textOf(key), textOf(value)) },
  );
  for (const [key, value] of misplaced) if (!found.has(key)) found.set(key, value);
  const scavenged = scavengeLmdbFile(path, () => {});
  assert.ok(performance.now() - before < readMillisecondsMax, 'it takes too long');
  assert.ok(scavenged.damage.length > 0, 'a scavenged file is damaged');
  if (!touched.has(0) && !touched.has(1)) checkIntact(sample, touched, { found, report });
  return { report, digest: digest.end() };
}

function checkIntact(
  sample: LmdbSample,
  touched: ReadonlySet<number>,
  { found, report }: { readonly found: ReadonlyMap<string, string>; readonly report: LmdbReport },
): void {
  const isOther = report.damage.some(({ message }) => message.endsWith('is read instead'));
  // A damaged node can lead to a page of another's value; then one of them does not get it.
  const isContested = report.damage.some(({ message }) => message.startsWith('it is used twice'));
  if (isOther || isContested) return;
  for (const { key, value, pages } of recordsOf(sample.bytes)) {
    if (pages.some((page) => touched.has(page))) continue;
    const text = found.get(textOf(key));
    assert.equal(text, textOf(value), `the record ${textOf(key)} on pages ${pages}`);
  }
}

function textOf(bytes: Uint8Array): string {
  return Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength).toString('latin1');
}

interface SampleRecord {
  readonly key: Buffer;
  readonly value: Buffer;
  /** All that it takes to read it, from the root. */
  readonly pages: readonly number[];
}

/** A naive reader of a file without damage. */
function recordsOf(bytes: Buffer): readonly SampleRecord[] {
  const meta = [0, 1]
    .map((page) => bytes.subarray(page * pageBytes, (page + 1) * pageBytes))
    .sort((left, right) => Number(right.readBigUInt64LE(152) - left.readBigUInt64LE(152)))[0];
  const root = meta.readBigUInt64LE(136);
  return root === 2n ** 64n - 1n ? [] : recordsBelow(bytes, Number(root), []);
}

function recordsBelow(bytes: Buffer, page: number, above: readonly number[]): SampleRecord[] {
  const pages = [...above, page];
  const content = bytes.subarray(page * pageBytes, (page + 1) * pageBytes);
  const isLeaf = content.readUInt16LE(18) === 2;
  const nodes = Array.from({ length: content.readUInt16LE(20) / 2 }, (_, index) => {
    return content.subarray(headerBytes + content.readUInt16LE(headerBytes + 2 * index));
  });
  return nodes.flatMap((node) => {
    if (!isLeaf) return recordsBelow(bytes, node.readUIntLE(0, 6), pages);
    const valueAt = 8 + node.readUInt16LE(6);
    const [key, rest, byteLength] = [
      node.subarray(8, valueAt),
      node.subarray(valueAt),
      node.readUInt32LE(0),
    ];
    if (node.readUInt16LE(4) === 0) return { key, value: rest.subarray(0, byteLength), pages };
    const first = Number(rest.readBigUInt64LE(0));
    const extent = Array.from({ length: rest.readUInt16LE(16) }, (_, index) => first + index);
    const at = first * pageBytes + headerBytes;
    return { key, value: bytes.subarray(at, at + byteLength), pages: [...pages, ...extent] };
  });
}

/** Does one to three kinds of harm to a copy of the sample. */
function damageOf(sample: LmdbSample, random: Random): DamagedFile {
  let bytes = Buffer.from(sample.bytes);
  const touched = new Set<number>();
  const story = [sample.name];
  for (let left = 1 + random(harmsMax); left > 0; left -= 1) {
    if (random(12) === 0) {
      bytes = bytes.subarray(0, truncationOf(bytes, random));
      story.push(`ends at ${bytes.length}`);
    } else if (bytes.length >= pageBytes) {
      story.push(harms[random(harms.length)](bytes, random, { touched, older: sample.older }));
    }
  }
  const pageCount = sample.bytes.length / pageBytes;
  for (let page = Math.floor(bytes.length / pageBytes); page < pageCount; page += 1) {
    touched.add(page);
  }
  return { bytes, touched, story: story.join(', ') };
}

function truncationOf(bytes: Buffer, random: Random): number {
  const length = random(bytes.length + 1);
  return random(2) === 0 ? length : length - (length % pageBytes);
}

interface Surroundings {
  readonly touched: Set<number>;
  readonly older: Buffer;
}

/** Each changes the bytes, enters the pages and tells what it did. */
type Harm = (bytes: Buffer, random: Random, surroundings: Surroundings) => string;

const flipBit: Harm = (bytes, random, { touched }) => {
  const at = placeOf(bytes, random);
  const bit = random(8);
  bytes[at] ^= 1 << bit;
  touched.add(Math.floor(at / pageBytes));
  return `bit ${bit} of ${place(at)}`;
};

const overwriteNumber: Harm = (bytes, random, { touched }) => {
  const at = placeOf(bytes, random) & ~1;
  const number = random(3) === 0 ? random(65_536) : tellingNumbers[random(tellingNumbers.length)];
  bytes.writeUInt16LE(number, at);
  touched.add(Math.floor(at / pageBytes));
  return `${number} at ${place(at)}`;
};

const overwritePage: Harm = (bytes, random, { touched }) => {
  const page = pageOf(bytes, random);
  const filling = random(2) === 0 ? 0 : random(256);
  bytes.fill(filling, page * pageBytes, (page + 1) * pageBytes);
  touched.add(page);
  return `page ${page} is all ${filling}`;
};

const swapPages: Harm = (bytes, random, { touched }) => {
  const [one, other] = [pageOf(bytes, random), pageOf(bytes, random)];
  const kept = Buffer.from(bytes.subarray(one * pageBytes, (one + 1) * pageBytes));
  bytes.copyWithin(one * pageBytes, other * pageBytes, (other + 1) * pageBytes);
  kept.copy(bytes, other * pageBytes);
  touched.add(one).add(other);
  return `pages ${one} and ${other} are swapped`;
};

/** A page that says it is where it is, but is another's copy. */
const copyPage: Harm = (bytes, random, { touched }) => {
  const [from, to] = [pageOf(bytes, random), pageOf(bytes, random)];
  bytes.copyWithin(to * pageBytes, from * pageBytes, (from + 1) * pageBytes);
  bytes.writeUInt32LE(to, to * pageBytes);
  touched.add(to);
  return `page ${to} is a copy of ${from}`;
};

/** A write that never reached the disk. */
const loseWrite: Harm = (bytes, random, { touched, older }) => {
  const page = pageOf(bytes, random);
  const then = older.subarray(page * pageBytes, (page + 1) * pageBytes);
  bytes.fill(0, page * pageBytes, (page + 1) * pageBytes).set(then, page * pageBytes);
  touched.add(page);
  return `page ${page} is as it was`;
};

const harms: readonly Harm[] = [
  flipBit,
  flipBit,
  flipBit,
  overwriteNumber,
  overwriteNumber,
  overwriteNumber,
  overwritePage,
  swapPages,
  copyPage,
  loseWrite,
];

function pageOf(bytes: Buffer, random: Random): number {
  const count = Math.floor(bytes.length / pageBytes);
  return random(8) === 0 ? random(Math.min(2, count)) : random(count);
}

/** A byte, mostly where it matters: in a header, among the offsets, in a node's header. */
function placeOf(bytes: Buffer, random: Random): number {
  const page = pageOf(bytes, random);
  const start = page * pageBytes;
  const count = bytes.readUInt16LE(start + 20) >>> 1;
  const offset = bytes.readUInt16LE(
    start + headerBytes + 2 * random(Math.max(1, Math.min(count, 200))),
  );
  const spots = [
    random(headerBytes),
    random(page < 2 ? 168 : headerBytes),
    headerBytes + random(Math.max(1, Math.min(2 * count, 400))),
    headerBytes + offset + random(8),
    headerBytes + offset + 8 + random(64),
    random(pageBytes),
  ];
  return start + (spots[random(spots.length)] % pageBytes);
}

function place(at: number): string {
  return `page ${Math.floor(at / pageBytes)} byte ${at % pageBytes}`;
}
