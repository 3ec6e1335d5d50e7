/** Tests that denials are told, but never flood the log. */

import assert from 'node:assert/strict';
import { PassThrough } from 'node:stream';
import { describe, it } from 'node:test';
import { reasonCodes } from '../packet/reason-codes.ts';
import { denialEvents } from './denial-lines.ts';
import { Log } from './log.ts';
import { parseLines } from './test-config.ts';

function stage() {
  const stderr = new PassThrough({ highWaterMark: 1_000_000 });
  const log = new Log(parseLines('log_timestamp false').log, { stdout: stderr, stderr });
  let now = 0;
  const events = denialEvents(log, { packets: undefined, now: () => now });
  return {
    deny(clientId: string, topic: string) {
      const client = { clientId, userName: undefined, peer: '127.0.0.1:1' };
      events.publishDenied(client, topic, reasonCodes.notAuthorized);
    },
    minutesPass(minutes: number) {
      now += minutes * 60_000;
    },
    async lines() {
      await log.close();
      return String(stderr.read()).split('\n').slice(0, -1);
    },
  };
}

describe('denials', () => {
  it('of the same topic are told once a minute', async () => {
    const { deny, minutesPass, lines } = stage();
    for (let i = 0; i < 5; i++) deny('c', 't');
    deny('d', 't');
    minutesPass(1);
    deny('c', 't');
    assert.deepEqual(await lines(), [
      "Denied PUBLISH from c to 't'.",
      "Denied PUBLISH from d to 't'.",
      "Denied PUBLISH from c to 't'.",
    ]);
  });

  it('of one client are told ten times a minute, and the last says so', async () => {
    const { deny, lines } = stage();
    for (let i = 0; i < 50; i++) deny('c', `t${i}`);
    const told = await lines();
    assert.equal(told.length, 10);
    assert.equal(
      told.at(-1),
      "Denied PUBLISH from c to 't9' (no more of this client for a minute).",
    );
  });

  it('of ever new clients are told a thousand times a minute', async () => {
    const { deny, lines } = stage();
    for (let i = 0; i < 5000; i++) deny(`c${i}`, 't');
    assert.equal((await lines()).length, 1000);
  });
});
