/** Tests what a log writes, where, and with what time. */

import assert from 'node:assert/strict';
import { mkdtempSync, readFileSync, renameSync, rmSync, statSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { PassThrough, Writable } from 'node:stream';
import { after, describe, it } from 'node:test';
import { setImmediate as turn } from 'node:timers/promises';
import type { LogSettings } from './config.ts';
import { parseConfig } from './config-file.ts';
import { Log } from './log.ts';
import { allLogTypes, type LogType } from './log-type.ts';

const folder = mkdtempSync(join(tmpdir(), 'pantala-log-'));
after(() => rmSync(folder, { recursive: true }));

/** A log with the settings that `lines` of a configuration make, at a time that stands still. */
function logWith(
  lines: readonly string[],
  { now = (): number => 1_700_000_000_999 }: { now?: () => number } = {},
) {
  const stdout = new PassThrough();
  const stderr = new PassThrough();
  const log = new Log(settings(...lines), { stdout, stderr, now });
  return { log, stdout: () => textIn(stdout), stderr: () => textIn(stderr) };
}

function settings(...lines: string[]): LogSettings {
  return parseConfig(lines.join('\n'), 'pantala.conf').log;
}

/** What has been written at the end of this turn. */
async function textIn(stream: PassThrough): Promise<string> {
  await turn();
  return (stream.read() ?? '').toString();
}

describe('a log line', () => {
  const formats: Record<string, readonly string[]> = {
    '1700000000: hello\n': [],
    'hello\n': ['log_timestamp false'],
    '2023: hello\n': ['log_timestamp_format %Y'],
  };
  for (const [line, lines] of Object.entries(formats)) {
    it(`is ${JSON.stringify(line)} with ${lines[0] ?? 'the defaults'}`, async () => {
      const { log, stderr } = logWith(lines);
      log.write('notice', 'hello');
      assert.equal(await stderr(), line);
    });
  }

  it('takes the time of its second', async () => {
    let milliseconds = 5_999;
    const { log, stderr } = logWith([], { now: () => milliseconds });
    log.write('notice', 'a');
    milliseconds = 6_000;
    log.write('notice', 'b');
    assert.equal(await stderr(), '5: a\n6: b\n');
  });

  it('cannot be broken by what a client sends', async () => {
    const { log, stderr } = logWith(['log_timestamp false']);
    log.write('notice', 'Client a\n17: root\u{1b}[2J\u{85}\u{2028} left');
    assert.equal(await stderr(), 'Client a\\u000a17: root\\u001b[2J\\u0085\\u2028 left\n');
  });

  it('has at most 1000 characters', async () => {
    const { log, stderr } = logWith(['log_timestamp false']);
    log.write('notice', 'x'.repeat(70_000));
    assert.equal(await stderr(), `${'x'.repeat(1000)}\n`);
  });
});

describe('log_dest', () => {
  it('decides where lines go', async () => {
    const { log, stdout, stderr } = logWith(['log_dest stdout']);
    log.write('error', 'a');
    assert.equal(await stdout(), '1700000000: a\n');
    assert.equal(await stderr(), '');
  });

  it('topic publishes all but debug lines below $SYS/broker/log', () => {
    const sink = new PassThrough();
    const log = new Log(
      { ...settings('log_dest none', 'log_type all'), topic: true },
      { stdout: sink, stderr: sink, now: () => 1_700_000_000_000 },
    );
    const published: string[] = [];
    log.write('error', 'before the broker runs');
    log.publishWith((topic, line) => published.push(`${topic} ${line}`));
    const types: LogType[] = ['error', 'warning', 'notice', 'information', 'debug', 'subscribe'];
    for (const type of [...types, 'unsubscribe' as const]) log.write(type, type);
    assert.deepEqual(published, [
      '$SYS/broker/log/E 1700000000: error',
      '$SYS/broker/log/W 1700000000: warning',
      '$SYS/broker/log/N 1700000000: notice',
      '$SYS/broker/log/I 1700000000: information',
      '$SYS/broker/log/M/subscribe 1700000000: subscribe',
      '$SYS/broker/log/M/unsubscribe 1700000000: unsubscribe',
    ]);
  });

  it('without topic publishes nothing', () => {
    const { log } = logWith([]);
    log.publishWith(() => assert.fail('published'));
    log.write('error', 'a');
  });

  it('file appends to a file that only its owner reads', async () => {
    const path = join(folder, 'append.log');
    for (const text of ['a', 'b']) {
      const { log } = logWith([`log_dest file ${path}`, 'log_timestamp false']);
      log.write('error', text);
      await log.close();
    }
    assert.equal(readFileSync(path, 'utf8'), 'a\nb\n');
    assert.equal(statSync(path).mode & 0o777, 0o600);
  });

  it('file goes on in a new file after a reopen', async () => {
    const path = join(folder, 'moved.log');
    const { log } = logWith([`log_dest file ${path}`, 'log_timestamp false']);
    log.write('error', 'a');
    renameSync(path, `${path}.1`);
    log.reopen();
    log.write('error', 'b');
    await log.close();
    assert.equal(readFileSync(path, 'utf8'), 'b\n');
    assert.equal(readFileSync(`${path}.1`, 'utf8'), 'a\n');
  });

  it('file that cannot be opened stops the start', () => {
    assert.throws(() => logWith([`log_dest file ${folder}/no/such.log`]), {
      name: 'StartError',
      message: `Unable to open log file ${folder}/no/such.log for writing (ENOENT).`,
    });
  });
});

describe('log_type', () => {
  it('decides which lines are written', async () => {
    const { log, stderr } = logWith(['log_type warning', 'log_timestamp false']);
    for (const type of allLogTypes) log.write(type, type);
    assert.equal(await stderr(), 'warning\n');
    assert.equal(log.isOn('warning'), true);
    assert.equal(log.isOn('error'), false);
  });
});

describe('writing', () => {
  it('sends the lines of one turn in one piece', async () => {
    const pieces: string[] = [];
    const stderr = new Writable({
      write(chunk, _encoding, done) {
        pieces.push(String(chunk));
        done();
      },
    });
    const log = new Log(settings('log_timestamp false'), { stdout: stderr, stderr });
    log.write('error', 'a');
    log.write('error', 'b');
    assert.deepEqual(pieces, []);
    await turn();
    assert.deepEqual(pieces, ['a\nb\n']);
  });

  it('drops and counts lines that nobody takes, instead of filling memory', async () => {
    let release = () => {};
    let text = '';
    const stderr = new Writable({
      highWaterMark: 1,
      decodeStrings: false,
      write(chunk: string, _encoding, done) {
        text += chunk;
        release = done;
      },
    });
    const log = new Log(settings('log_timestamp false'), { stdout: stderr, stderr });
    const line = 'x'.repeat(999);
    for (let i = 0; i < 2_000; i++) log.write('error', line);
    await turn();
    assert.ok(text.length < 1_100_000);
    assert.match(text, /Warning: [0-9]+ log lines were dropped/);
    release();
    log.write('error', 'again');
    await turn();
    assert.match(text, /again\n$/);
  });
});

describe('a log that changes its settings', () => {
  it('goes on with the new ones', async () => {
    const { log, stdout, stderr } = logWith(['log_timestamp false']);
    log.write('notice', 'a');
    log.change(settings('log_dest stdout', 'log_type error', 'log_timestamp_format %Y'));
    log.write('notice', 'b');
    log.write('error', 'c');
    assert.equal(await stderr(), 'a\n');
    assert.equal(await stdout(), '2023: c\n');
  });

  it('keeps the old ones when the new file cannot be opened', async () => {
    const { log, stderr } = logWith(['log_timestamp false']);
    const missing = join(folder, 'missing', 'log');
    assert.throws(
      () => log.change(settings(`log_dest file ${missing}`)),
      /Unable to open log file/,
    );
    log.write('notice', 'still here');
    assert.equal(await stderr(), 'still here\n');
  });

  it('closes the system log that it does not want any more', async () => {
    const closed: string[] = [];
    const written: string[] = [];
    const syslog = (name: string) => ({
      write: (type: LogType, line: string) => void written.push(`${name} ${type} ${line}`),
      close: async () => void closed.push(name),
    });
    const { stdout, stderr } = { stdout: new PassThrough(), stderr: new PassThrough() };
    const plain = settings('log_timestamp false', 'log_dest none');
    const [first, second] = [syslog('first'), syslog('second')];
    const log = new Log(plain, { stdout, stderr, syslog: first });
    log.write('notice', 'a');
    log.change(plain, first);
    assert.deepEqual(closed, []);
    log.change(plain, second);
    log.write('error', 'b');
    await log.close();
    assert.deepEqual(closed, ['first', 'second']);
    assert.deepEqual(written, ['first notice a', 'second error b']);
  });
});

it('the last words of a process are written at once, whatever log_type says', () => {
  const path = join(folder, 'last');
  const { log } = logWith([`log_dest file ${path}`, 'log_type none', 'log_timestamp false']);
  log.writeLast('the end');
  assert.equal(readFileSync(path, 'utf8'), 'the end\n');
});
