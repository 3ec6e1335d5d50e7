/** A start loads what its configuration needs, and no more: what is loaded takes time. */

import assert from 'node:assert/strict';
import { writeFileSync } from 'node:fs';
import process from 'node:process';
import { after, describe, it } from 'node:test';
import { Folder, freePort, main, running, Serving } from './serving.ts';

const folder = new Folder();
after(() => folder[Symbol.dispose]());

/** Writes down what each module asks for. */
const witness = `
  import { writeSync } from 'node:fs';
  import { registerHooks } from 'node:module';
  import { isMainThread } from 'node:worker_threads';
  registerHooks({
    resolve(specifier, context, next) {
      if (isMainThread) writeSync(1, specifier + '\\n');
      return next(specifier, context);
    },
  });
`;

/** What the process has loaded by the time that it runs, of what takes long to load. */
async function heavyModules(...lines: readonly string[]): Promise<string[]> {
  const path = folder.file('witness.mjs');
  writeFileSync(path, witness);
  const config = folder.config(`listener ${await freePort()} 127.0.0.1`, 'user root', ...lines);
  const command = [process.execPath, '--import', path, main];
  await using serving = new Serving(['-c', config], { command });
  await serving.stderr.until(running);
  serving.signal('SIGTERM');
  await serving.ended;
  const loaded = new Set(serving.stdout.text.split('\n'));
  assert.ok(loaded.has('node:net'), 'nothing was seen');
  return ['lmdb', 'node:http', 'node:worker_threads', 'ws'].filter((name) => loaded.has(name));
}

describe('a start', { timeout: 60_000 }, () => {
  it('loads neither WebSockets nor a database for a broker that has neither', async () => {
    assert.deepEqual(await heavyModules('allow_anonymous true'), []);
  });

  it('loads WebSockets for a listener that speaks them', async () => {
    const lines = ['protocol websockets', 'allow_anonymous true'];
    assert.deepEqual(await heavyModules(...lines), ['node:http']);
  });

  it('leaves the database to its thread when the store is sound', async () => {
    const lines = ['persistence true', `persistence_location ${folder.file('state')}/`];
    assert.deepEqual(await heavyModules(...lines), ['node:worker_threads']);
  });
});
