/**
 * Damaged outboxes: of whatever has become of its file, either all is read that lies before the
 * damage, or it is said where that begins; and a client begins on it, or says that it cannot.
 */

import assert from 'node:assert/strict';
import { ClientError } from '../../src/client/client-error.ts';
import { Dates, readOutbox } from '../../src/client/outbox-record.ts';
import { beginOutboxFile, OutboxBatch, readOutboxFile } from '../../src/storage/outbox-file.ts';
import type { FuzzTarget } from './fuzz-target.ts';
import { type Random, randomFrom } from './random.ts';

const dates = new Dates({ now: () => 1000 }, () => 1_000_000);

type Records = ReadonlyMap<number, string>;

interface Written {
  readonly file: Buffer;
  /** Where each batch ends, and what the records are then. */
  readonly states: readonly { readonly end: number; readonly records: Records }[];
}

export const outboxFileFuzz: FuzzTarget = {
  name: 'outbox-file',
  run(seed, until) {
    const random = randomFrom(seed);
    let iterations = 0;
    for (; !until(); iterations += 1) check(randomFile(random), random);
    return iterations;
  },
};

function check({ file, states }: Written, random: Random): void {
  const { damaged, from } = damage(file, random);
  const { records, soundBytes, damage: told } = readOutboxFile(damaged);
  const found = textsOf(records);
  const sound = states.findLast(({ end }) => end <= from);
  try {
    const state = states.find(({ end }) => end === soundBytes);
    if (soundBytes > 0) assert.deepEqual(found, state?.records, 'the records of some batch');
    assert.ok(soundBytes >= (sound?.end ?? 0), 'nothing is lost that lies before the damage');
    if (told === undefined) {
      const followers = states.filter(({ end }) => end > soundBytes && end <= damaged.length);
      const whole = followers.slice(1).filter(({ end }, index) => {
        const start = followers[index].end;
        return damaged.subarray(start, end).equals(file.subarray(start, end));
      });
      assert.equal(whole.length, 0, 'what is passed over in silence is a torn end');
    } else assert.ok(told.at >= (sound?.end ?? 0), 'damage is where it was made');
  } catch (error) {
    const hex = `${file.toString('hex')}\n${damaged.toString('hex')}`;
    throw new Error(`of a file and what became of it:\n${hex}`, { cause: error });
  }
  understand(records);
}

/** The records are not a client's, but for a few: it must not choke on them. */
function understand(records: ReadonlyMap<number, Uint8Array>): void {
  const sorted = [...records].sort(([one], [other]) => one - other);
  try {
    readOutbox(
      sorted.map(([key, value]) => ({ key, value })),
      dates,
    );
  } catch (error) {
    if (!(error instanceof ClientError)) throw error;
  }
}

function randomFile(random: Random): Written {
  const { head, salt } = beginOutboxFile();
  const pieces: Buffer[] = [head];
  let end = head.length;
  let records: Records = new Map();
  const states = [{ end, records }];
  for (let number = 1 + random(8); number > 0; number--) {
    const batch = new OutboxBatch();
    const next = new Map(records);
    for (let changes = 1 + random(5); changes > 0; changes--) change(batch, next, random);
    const bytes = batch.sealed(pieces.length, salt);
    pieces.push(bytes);
    end += bytes.length;
    records = next;
    states.push({ end, records });
  }
  return { file: Buffer.concat(pieces), states };
}

function change(batch: OutboxBatch, records: Map<number, string>, random: Random): void {
  const key = random(4) === 0 ? random(3) : 0x1_0000 + random(12);
  if (random(3) === 0) {
    batch.remove(key);
    records.delete(key);
    return;
  }
  const value = randomValue(random);
  batch.put(key, value);
  records.set(key, value.toString('hex'));
}

function randomValue(random: Random): Buffer {
  // An owner, how far a message has come, a message, or anything; now and then a batch inside.
  const forms = ['0101000163', '060007', '0100017478', '5042', ''];
  const form = Buffer.from(forms[random(forms.length)], 'hex');
  if (random(3) > 0) return form;
  return Buffer.concat([form, Buffer.from(Array.from({ length: random(30) }, () => random(256)))]);
}

/** @returns what is left of a file, and the first byte that is not as it was */
function damage(file: Buffer, random: Random): { damaged: Buffer; from: number } {
  const from = random(file.length + 1);
  const copy = Buffer.from(file);
  switch (random(6)) {
    case 0:
      return { damaged: copy, from: file.length };
    case 1:
      return { damaged: copy.subarray(0, from), from };
    case 2: // A block that never came to the disk.
      copy.fill(0, from, Math.min(copy.length, from + 1 + random(64)));
      return { damaged: copy, from };
    case 3: // A tail of something else.
      return {
        damaged: Buffer.concat([copy.subarray(0, from), copy.subarray(random(file.length))]),
        from,
      };
    case 4:
      for (let at = from; at < copy.length; at += 1 + random(40)) copy[at] = random(256);
      return { damaged: copy, from };
    default:
      if (from < copy.length) copy[from] ^= 1 << random(8);
      return { damaged: copy, from };
  }
}

function textsOf(records: ReadonlyMap<number, Uint8Array>): Records {
  return new Map([...records].map(([key, value]) => [key, Buffer.from(value).toString('hex')]));
}
