/** Tests the table of --watch, and that a terminal has nothing to fear from it. */

import assert from 'node:assert/strict';
import process from 'node:process';
import { describe, it, mock } from 'node:test';
import fc from 'fast-check';
import { fitted, harmless, widthOf } from './terminal-text.ts';
import { testIo } from './test-io.ts';
import { UsageError } from './usage-error.ts';
import { WatchScreen } from './watch-screen.ts';
import { type WatchOrder, WatchTable } from './watch-table.ts';

const window = { columns: 60, rows: 8 };
const bytes = (text: string) => new Uint8Array(Buffer.from(text));

function tableOf(order: WatchOrder, messages: readonly [string, string, number][]) {
  const table = new WatchTable(order);
  for (const [topic, payload, at] of messages) table.take(topic, bytes(payload), at);
  return table;
}

describe('the table of --watch', () => {
  it('has a line for each topic, with its last payload, count, rate and age', () => {
    const messages: [string, string, number][] = [];
    for (let second = 0; second < 100; second += 1) messages.push(['b', `${second}`, second]);
    const table = tableOf('arrival', [...messages, ['a/long', 'x', 39]]);
    assert.deepEqual(table.lines(window, 100), [
      'TOPIC   COUNT  RATE/s   AGE  PAYLOAD',
      'b         100     0.9    1s  99',
      'a/long      1       -    1m  x',
      'topics 2, messages 101',
    ]);
  });

  const messages: readonly [string, string, number][] = [
    ['b', '1', 0],
    ['c', '1', 0],
    ['a', '1', 0],
    ['c', '2', 1],
  ];
  for (const [order, topics] of [
    ['arrival', 'bca'],
    ['topic', 'abc'],
    ['rate', 'cab'],
  ] as const) {
    it(`is sorted by ${order}`, () => {
      const lines = tableOf(order, messages).lines(window, 1).slice(1, -1);
      assert.equal(lines.map((line) => line[0]).join(''), topics);
    });
  }

  it('tells of topics that have no room', () => {
    const lines = tableOf('arrival', messages).lines({ columns: 60, rows: 4 }, 1);
    assert.equal(lines.length, 4);
    assert.equal(lines[3], 'topics 3, messages 4, 1 more topics below');
  });

  it('shows text that has been cut as text, and other bytes in hexadecimal digits', () => {
    const table = new WatchTable('arrival');
    table.take('t', bytes(`${'a'.repeat(1023)}é`), 0);
    table.take('b', Uint8Array.of(0xff, 0x0a), 0);
    const [, text, binary] = table.lines(window, 0);
    assert.match(text, /a…$/);
    assert.match(binary, / 0xff0a$/);
  });

  it('keeps no more than it shows of a payload', () => {
    const table = new WatchTable('arrival');
    const payload = bytes('before');
    table.take('t', payload, 0);
    payload.fill(0);
    assert.match(table.lines(window, 0)[1], / before$/);
  });

  it('counts the messages of more topics than it has lines for', () => {
    const table = new WatchTable('topic');
    for (let topic = 0; topic <= 10_000; topic += 1) table.take(`${topic}`, bytes(''), 0);
    assert.match(table.lines({ columns: 120, rows: 3 }, 0)[2], /1 messages of topics beyond/);
  });

  it('shows a note below', () => {
    const lines = tableOf('topic', []).lines(window, 0, 'lost\nit');
    assert.equal(lines.at(-1), 'topics 0, messages 0, lost·it');
  });

  it('fits every window, and has no command for a terminal', () => {
    const text = fc.string({ unit: 'binary', maxLength: 100 });
    const size = fc.integer({ min: 1, max: 100 });
    fc.assert(
      fc.property(fc.array(fc.tuple(text, text)), size, size, (pairs, columns, rows) => {
        const table = new WatchTable('rate');
        for (const [topic, payload] of pairs) table.take(topic, bytes(payload), 0);
        const lines = table.lines({ columns, rows }, 1);
        assert.ok(lines.length <= rows);
        for (const line of lines) {
          assert.ok(widthOf(line) <= columns, line);
          assert.doesNotMatch(line, /[\p{Cc}\p{Cf}\p{Zl}\p{Zp}]/u);
        }
      }),
    );
  });
});

describe('a text for a terminal', () => {
  for (const [text, cells, shown] of [
    ['abc', 5, 'abc  '],
    ['abc', 3, 'abc'],
    ['abcd', 3, 'ab…'],
    ['温度', 4, '温度'],
    ['温度', 3, '温…'],
    ['温度', 2, '… '],
    ['e\u0301e', 2, 'e\u0301e'],
    ['🌡x', 3, '🌡x '],
    ['abc', 0, ''],
  ] as const) {
    it(`${text} takes ${cells} cells as '${shown}'`, () =>
      assert.equal(fitted(text, cells), shown));
  }

  it('has dots for control characters, and nothing of what is not seen', () => {
    assert.equal(harmless('a\x1b[2J\n\x7f\u009b\u202eb\u2028'), 'a·[2J···b·');
  });
});

describe('the screen of --watch', () => {
  function terminal({ columns = 40, rows = 5 } = {}) {
    const { io, stdout, abort } = testIo();
    Object.assign(stdout, { isTTY: true, columns, rows });
    return { io, stdout, abort };
  }
  const enter = '\x1b[?1049h\x1b[?25l\x1b[?7l';
  const leave = '\x1b[?7h\x1b[?25h\x1b[?1049l';

  it('is none without a terminal', () => {
    const { io } = testIo();
    assert.throws(() => new WatchScreen(new WatchTable('topic'), io), UsageError);
  });

  it('is drawn at most four times a second, and only when something has changed', () => {
    mock.timers.enable({ apis: ['setInterval'] });
    try {
      const { io, stdout } = terminal();
      const table = new WatchTable('topic');
      using _screen = new WatchScreen(table, io);
      const frames = () => stdout.text.split('\x1b[H').length - 1;
      assert.equal(frames(), 1);
      for (let count = 0; count < 1000; count += 1) table.take('t', bytes('x'), 0);
      assert.equal(frames(), 1);
      mock.timers.tick(250);
      assert.equal(frames(), 2);
    } finally {
      mock.timers.reset();
    }
  });

  it('gives the terminal back, and leaves the table on it', () => {
    const { io, stdout } = terminal();
    {
      using screen = new WatchScreen(tableOf('topic', [['t', 'x', 0]]), io);
      screen.note('a note');
    }
    assert.ok(stdout.text.startsWith(enter), stdout.text);
    const [, after] = stdout.text.split(leave);
    assert.match(after, /^TOPIC.*\nt .* x\ntopics 1, messages 1, a note\n$/);
  });

  it('gives it back at once when the command is to end, and once only', () => {
    const { io, stdout, abort } = terminal();
    using _screen = new WatchScreen(tableOf('topic', []), io);
    abort();
    assert.ok(stdout.text.includes(leave));
    _screen[Symbol.dispose]();
    assert.equal(stdout.text.split(leave).length, 2);
  });

  it('gives it back while the process is stopped, and takes it again', () => {
    const kill = mock.method(process, 'kill', () => true);
    try {
      const { io, stdout } = terminal();
      using _screen = new WatchScreen(tableOf('topic', []), { ...io, ownsProcess: true });
      process.emit('SIGTSTP');
      assert.ok(stdout.text.endsWith(leave));
      assert.deepEqual(kill.mock.calls[0].arguments, [process.pid, 'SIGSTOP']);
      process.emit('SIGCONT');
      assert.equal(stdout.text.split(enter).length, 3);
    } finally {
      kill.mock.restore();
    }
    for (const name of ['SIGTSTP', 'SIGCONT', 'SIGHUP', 'SIGQUIT']) {
      assert.equal(process.listenerCount(name), 0, name);
    }
  });

  it('is drawn anew when the window has another size', () => {
    const { io, stdout } = terminal();
    using _screen = new WatchScreen(tableOf('topic', [['t', 'a'.repeat(90), 0]]), io);
    Object.assign(stdout, { columns: 30 });
    stdout.emit('resize');
    const frames = stdout.text.split('\x1b[H');
    assert.equal(frames.length, 3);
    assert.match(frames[2], /^TOPIC.{22}\S*/);
  });
});
