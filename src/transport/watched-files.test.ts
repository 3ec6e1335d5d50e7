/** New content is noticed however it comes, once it is complete. */

import assert from 'node:assert/strict';
import {
  appendFileSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  renameSync,
  rmSync,
  symlinkSync,
  unlinkSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, it } from 'node:test';
import { watchFiles } from './watched-files.ts';

describe('watchFiles', { timeout: 20_000 }, () => {
  let folder: string;
  let ending: AbortController;
  const place = (name: string) => join(folder, name);
  const write = (name: string, text: string) => writeFileSync(place(name), text);

  beforeEach(() => {
    folder = mkdtempSync(join(tmpdir(), 'pantala-'));
    ending = new AbortController();
  });

  afterEach(() => {
    ending.abort();
    rmSync(folder, { recursive: true });
  });

  /** Counts the changes that are told, and lets a test wait for one. */
  function watch(paths: readonly string[], pollMilliseconds = 60_000) {
    const changes = { count: 0, next: Promise.withResolvers<void>() };
    const { signal } = ending;
    const changed = () => {
      changes.count++;
      changes.next.resolve();
      changes.next = Promise.withResolvers();
    };
    watchFiles(paths.map(place), changed, { signal, settleMilliseconds: 10, pollMilliseconds });
    // A timer that keeps the test alive, as the watch does not.
    const timer = setInterval(() => undefined, 1000);
    signal.addEventListener('abort', () => clearInterval(timer));
    return changes;
  }

  it('tells of a file that is written in place', async () => {
    write('server.crt', 'old');
    const changes = watch(['server.crt']);
    write('server.crt', 'new');
    await changes.next.promise;
    appendFileSync(place('server.crt'), ' and more');
    await changes.next.promise;
    assert.equal(changes.count, 2);
  });

  it('tells of a file that another is renamed over', async () => {
    write('server.crt', 'old');
    const changes = watch(['server.crt']);
    for (const text of ['new', 'newer']) {
      write('server.crt.tmp', text);
      renameSync(place('server.crt.tmp'), place('server.crt'));
      await changes.next.promise;
    }
    assert.equal(changes.count, 2);
  });

  it('tells once of a folder of Kubernetes whose ..data is swapped', async () => {
    const publish = (version: string) => {
      mkdirSync(place(version));
      for (const name of ['tls.crt', 'tls.key']) write(join(version, name), `${name} ${version}`);
      symlinkSync(version, place('..data_tmp'));
      renameSync(place('..data_tmp'), place('..data'));
    };
    publish('..1');
    for (const name of ['tls.crt', 'tls.key']) symlinkSync(join('..data', name), place(name));
    const changes = watch(['tls.crt', 'tls.key']);
    for (const version of ['..2', '..3']) {
      publish(version);
      await changes.next.promise;
    }
    assert.equal(changes.count, 2);
  });

  it('tells of a file behind a link, in another folder', async () => {
    mkdirSync(place('live'));
    mkdirSync(place('archive'));
    write('archive/one.pem', 'old');
    symlinkSync('../archive/one.pem', place('live/server.pem'));
    const changes = watch(['live/server.pem']);
    write('archive/one.pem', 'new');
    await changes.next.promise;
    write('archive/two.pem', 'newer');
    unlinkSync(place('live/server.pem'));
    symlinkSync('../archive/two.pem', place('live/server.pem'));
    await changes.next.promise;
    write('archive/two.pem', 'newest');
    await changes.next.promise;
    assert.equal(changes.count, 3);
  });

  it('tells of files that come to a folder and go', async () => {
    mkdirSync(place('authorities'));
    const changes = watch(['authorities']);
    write('authorities/one.pem', 'one');
    await changes.next.promise;
    write('authorities/two.pem', 'two');
    await changes.next.promise;
    unlinkSync(place('authorities/one.pem'));
    await changes.next.promise;
    assert.equal(changes.count, 3);
  });

  it('leaves a file alone that is written again as it was', async () => {
    write('same.crt', 'same');
    write('other.crt', 'old');
    const changes = watch(['same.crt']);
    // In the same folder, watched later: what it is told, the first has been told before.
    const others = watch(['other.crt']);
    write('same.crt.tmp', 'same');
    renameSync(place('same.crt.tmp'), place('same.crt'));
    write('other.crt', 'new');
    await others.next.promise;
    assert.equal(changes.count, 0);
  });

  it('waits for a file that is missing for a while', async () => {
    write('server.crt', 'old');
    write('other.crt', 'old');
    const changes = watch(['server.crt']);
    const others = watch(['other.crt']);
    unlinkSync(place('server.crt'));
    write('other.crt', 'new');
    await others.next.promise;
    assert.equal(changes.count, 0);
    write('server.crt', 'new');
    await changes.next.promise;
    assert.equal(changes.count, 1);
  });

  it('tells once of a file that stays missing, and again when it is back as it was', async () => {
    write('server.crt', 'old');
    const changes = watch(['server.crt'], 10);
    unlinkSync(place('server.crt'));
    await changes.next.promise;
    write('server.crt', 'old');
    await changes.next.promise;
    assert.equal(changes.count, 2);
  });

  it('tells of a file that cannot be read any more', async () => {
    write('server.crt', 'old');
    const changes = watch(['server.crt']);
    unlinkSync(place('server.crt'));
    // What not even root can read.
    symlinkSync('server.crt', place('server.crt'));
    await changes.next.promise;
    assert.equal(changes.count, 1);
  });

  it('goes on where a link leads to itself', async () => {
    write('server.crt', 'old');
    write('other.crt', 'old');
    const changes = watch(['server.crt']);
    const others = watch(['other.crt']);
    unlinkSync(place('server.crt'));
    symlinkSync('server.crt', place('server.crt'));
    write('other.crt', 'new');
    await others.next.promise;
    unlinkSync(place('server.crt'));
    write('server.crt', 'new');
    await changes.next.promise;
    assert.ok(changes.count > 0);
  });

  it('finds by looking what no watch tells, and watches on', async () => {
    mkdirSync(place('certificates'));
    write('certificates/server.crt', 'old');
    mkdirSync(place('next'));
    write('next/server.crt', 'new');
    const changes = watch(['certificates/server.crt'], 10);
    // The folder that is watched is now another's.
    renameSync(place('certificates'), place('previous'));
    renameSync(place('next'), place('certificates'));
    await changes.next.promise;
    write('certificates/server.crt', 'newer');
    await changes.next.promise;
    assert.equal(changes.count, 2);
  });

  it('leaves nothing open when it ends, however often files were swapped', async () => {
    const open = () => readdirSync('/proc/self/fd').length;
    if (process.platform !== 'linux') return;
    write('server.crt', '0');
    const before = open();
    const changes = watch(['server.crt']);
    const during = open();
    for (let i = 1; i <= 20; i++) {
      write('server.crt.tmp', String(i));
      renameSync(place('server.crt.tmp'), place('server.crt'));
      await changes.next.promise;
    }
    assert.ok(open() <= during, 'swapping files opens nothing');
    ending.abort();
    // The one descriptor of all watches belongs to the event loop and stays.
    assert.ok(open() <= before + 1);
    watchFiles([place('server.crt')], () => assert.fail(), { signal: ending.signal });
    assert.ok(open() <= before + 1, 'what has ended before it begins watches nothing');
  });
});
