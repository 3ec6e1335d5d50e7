/** `pantala rr` without a process: compared with mosquitto_rr itself in test/interop. */

import assert from 'node:assert/strict';
import { after, before, describe, it } from 'node:test';
import { CommandBroker } from '../../test/harness/command-broker.ts';
import { TestGatekeeper } from '../../test/harness/test-gatekeeper.ts';
import { reasonCodes } from '../packet/reason-codes.ts';
import { latencyText } from './latency-text.ts';
import { pub } from './pub.ts';
import { rr } from './rr.ts';
import { testIo } from './test-io.ts';

describe('rr', () => {
  let broker: CommandBroker;
  before(async () => {
    const isNo = (text: string) =>
      text.startsWith('no') ? reasonCodes.notAuthorized : reasonCodes.success;
    broker = await CommandBroker.start(new TestGatekeeper({ publish: isNo, subscribe: isNo }));
  });
  after(() => broker.stop());

  it('names in its request the topic that it waits at, and prints what comes there', async () => {
    const responder = await broker.subscribe(['-V', '5', '-t', 'ask', '-C', '1', '-F', '%p to %R']);
    const answer = broker.run(rr, ['-t', 'ask', '-e', 'answer', '-m', 'how?', '-q', '1', '-v']);
    assert.match((await responder.ended).stdout, /^how\? to answer$/m);
    await broker.run(pub, ['-t', 'answer', '-m', 'so']);
    const { exitCode, stdout, stderr } = await answer;
    assert.deepEqual([exitCode, stdout, stderr], [0, 'answer so\n', '']);
  });

  it('leaves out retained messages with -R', async () => {
    await broker.run(pub, ['-t', 'old', '-m', 'old', '-r', '-q', '1']);
    const asked = ['-t', 'old', '-e', 'old', '-m', 'new'];
    assert.equal((await broker.run(rr, asked)).stdout, 'old\n');
    assert.equal((await broker.run(rr, [...asked, '-R'])).stdout, 'new\n');
    assert.equal((await broker.run(rr, [...asked, '-R', '-V', '311'])).stdout, 'new\n');
  });

  it('sends what it reads from its input', async () => {
    const { stdout } = await broker.run(rr, ['-t', 'a', '-e', 'a', '-s'], 'a\nb');
    assert.equal(stdout, 'a\nb\n');
  });

  it('tells how long it took with --latency', async () => {
    const { stdout } = await broker.run(rr, ['-t', 'a', '-e', 'a', '-m', 'x', '--latency']);
    assert.match(stdout, /^x\nLatency: \d+\.\d{6}(?:ms|µs)\n$/);
  });

  it('gives up after the time that -W allows', async () => {
    const { exitCode, stderr } = await broker.run(rr, '-t a -e b -m x -W 1'.split(' '));
    assert.deepEqual([exitCode, stderr], [27, 'Timed out\n']);
  });

  it('gives up when nobody reads it any more', async () => {
    const io = testIo();
    const ended = rr.run([...broker.flags, ...'-t a -e b -m x -d'.split(' ')], io.io);
    await io.stdout.until(/sending PUBLISH/);
    io.io.stdout.destroy(new Error('EPIPE'));
    assert.equal(await ended, 0);
  });

  it('is ended by a signal with its exit code', async () => {
    const io = testIo();
    const ended = rr.run([...broker.flags, ...'-t a -e b -m x -d'.split(' ')], io.io);
    await io.stdout.until(/sending PUBLISH/);
    io.abort();
    assert.equal(await ended, 130);
    assert.equal(io.stderr.text, '');
  });

  for (const { args, exitCode, says } of [
    { args: '-t a -e no -m x', exitCode: 0, says: 'Not authorized' },
    { args: '-t a -e no -m x -V 311', exitCode: 0, says: 'Unspecified error' },
    {
      args: '-t no -e b -m x -q 1',
      exitCode: 135,
      says: 'Error: Publish failed: Not authorized.',
    },
    {
      args: '-t a -e b -f /nowhere/file',
      exitCode: 1,
      says: 'Error: Unable to open file "/nowhere/file".\nError loading input file "/nowhere/file".',
    },
  ]) {
    it(`${args} ends with ${exitCode}`, async () => {
      const ended = await broker.run(rr, args.split(' '));
      assert.deepEqual([ended.exitCode, ended.stderr], [exitCode, `${says}\n`]);
    });
  }

  it('tells that the connection was lost', async () => {
    const own = await CommandBroker.start();
    const io = testIo();
    const ended = rr.run([...own.flags, ...'-t a -e b -m x -d'.split(' ')], io.io);
    await io.stdout.until(/sending PUBLISH/);
    await own.stop();
    assert.equal(await ended, 7);
    assert.match(io.stderr.text, /^Error: The connection was lost\.\n/);
  });
});

describe('a latency', () => {
  for (const { nanoseconds, text } of [
    { nanoseconds: 850n, text: '850ns' },
    { nanoseconds: 12_345n, text: '12.345000µs' },
    { nanoseconds: 3_210_000n, text: '3.210000ms' },
    { nanoseconds: 1_000_000_042n, text: '1.000000042' },
  ]) {
    it(`of ${nanoseconds} ns is ${text}`, () => assert.equal(latencyText(nanoseconds), text));
  }
});
