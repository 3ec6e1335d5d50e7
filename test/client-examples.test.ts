/** The programs in examples/ that are clients do what they say. */

import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { createBroker, type EmbeddedBroker } from '../src/broker.ts';
import { connect, type MqttClient } from '../src/client.ts';
import { ClientProgram, type ClientProgramOptions } from './harness/client-program.ts';

const options = { concurrency: 2, timeout: 60_000 } as const;

class Stage implements AsyncDisposable {
  readonly broker: EmbeddedBroker;
  readonly url: string;

  private constructor(broker: EmbeddedBroker, url: string) {
    this.broker = broker;
    this.url = url;
  }

  static async open(port = 0): Promise<Stage> {
    const broker = createBroker();
    const address = await broker.listen({ port });
    return new Stage(broker, `mqtt://127.0.0.1:${address.port}`);
  }

  run(name: string, more: ClientProgramOptions = {}): ClientProgram {
    return new ClientProgram(`examples/${name}.ts`, { url: this.url, ...more });
  }

  client(): Promise<MqttClient> {
    return connect(this.url);
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.broker.close();
  }
}

describe('examples/publish.ts', options, () => {
  it('publishes what it prints, and tells of its end', async () => {
    await using stage = await Stage.open();
    await using client = await stage.client();
    const states: string[] = [];
    client.subscribe('home/sensor', (message) => void states.push(message.text()));
    const temperatures = client.subscribe('home/temperature', { qos: 1 });
    await temperatures.granted;
    await using sensor = stage.run('publish');
    for await (const message of temperatures) {
      await sensor.line(new RegExp(`^${message.text()} °C$`));
      break;
    }
    await sensor[Symbol.asyncDispose]();
    assert.deepEqual([await sensor.ended(), states], [0, ['there', 'gone']]);
  });

  it('leaves a will', async () => {
    await using stage = await Stage.open();
    await using client = await stage.client();
    await using sensor = stage.run('publish');
    await sensor.line(/°C/);
    await sensor.kill();
    for await (const message of client.subscribe('home/sensor')) {
      if (message.text() === 'lost') break;
    }
  });
});

describe('examples/subscribe.ts', options, () => {
  it('prints messages with their topics', async () => {
    await using stage = await Stage.open();
    stage.broker.publish('home/door', 'shut', { retain: true });
    await using program = stage.run('subscribe');
    await program.line(/^waiting for messages$/);
    stage.broker.publish('home/kitchen/temperature', '25.5');
    await program.line(/^home\/door \(retained\): shut$/);
    await program.line(/^home\/kitchen\/temperature: 25\.5$/);
    await program[Symbol.asyncDispose]();
    assert.equal(await program.ended(), 0);
  });
});

describe('examples/respond.ts', options, () => {
  it('answers examples/request.ts', async () => {
    await using stage = await Stage.open();
    await using service = stage.run('respond');
    await service.line(/^ready$/);
    await using asking = stage.run('request', { args: ['1', '2', '39'] });
    assert.equal(await asking.ended(), 0);
    assert.deepEqual(asking.lines, ['42']);
    await service[Symbol.asyncDispose]();
    assert.equal(await service.ended(), 0);
  });
});

describe('examples/request.ts', options, () => {
  it('says so when nobody answers', async () => {
    await using stage = await Stage.open();
    await using asking = stage.run('request', { args: ['1'] });
    assert.equal(await asking.ended(), 1);
  });
});

describe('examples/reconnect.ts', options, () => {
  it('loses no line while the server is away', async () => {
    let stage = await Stage.open();
    const { port } = new URL(stage.url);
    await using program = stage.run('reconnect');
    await program.line(/^type lines/);
    await stage.broker.close();
    program.write('one\ntwo\n');
    await program.line(/^next attempt in \d+ ms, 2 messages wait$/);
    stage = await Stage.open(Number(port));
    const lines: string[] = [];
    await using client = await stage.client();
    client.subscribe('lines', (message) => void lines.push(message.text()), { qos: 1 });
    await program.line(/^connected to/);
    program.write('three\n');
    program.endInput();
    assert.equal(await program.ended(), 0);
    assert.ok(program.lines.includes('3 lines have arrived'));
    assert.equal(lines.at(-1), 'three');
    await client.disconnect();
    await stage.broker.close();
  });
});

describe('examples/mqttjs.ts', options, () => {
  it('greets itself', async () => {
    await using stage = await Stage.open();
    await using program = stage.run('mqttjs');
    await program.line(/^presence hello from process \d+$/);
    assert.equal(await program.ended(), 0);
  });
});
