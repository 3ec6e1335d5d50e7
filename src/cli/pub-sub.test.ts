/** `pantala pub` and `pantala sub` without a process, at a broker of their own. */

import assert from 'node:assert/strict';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, before, describe, it } from 'node:test';
import { CommandBroker } from '../../test/harness/command-broker.ts';
import { TestGatekeeper } from '../../test/harness/test-gatekeeper.ts';
import { reasonCodes } from '../packet/reason-codes.ts';
import { pub } from './pub.ts';
import { sub } from './sub.ts';
import { testIo } from './test-io.ts';

describe('pub and sub', () => {
  let broker: CommandBroker;
  before(async () => {
    broker = await CommandBroker.start();
  });
  after(() => broker.stop());

  it('pass a message on', async () => {
    const { exitCode, stdout, stderr } = await broker.exchange(['-m', 'hello'], ['-C', '1']);
    assert.deepEqual([exitCode, stdout, stderr], [0, 'hello\n', '']);
  });

  for (const { name, args, input = '', count = '1', printed } of [
    { name: 'an empty message, of which nothing is printed', args: ['-n'], printed: '' },
    { name: 'the whole input', args: ['-s'], input: 'a\nb\n', printed: 'a\nb\n\n' },
    { name: 'its lines', args: ['-l'], input: 'a\n\r\n\nb', count: '4', printed: 'a\n\r\nb\n' },
    {
      name: 'a message again',
      args: ['-m', 'x', '--repeat', '3'],
      count: '3',
      printed: 'x\nx\nx\n',
    },
    {
      name: 'one after another',
      args: ['-m', 'x', '--repeat', '2', '--repeat-delay', '0.001', '-q', '2'],
      count: '2',
      printed: 'x\nx\n',
    },
  ]) {
    it(`pass on ${name}`, async () => {
      const { stdout } = await broker.exchange(args, ['-C', count, '-q', '2'], input);
      assert.equal(stdout, printed);
    });
  }

  it('pass on a file', async (test) => {
    const folder = mkdtempSync(join(tmpdir(), 'pantala-'));
    test.after(() => rmSync(folder, { recursive: true }));
    const file = join(folder, 'payload');
    writeFileSync(file, 'from a file');
    const { stdout } = await broker.exchange(['-f', file], ['-C', '1', '-N']);
    assert.equal(stdout, 'from a file');
  });

  it('pass on properties, with an alias where one is asked for', async () => {
    const properties = ['content-type text', 'user-property k v', 'topic-alias 1'];
    const flags = properties.flatMap((each) => ['-D', 'publish', ...each.split(' ')]);
    const pubFlags = ['-l', '-d', ...flags];
    const subFlags = ['-V', '5', '-C', '2', '-F', '%t %p %C %P'];
    const { topic, stdout, told } = await broker.exchange(pubFlags, subFlags, 'a\nb\n');
    assert.equal(stdout, `${topic} a text k:v\n${topic} b text k:v\n`);
    assert.match(told, /sending PUBLISH \(d0, q0, r0, m2, '\(null\)', ... \(1 bytes\)\)/);
  });

  it('tell of every packet with -d', async () => {
    const { topic, told } = await broker.exchange(
      ['-d', '-i', 'me', '-m', 'x', '-q', '2'],
      ['-C', '1'],
    );
    assert.deepEqual(told.split('\n'), [
      'Client me sending CONNECT',
      'Client me received CONNACK (0)',
      `Client me sending PUBLISH (d0, q2, r0, m1, '${topic}', ... (1 bytes))`,
      'Client me received PUBREC (Mid: 1)',
      'Client me sending PUBREL (m1)',
      'Client me received PUBCOMP (Mid: 1, RC:0)',
      'Client me sending DISCONNECT',
      '',
    ]);
  });

  it('keep a session with -c, and unsubscribe with -U', async () => {
    const session = ['-i', 'keeper', '-c', '-q', '1'];
    await broker.run(sub, [...session, '-t', 'kept', '-t', 'other', '-E']);
    await broker.run(sub, [...session, '-t', 'kept', '-U', 'other', '-E']);
    await broker.run(pub, ['-t', 'other', '-m', 'no', '-q', '1']);
    await broker.run(pub, ['-t', 'kept', '-m', 'yes', '-q', '1']);
    const { stdout } = await broker.run(sub, [...session, '-t', 'kept', '-C', '1', '-v']);
    assert.equal(stdout, 'kept yes\n');
  });

  describe('with retained messages', () => {
    before(async () => {
      for (const topic of ['old/a', 'old/b']) {
        await broker.run(pub, ['-t', topic, '-m', topic, '-r', '-q', '1']);
      }
    });

    it('print them, but for those filtered out', async () => {
      const args = ['-t', 'old/#', '-T', 'old/a', '-C', '1'];
      assert.equal((await broker.run(sub, args)).stdout, 'old/b\n');
    });

    it('print none with -R', async () => {
      const running = await broker.subscribe(['-t', 'old/#', '-R', '-C', '1']);
      await broker.run(pub, ['-t', 'old/c', '-m', 'new']);
      assert.match((await running.ended).stdout, /\nnew\n/);
      assert.doesNotMatch((await running.ended).stdout, /^old/m);
    });

    it('print no others with --retained-only, and end there', async () => {
      const running = await broker.subscribe(['-t', 'old/#', '--retained-only']);
      await broker.run(pub, ['-t', 'old/c', '-m', 'new']);
      const { stdout, exitCode } = await running.ended;
      assert.deepEqual(stdout.match(/^old.*$/gm), ['old/a', 'old/b']);
      assert.equal(exitCode, 0);
    });

    it('remove them with --remove-retained, and end at what follows from that', async () => {
      const args = ['-t', 'old/#', '--remove-retained', '--retained-only', '-T', 'old/b'];
      assert.equal((await broker.run(sub, args)).stdout, 'old/a\n');
      assert.equal((await broker.run(sub, ['-t', 'old/#', '-C', '1'])).stdout, 'old/b\n');
    });
  });

  it('print only how many messages have come with --message-rate', async () => {
    const running = await broker.subscribe(['-t', 'rate', '--message-rate', '-W', '2']);
    await broker.run(pub, ['-t', 'rate', '-m', 'x', '--repeat', '3']);
    const { stdout, exitCode } = await running.ended;
    assert.match(stdout, /^3 msgs\/s$/m);
    assert.doesNotMatch(stdout, /^x$/m);
    assert.equal(exitCode, 27);
  });

  it('only unsubscribe with -U alone', async () => {
    const session = ['-i', 'leaver', '-c', '-q', '1'];
    await broker.run(sub, [...session, '-t', 'left', '-E']);
    const { stdout } = await broker.run(sub, [...session, '-U', 'left', '-U', 'other', '-E', '-d']);
    assert.match(
      stdout,
      /UNSUBSCRIBE \(Mid: 1, Topic: left\)\n.*UNSUBSCRIBE \(Mid: 2, Topic: other\)/,
    );
    assert.doesNotMatch(stdout, / SUBSCRIBE/);
  });

  it('leave as if lost when interrupted in MQTT 5.0, so that the will speaks', async () => {
    const watcher = await broker.subscribe(['-t', 'gone', '-C', '1']);
    const will = ['--will-topic', 'gone', '--will-payload', 'bye'];
    const running = await broker.subscribe(['-t', 'x', '-V', '5', ...will]);
    running.io.abort();
    assert.equal((await running.ended).exitCode, 0);
    assert.match((await watcher.ended).stdout, /\nbye\n/);
  });

  it('end quietly when nobody reads any more', async () => {
    const running = await broker.subscribe(['-t', 'pipe']);
    running.io.stdout.destroy(new Error('EPIPE'));
    assert.equal((await running.ended).exitCode, 0);
  });

  it('end a publisher that is interrupted while it reads its message', async () => {
    const { io, abort, stderr } = testIo();
    const ended = pub.run([...broker.flags, '-t', 'x', '-s'], io);
    abort();
    assert.equal(await ended, 130);
    assert.equal(stderr.text, '');
  });

  it('end a publisher of lines when it is interrupted', async () => {
    const io = testIo();
    const ended = pub.run([...broker.flags, '-t', 'x', '-l', '-d'], io.io);
    io.io.stdin.push('first\n');
    await io.stdout.until(/sending PUBLISH/);
    io.abort();
    assert.equal(await ended, 130);
    assert.match(io.stdout.text, /sending PUBLISH .*\n$/);
  });
});

describe('a broker that refuses', () => {
  let broker: CommandBroker;
  before(async () => {
    const isNo = (text: string) =>
      text.startsWith('no') ? reasonCodes.notAuthorized : reasonCodes.success;
    broker = await CommandBroker.start(
      new TestGatekeeper({
        admit: ({ userName }) =>
          userName === 'nobody'
            ? { type: 'refuse', reasonCode: reasonCodes.notAuthorized }
            : { type: 'accept' },
        publish: isNo,
        subscribe: isNo,
      }),
    );
  });
  after(() => broker.stop());

  for (const { version, exitCode, says } of [
    { version: '31', exitCode: 5, says: 'Connection Refused: not authorised.' },
    { version: '311', exitCode: 5, says: 'Connection Refused: not authorised.' },
    { version: '5', exitCode: 135, says: 'Not authorized' },
  ]) {
    for (const [name, command, args] of [
      ['pub', pub, ['-m', 'x']],
      ['sub', sub, []],
    ] as const) {
      it(`ends ${name} of version ${version} with ${exitCode}`, async () => {
        const user = ['-u', 'nobody', '-V', version, '-t', 'a'];
        const ended = await broker.run(command, [...user, ...args]);
        assert.equal(ended.exitCode, exitCode);
        const [words, sentence] = ended.stderr.split('\n');
        assert.equal(words, `Connection error: ${says}`);
        assert.match(sentence, /reason code 0x87; check the user name \(-u\) and the password/);
      });
    }
  }

  it('says nothing when it is to be --quiet', async () => {
    const args = ['-u', 'nobody', '-t', 'a', '-m', 'x', '--quiet'];
    assert.equal((await broker.run(pub, args)).stderr, '');
  });

  it('ends sub when all subscriptions are denied, not when some are', async () => {
    const denied = await broker.run(sub, ['-t', 'no']);
    assert.equal(denied.stderr, 'All subscription requests were denied.\n');
    assert.equal(denied.exitCode, 0);
    const running = await broker.subscribe(['-t', 'no', '-t', 'yes', '-V', '5', '-C', '1']);
    await broker.run(pub, ['-t', 'yes', '-m', 'x']);
    assert.match((await running.ended).stdout, /Subscribed \(mid: 1\): 135, 0\n/);
  });

  it('makes pub warn, and go on', async () => {
    const args = ['-t', 'no', '-V', '5', '-q', '1', '-m', 'x', '--repeat', '2'];
    const { exitCode, stderr } = await broker.run(pub, args);
    const warning = (number: number) => `Warning: Publish ${number} failed: Not authorized.\n`;
    assert.equal(stderr, warning(1) + warning(2));
    assert.equal(exitCode, 0);
  });
});

describe('a broker that is not there', () => {
  it('ends both with 1, and tells what to check', async () => {
    const broker = await CommandBroker.start();
    await broker.stop();
    for (const [command, args] of [
      [pub, ['-m', 'x']],
      [sub, []],
    ] as const) {
      const { exitCode, stderr } = await broker.run(command, ['-t', 'a', ...args]);
      assert.equal(exitCode, 1);
      assert.match(stderr, /^Error: Connection refused\n.*check -h and -p\.\n$/);
    }
  });

  it('ends pub with 7 when it goes', async () => {
    const broker = await CommandBroker.start();
    const io = testIo();
    const ended = pub.run([...broker.flags, '-t', 'a', '-l', '-d'], io.io);
    await io.stdout.until(/CONNACK/);
    await broker.stop();
    assert.equal(await ended, 7);
    assert.match(io.stderr.text, /^Error: The connection was lost\.\n/);
  });

  it('is found again by sub when it comes back', async () => {
    const first = await CommandBroker.start();
    const running = await first.subscribe(['-t', 'a', '-C', '1']);
    await first.stop();
    const second = await CommandBroker.start(undefined, first.port);
    await running.io.stdout.until(/Subscribed.*Subscribed/s);
    await second.run(pub, ['-t', 'a', '-m', 'back']);
    assert.match((await running.ended).stdout, /\nback\n/);
    await second.stop();
  });
});

describe('a command line', () => {
  for (const { command, args, says } of [
    { command: pub, args: [], says: 'Both topic and message must be supplied.' },
    { command: pub, args: ['-t', 'a'], says: 'Both topic and message must be supplied.' },
    {
      command: pub,
      args: ['-t', 'a/#', '-m', ''],
      says: "Invalid publish topic 'a/#', does it contain '+' or '#'?",
    },
    {
      command: pub,
      args: ['-m', 'a', '-n'],
      says: 'Only one type of message can be sent at once.',
    },
    { command: pub, args: ['--repeat', '0'], says: '--repeat argument must be >0.' },
    { command: pub, args: ['-T', 'a'], says: "Unknown option '-T'." },
    {
      command: sub,
      args: [],
      says: 'You must specify a topic to subscribe to (-t) or unsubscribe from (-U).',
    },
    {
      command: sub,
      args: ['-t', 'a#'],
      says: "Invalid subscription topic 'a#', are all '+' and '#' wildcards correct?",
    },
    {
      command: sub,
      args: ['-t', 'a', '-U', 'b#'],
      says: "Invalid unsubscribe topic 'b#', are all '+' and '#' wildcards correct?",
    },
    { command: sub, args: ['-C', '0'], says: 'Invalid message count "0".' },
    { command: sub, args: ['-W', '-1'], says: 'Invalid timeout "-1".' },
    { command: sub, args: ['-t', 'a', '-F', '%'], says: 'Incomplete format specifier.' },
    {
      command: sub,
      args: ['-t', 'a', '-R', '--retained-only'],
      says: "Combining '-R' and '--retained-only' makes no sense.",
    },
  ]) {
    const name = command === pub ? 'pub' : 'sub';
    it(`${[name, ...args].join(' ')} is refused with 1`, async () => {
      const { io, stderr } = testIo();
      assert.equal(await command.run(args, io), 1);
      assert.equal(stderr.text, `Error: ${says}\n\nUse 'pantala ${name} --help' to see usage.\n`);
    });
  }

  it('with a topic that fits into no packet is refused', async () => {
    const broker = await CommandBroker.start();
    const { exitCode, stderr } = await broker.run(pub, ['-t', 'a'.repeat(70_000), '-m', '']);
    await broker.stop();
    assert.equal(exitCode, 1);
    assert.match(stderr, /^Error: a text of 70000 bytes/);
  });

  for (const [flag, lines] of [
    ['-s', 'Error: Zero length input.\nError loading input from stdin.\n'],
    [
      '-f/nowhere',
      'Error: Unable to open file "/nowhere".\nError loading input file "/nowhere".\n',
    ],
  ] as const) {
    it(`with ${flag} and nothing there is refused`, async () => {
      const { io, stderr } = testIo();
      io.stdin.push(null);
      const args = flag === '-s' ? ['-s'] : ['-f', '/nowhere'];
      assert.equal(await pub.run(['-t', 'a', ...args], io), 1);
      assert.equal(stderr.text, lines);
    });
  }
});
