/** Signals, and readers who go away, end `pantala pub`, `sub` and `rr` as they end Mosquitto's. */

import assert from 'node:assert/strict';
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { createServer } from 'node:net';
import process from 'node:process';
import { after, before, describe, it } from 'node:test';
import { setTimeout as delay } from 'node:timers/promises';
import { fileURLToPath } from 'node:url';
import { missingMosquitto, startMosquitto } from './debian-mosquitto.ts';
import { MosquittoTools, missingTools, type Outcome, RunningTool } from './mosquitto-tools.ts';
import type { OurToolName } from './our-tools.ts';
import type { RunningBroker } from './running-broker.ts';

const missing = missingMosquitto() ?? missingTools();
const main = fileURLToPath(new URL('../../src/cli/main.ts', import.meta.url));
// One that its signal does not end is ended by force.
const limits = { timeout: 20_000, killSignal: 'SIGKILL' } as const;

type Start = (tool: OurToolName, args: readonly string[]) => RunningTool;

const startTheirs: Start = (tool, args) =>
  new RunningTool(spawn(`mosquitto_${tool}`, args, limits), undefined);
const startOurs: Start = (tool, args) =>
  new RunningTool(spawn(process.execPath, [main, tool, ...args], limits), undefined);

async function until(isSo: () => boolean): Promise<void> {
  while (!isSo()) await delay(5);
}

let names = 0;

describe('our tools, as processes,', { concurrency: 4, timeout: 60_000 }, () => {
  if (missing !== undefined) {
    it("end as Mosquitto's do", { skip: missing });
    return;
  }
  let broker: RunningBroker;
  let tools: MosquittoTools;
  before(async () => {
    broker = await startMosquitto(['allow_anonymous true']);
    tools = new MosquittoTools(broker, 5);
  });
  after(() => broker.stop());

  const way = () => ['-h', broker.host, '-p', String(broker.port)];

  /** How it ends, and whether the broker has published its will. */
  async function interrupted(start: Start, how: Interruption): Promise<[Outcome, string]> {
    const name = `s${names++}`;
    const will = ['--will-topic', `${name}/will`, '--will-payload', 'gone'];
    const watcher = await tools.subscribe(`w${name}`, ['-C', '1', '-t', `${name}/will`]);
    const seen = ['-C', '1', '-t', `${name}/seen`];
    const receiver = how.tool === 'sub' ? undefined : await tools.subscribe(`r${name}`, seen);
    const topics = how.args.map((arg) => arg.replace('$T', name));
    const args = [...way(), '-i', name, '-V', how.version, ...will, ...topics];
    // What is printed tells that the tool has got further than its subscription.
    if (receiver === undefined) await tools.publish(['-t', name, '-m', 'ready', '-r']);
    const tool = start(how.tool, args);
    await (receiver === undefined ? tool.printed('ready') : receiver.outcome);
    const outcome = await tool.kill(how.signal);
    await tools.publish(['-t', `${name}/will`, '-m', 'no will']);
    return [outcome, Buffer.from((await watcher.outcome).stdout).toString()];
  }

  interface Interruption {
    readonly tool: OurToolName;
    readonly args: readonly string[];
    readonly version: '311' | '5';
    readonly signal: NodeJS.Signals;
  }

  for (const signal of ['SIGINT', 'SIGTERM'] as const) {
    for (const [tool, ...args] of [
      ['sub', '-t', '$T'],
      ['pub', '-t', '$T/seen', '-l'],
      ['rr', '-t', '$T/seen', '-e', '$T/response', '-m', 'x'],
    ] as const) {
      for (const version of ['311', '5'] as const) {
        it(`${tool} of MQTT ${version} is ended by ${signal}`, async () => {
          const how = { tool, args, version, signal };
          const [theirs, theirWill] = await interrupted(startTheirs, how);
          const [ours, ourWill] = await interrupted(startOurs, how);
          assert.deepEqual(
            [ours.exitCode, ours.stderr, Buffer.from(ours.stdout).toString(), ourWill],
            [theirs.exitCode, theirs.stderr, Buffer.from(theirs.stdout).toString(), theirWill],
          );
        });
      }
    }
  }

  for (const tool of ['sub', 'pub', 'rr'] as const) {
    it(`${tool} is ended by SIGTERM while the broker says nothing`, async () => {
      const args = tool === 'rr' ? ['-e', 'r', '-m', 'x'] : tool === 'pub' ? ['-l'] : [];
      const ended = async (start: Start) => {
        const server = createServer((socket) => socket.on('error', () => undefined));
        await once(server.listen(0, '127.0.0.1'), 'listening');
        const { port } = server.address() as { port: number };
        const tool_ = start(tool, ['-h', '127.0.0.1', '-p', String(port), '-t', 't', ...args]);
        const [socket] = await once(server, 'connection');
        await once(socket, 'data');
        // mosquitto_sub asks for the signal when CONNECT has gone already.
        if (tool === 'sub') await until(() => tool_.catches('SIGTERM'));
        const { exitCode, stderr } = await tool_.kill('SIGTERM');
        socket.destroy();
        server.close();
        return [exitCode, stderr];
      };
      assert.deepEqual(await ended(startOurs), await ended(startTheirs));
    });
  }

  it('sub ends when nobody reads it any more', async () => {
    const ended = async (start: Start) => {
      const name = `s${names++}`;
      await tools.publish(['-t', name, '-m', 'ready', '-r']);
      const tool = start('sub', [...way(), '-i', name, '-t', name]);
      await tool.printed('ready');
      tool.closeStdout();
      const often = ['--repeat', '1000', '--repeat-delay', '0.02'];
      const publisher = tools.start('mosquitto_pub', ['-t', name, '-m', 'x', ...often]);
      const { exitCode, stderr } = await tool.outcome;
      await publisher.kill();
      return [exitCode, stderr];
    };
    assert.deepEqual(await ended(startOurs), await ended(startTheirs));
  });
});
