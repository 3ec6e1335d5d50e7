/** `log_dest syslog` with the logger of this machine and a system log made for the test. */

import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import process from 'node:process';
import { after, describe, it } from 'node:test';
import { Log } from '../../src/server/log.ts';
import { StartError } from '../../src/server/start-error.ts';
import { Syslog } from '../../src/server/syslog.ts';
import { parseLines } from '../../src/server/test-config.ts';
import { Datagrams, missingPython } from './datagrams.ts';
import { Folder } from './serving.ts';

const folder = new Folder();
after(() => folder[Symbol.dispose]());

const program = 'logger';
const hasLogger = spawnSync(program, ['--help']).stdout?.includes('--prio-prefix');
const skip =
  missingPython() ??
  (hasLogger ? false : 'logger of util-linux is not installed: apt-get install bsdutils');

function logTo(syslog: Syslog): Log {
  const { stdout, stderr } = process;
  return new Log(parseLines('log_dest none', 'log_timestamp false', 'log_type all').log, {
    stdout,
    stderr,
    syslog,
  });
}

describe('syslog', { skip, timeout: 60_000 }, () => {
  it('gets each line with its severity, in order, under our name and process id', async () => {
    const socket = folder.file('log');
    await using system = await Datagrams.at(socket);
    const log = logTo(new Syslog({ socket }));
    log.write('error', 'first');
    log.write('information', '<0>second');
    log.write('debug', `third ${'ü'.repeat(900)}`);
    await log.close();
    await system.until(/third/);
    // daemon is facility 3: 3 · 8 + severity.
    const tag = `pantala[${process.pid}]: `;
    assert.deepEqual(
      system.all.map(({ text }) => text.replace(/^(<[0-9]+>).*?(?=pantala)/, '$1')),
      [`<27>${tag}first`, `<30>${tag}<0>second`, `<31>${tag}third ${'ü'.repeat(900)}`],
    );
  });

  it('gets them in the local facility that is configured', async () => {
    const socket = folder.file('local');
    await using system = await Datagrams.at(socket);
    const log = logTo(new Syslog({ socket, facility: 5 }));
    log.write('notice', 'x');
    await log.close();
    await system.until(/x/);
    assert.match(system.all[0].text, /^<173>/); // (16 + 5) · 8 + 5
  });

  it('that nobody listens to holds nothing up', async () => {
    const log = logTo(new Syslog({ socket: folder.file('nobody') }));
    log.write('error', 'lost');
    await log.close();
  });
});

it('syslog without a logger is a reason not to start', () => {
  assert.throws(
    () => new Syslog({ program: folder.file('logger') }),
    (error: unknown) => {
      assert.ok(error instanceof StartError);
      assert.match(error.message, /^Unable to log to syslog: .*does not run\. Install it/);
      return true;
    },
  );
});
