/** Who listens, and for how long. */

import assert from 'node:assert/strict';
import process from 'node:process';
import { describe, it } from 'node:test';
import { Events } from './events.ts';

interface Values {
  readonly said: string;
  readonly other: number;
}

function stage() {
  const events = new Events<Values>();
  const heard: string[] = [];
  return { events, heard, hear: (text: string) => heard.push(text) };
}

describe('events', () => {
  it('reach whoever listens, each listening by itself', () => {
    const { events, heard, hear } = stage();
    const off = events.on('said', hear);
    events.on('said', hear);
    events.emit('said', 'a');
    off();
    off();
    events.emit('said', 'b');
    events.emit('other', 1);
    assert.deepEqual(heard, ['a', 'a', 'b']);
    assert.deepEqual([events.has('said'), events.has('other')], [true, false]);
  });

  it('reach nobody whose signal has been aborted', () => {
    const { events, heard, hear } = stage();
    const controller = new AbortController();
    events.on('said', hear, { signal: controller.signal });
    controller.abort();
    events.on('said', hear, { signal: controller.signal });
    events.emit('said', 'a');
    assert.deepEqual(heard, []);
    assert.equal(events.has('said'), false);
  });

  it('reach those who were there when they began, whoever comes and goes meanwhile', () => {
    const { events, heard, hear } = stage();
    events.on('said', () => {
      off();
      events.on('said', hear);
    });
    const off = events.on('said', hear);
    events.emit('said', 'a');
    assert.deepEqual(heard, ['a']);
  });

  it('reach nobody after the end', () => {
    const { events, heard, hear } = stage();
    events.on('said', hear);
    events.end();
    events.emit('said', 'a');
    assert.deepEqual([heard, events.has('said')], [[], false]);
  });

  it('reach the others where one throws, and its error goes to the host', async () => {
    const { events, heard, hear } = stage();
    const wrong = new Error('a listener that fails');
    events.on('said', () => {
      throw wrong;
    });
    events.on('said', hear);
    const thrown = new Promise((resolve) => {
      process.setUncaughtExceptionCaptureCallback(resolve);
    });
    events.emit('said', 'a');
    assert.equal(await thrown, wrong);
    process.setUncaughtExceptionCaptureCallback(null);
    assert.deepEqual(heard, ['a']);
  });
});
