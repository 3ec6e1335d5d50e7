/** Examples do what they say: the programs in examples/, and what the documentation shows. */

import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import { createHash, createHmac, pbkdf2Sync } from 'node:crypto';
import { globSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { connect as connectSocket, type Socket } from 'node:net';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import process from 'node:process';
import { after, describe, it } from 'node:test';
import { connectAsync, type IClientOptions, type MqttClient } from 'mqtt';
import type { Connect } from '../src/packet/connect.ts';
import { fromServer } from '../src/packet/from-server.ts';
import { encodePacket, type Packet } from '../src/packet/packet.ts';
import { PacketReader } from '../src/packet/packet-reader.ts';
import { ExampleProgram } from './harness/example-program.ts';

const linesMax = 50;

function connect({ port }: ExampleProgram, options: IClientOptions = {}): Promise<MqttClient> {
  const url = `mqtt://127.0.0.1:${port}`;
  return connectAsync(url, { protocolVersion: 5, reconnectPeriod: 0, ...options });
}

function nextMessage(client: MqttClient): Promise<[string, string]> {
  return new Promise((done) => {
    client.once('message', (topic, payload) => done([topic, payload.toString()]));
  });
}

describe('examples/broker.ts', () => {
  it('counts messages and clients, and tells everybody', async () => {
    await using program = await ExampleProgram.start('broker');
    const client = await connect(program);
    await client.subscribeAsync('statistics');
    const message = nextMessage(client);
    await client.publishAsync('a', 'x', { qos: 1 });
    assert.deepEqual(await message, ['statistics', '{"messages":1,"clients":1}']);
    await client.endAsync();
  });
});

describe('examples/authorize.ts', () => {
  it('keeps devices below their own name, and stamps what they say', async () => {
    await using program = await ExampleProgram.start('authorize');
    const lamp = await connect(program, { username: 'lamp', password: 'l1ght' });
    await lamp.subscribeAsync('devices/lamp/#');
    const message = nextMessage(lamp);
    await lamp.publishAsync('devices/lamp/state', '{"on":true}', { qos: 1 });
    assert.match((await message)[1], /^\{"on":true,"time":"20[^"]+Z"\}$/);
    await assert.rejects(lamp.publishAsync('devices/door/state', '{}', { qos: 1 }), { code: 0x87 });
    await assert.rejects(lamp.publishAsync('devices/lamp/x', 'x', { qos: 1 }), { code: 0x99 });
    await lamp.endAsync();
    await assert.rejects(connect(program, { username: 'lamp', password: 'wrong' }), { code: 0x87 });
    await assert.rejects(connect(program), { code: 0x87 });
  });
});

describe('examples/scram.ts', () => {
  it('lets in who knows the password, and proves to know the user', async () => {
    await using program = await ExampleProgram.start('scram');
    const { connack, serverSignature } = await logIn(program, 'correct horse battery staple');
    assert.equal(connack.reasonCode, 0);
    const { authenticationData } = connack.properties!;
    assert.equal(Buffer.from(authenticationData!).toString(), `v=${serverSignature}`);
  });

  it('lets nobody else in', async () => {
    await using program = await ExampleProgram.start('scram');
    assert.equal((await logIn(program, 'wrong')).connack.reasonCode, 0x87);
    await assert.rejects(connect(program), { code: 0x87 });
  });
});

/** The client's side of SCRAM-SHA-256. (RFC 5802 section 3) */
async function logIn({ port }: ExampleProgram, password: string) {
  const conversation = new RawConversation(connectSocket(port, '127.0.0.1'));
  const authenticationMethod = 'SCRAM-SHA-256';
  const say = (text: string) => ({ authenticationMethod, authenticationData: Buffer.from(text) });
  const bare = 'n=ann,r=clientnonce';
  const connectPacket: Connect = {
    type: 'connect',
    version: 5,
    bridge: false,
    cleanStart: true,
    keepAliveSeconds: 0,
    clientId: 'c',
    will: undefined,
    userName: undefined,
    password: undefined,
    properties: say(`n,,${bare}`),
  };
  const auth = await conversation.exchange(connectPacket);
  assert.equal(auth.type, 'auth');
  const serverFirst = Buffer.from(auth.properties!.authenticationData!).toString();
  const [, nonce, salt, iterations] = /^r=(.*),s=(.*),i=(\d+)$/.exec(serverFirst)!;
  const hmac = (key: Uint8Array, text: string) => createHmac('sha256', key).update(text).digest();
  const saltBytes = Buffer.from(salt, 'base64');
  const salted = pbkdf2Sync(password, saltBytes, Number(iterations), 32, 'sha256');
  const clientKey = hmac(salted, 'Client Key');
  const message = `${bare},${serverFirst},c=biws,r=${nonce}`;
  const signature = hmac(createHash('sha256').update(clientKey).digest(), message);
  const proof = Buffer.from(clientKey.map((byte, i) => byte ^ signature[i])).toString('base64');
  const properties = say(`c=biws,r=${nonce},p=${proof}`);
  const connack = await conversation.exchange({ type: 'auth', reasonCode: 0x18, properties });
  assert.equal(connack.type, 'connack');
  conversation.end();
  return {
    connack,
    serverSignature: hmac(hmac(salted, 'Server Key'), message).toString('base64'),
  };
}

/** One packet there, one packet back. */
class RawConversation {
  readonly #socket: Socket;
  readonly #reader = new PacketReader({ from: fromServer, packetBytesMax: 1e6, version: 5 });

  constructor(socket: Socket) {
    this.#socket = socket;
  }

  async exchange(packet: Packet): Promise<Packet> {
    this.#socket.write(encodePacket(packet, 5));
    for await (const bytes of this.#socket.iterator({ destroyOnReturn: false })) {
      this.#reader.push(bytes);
      const answer = this.#reader.next();
      if (answer !== undefined) return answer;
    }
    assert.fail('the connection has ended');
  }

  end(): void {
    this.#socket.destroy();
  }
}

describe('the programs in examples/', () => {
  const programs = globSync('examples/*.ts');

  it('have a test each', () => {
    const tests = ['test/examples.test.ts', 'test/client-examples.test.ts'];
    const text = tests.map((path) => readFileSync(path, 'utf8')).join('\n');
    assert.deepEqual(
      programs.filter((path) => !text.includes(`describe('${path.replaceAll('\\', '/')}'`)),
      [],
    );
  });

  it(`are below ${linesMax} lines`, () => {
    const long = programs.filter(
      (path) => readFileSync(path, 'utf8').split('\n').length > linesMax,
    );
    assert.deepEqual(long, []);
  });
});

describe('the examples of the documentation', () => {
  const folder = mkdtempSync(join(tmpdir(), 'pantala-examples-'));
  after(() => rmSync(folder, { recursive: true }));
  const files = ['src/broker.ts', 'src/plugin/hooks.ts', 'docs/plugins.md'];
  const examples = files.flatMap((path) => examplesIn(path));
  writeFileSync(join(folder, 'package.json'), '{ "type": "module" }');
  for (const [i, text] of examples.entries()) writeFileSync(join(folder, `example-${i}.ts`), text);
  const paths = examples.map((_, i) => join(folder, `example-${i}.ts`));

  it('are there for each hook and each method', () => {
    assert.ok(examples.length >= 20, `${examples.length} examples`);
  });

  it('are of the right types', () => {
    const compilerOptions = {
      noUnusedLocals: false,
      typeRoots: [resolve('node_modules/@types')],
      paths: { 'pantala/*': [resolve('src/*.ts')] },
    };
    const configuration = { extends: resolve('tsconfig.json'), compilerOptions, include: ['*.ts'] };
    writeFileSync(join(folder, 'tsconfig.json'), JSON.stringify(configuration));
    const tsc = resolve('node_modules/typescript/bin/tsc');
    const { stdout } = spawnSync(process.execPath, [tsc, '-p', folder], { encoding: 'utf8' });
    assert.equal(stdout, '');
  });

  it('run', () => {
    const imports = paths.map((path) => `await import(${JSON.stringify(path)});`);
    const program = join(folder, 'all.mjs');
    writeFileSync(program, [...imports, 'process.exit(0);'].join('\n'));
    const hooks = resolve('test/harness/own-package.ts');
    const { status, stderr } = spawnSync(process.execPath, ['--import', hooks, program], {
      encoding: 'utf8',
      timeout: 60_000,
    });
    assert.equal(status, 0, stderr);
  });
});

/** What stands between the fences of a JSDoc comment or a page. */
function examplesIn(path: string): string[] {
  const text = readFileSync(path, 'utf8');
  return [...text.matchAll(/^([ *]*)```ts\n(.*?)^[ *]*```$/gms)].map(([, margin, code]) =>
    code.replaceAll(new RegExp(`^${margin.replaceAll('*', '\\*').trimEnd()} ?`, 'gm'), ''),
  );
}
