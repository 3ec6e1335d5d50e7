/**
 * A power failure in the middle of a commit: the disk has any of the pages that were written and not
 * waited for. What one finds afterwards is the commit, or the one before.
 */

import assert from 'node:assert/strict';
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, describe, it } from 'node:test';
import { Changes } from '../../src/broker/state/changes.ts';
import { tables } from '../../src/broker/state/keys.ts';
import { LmdbDatabase } from '../../src/storage/lmdb-database.ts';
import { openStore } from '../../src/storage/open-store.ts';
import { type Random, randomFrom } from '../fuzz/random.ts';

const pageBytes = 4096;
const folder = mkdtempSync(join(tmpdir(), 'pantala-torn-'));
after(() => rmSync(folder, { recursive: true }));

/** Some puts and removals, as a commit has them. */
function someChanges(random: Random, count: number): Changes {
  const changes = new Changes();
  for (let i = 0; i < count; i++) {
    const [session, sequence] = [random(20), random(60)];
    if (random(3) === 0) changes.remove(tables.delivery, session, sequence);
    else {
      const size = random(40) === 0 ? 9000 : random(300);
      const out = changes.beginPut(tables.delivery, session, sequence);
      for (let at = 0; at < size; at++) out.u8(random(256));
      changes.endPut();
    }
  }
  return changes;
}

/** A file before and after its last commit, byte for byte as the operating system has it. */
async function twoVersions(random: Random): Promise<[Buffer, Buffer]> {
  const path = join(folder, 'store.mdb');
  for (const ending of ['', '-lock']) rmSync(path + ending, { force: true });
  const database = new LmdbDatabase(path, true);
  for (let commit = 10 + random(20); commit > 0; commit--) {
    database.commit(someChanges(random, 1 + random(200)).view());
  }
  const before = readFileSync(path);
  database.commit(someChanges(random, 1 + random(100)).view());
  const behind = readFileSync(path);
  await database.close();
  return [before, behind];
}

/** The pages that the commit has written; of those the disk has what `has` says. */
function torn(before: Buffer, behind: Buffer, has: () => boolean) {
  const bytes = Buffer.from(behind);
  let missing = 0;
  for (let at = 0; at < behind.length; at += pageBytes) {
    const page = behind.subarray(at, at + pageBytes);
    const earlier = Buffer.alloc(page.length);
    if (at < before.length) before.copy(earlier, 0, at, at + pageBytes);
    if (page.equals(earlier) || has()) continue;
    earlier.copy(bytes, at);
    missing++;
  }
  // Nor need it have noticed that the file has grown.
  const isShort = missing > 0 && has();
  return { bytes: isShort ? bytes.subarray(0, before.length) : bytes, missing };
}

async function recordsOf(bytes: Buffer): Promise<{ records: string[]; isSalvaged: boolean }> {
  const directory = mkdtempSync(join(folder, 'open-'));
  writeFileSync(join(directory, 'store.mdb'), bytes);
  let isSalvaged = false;
  const opened = await openStore({
    directory,
    file: 'store.mdb',
    durability: 'sync',
    load: (records) => {
      const found: string[] = [];
      records((key, value) => found.push(`${Buffer.from(key).toString('hex')} ${value.length}`));
      return found;
    },
    salvaged: (_damage, { isTorn }) => {
      assert.ok(isTorn, 'nothing but the last commit is missing');
      isSalvaged = true;
    },
    damaged: () => assert.fail('no record is damaged'),
  });
  await opened.close();
  rmSync(directory, { recursive: true });
  return { records: opened.loaded, isSalvaged };
}

describe('a commit that a power failure broke off', () => {
  for (let seed = 1; seed <= 4; seed++) {
    it(`is there, or the one before it is: seed ${seed}`, async () => {
      const random = randomFrom(seed);
      const [before, behind] = await twoVersions(random);
      const earlier = (await recordsOf(before)).records;
      const later = (await recordsOf(behind)).records;
      assert.notDeepEqual(earlier, later);
      let tornCount = 0;
      for (let round = 0; round < 12; round++) {
        const share = 1 + random(9);
        const { bytes, missing } = torn(before, behind, () => random(10) < share);
        const { records, isSalvaged } = await recordsOf(bytes);
        assert.deepEqual(records, missing === 0 ? later : earlier, `${missing} pages are missing`);
        if (isSalvaged) tornCount++;
      }
      assert.ok(tornCount > 0, 'some of them had the page that points to all others');
    });
  }
});
