/** Tests what signals set off. */

import assert from 'node:assert/strict';
import { EventEmitter } from 'node:events';
import { describe, it } from 'node:test';
import { actOnSignals } from './process-signals.ts';

function stage() {
  const signals = new EventEmitter();
  const done: string[] = [];
  const reloads: PromiseWithResolvers<void>[] = [];
  const actions = {
    reload() {
      done.push('reload');
      reloads.push(Promise.withResolvers<void>());
      return reloads.at(-1)!.promise;
    },
    save: () => void done.push('save'),
    printTree: () => void done.push('printTree'),
  };
  return { signals, done, reloads, listening: actOnSignals(actions, signals) };
}

describe('signals', () => {
  it('do what they do in Mosquitto', () => {
    const { signals, done } = stage();
    for (const name of ['SIGUSR1', 'SIGUSR2', 'SIGHUP']) signals.emit(name);
    assert.deepEqual(done, ['save', 'printTree', 'reload']);
  });

  it('during a reload ask for one more, which follows it', async () => {
    const { signals, done, reloads } = stage();
    for (let i = 0; i < 3; i++) signals.emit('SIGHUP');
    assert.equal(done.length, 1);
    reloads[0].resolve();
    await new Promise(setImmediate);
    assert.equal(done.length, 2);
    reloads[1].resolve();
    await new Promise(setImmediate);
    assert.equal(done.length, 2);
    signals.emit('SIGHUP');
    assert.equal(done.length, 3);
  });

  it('that come at the end are taken and do nothing', () => {
    const { signals, done, listening } = stage();
    listening[Symbol.dispose]();
    for (const name of ['SIGUSR1', 'SIGUSR2', 'SIGHUP']) {
      assert.equal(signals.emit(name), true, `${name} would end the process`);
    }
    assert.deepEqual(done, []);
  });
});
