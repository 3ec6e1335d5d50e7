/** Examples that MQTT.js has published, in our own words, with its import and with ours. */

import assert from 'node:assert/strict';
import { execFile, spawnSync } from 'node:child_process';
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import process from 'node:process';
import { after, describe, it } from 'node:test';
import { promisify } from 'node:util';
import { certificateFile } from '../harness/certificates.ts';
import { startBroker } from './running-broker.ts';

const options = { concurrency: true, timeout: 60_000 } as const;

describe('an example that MQTT.js has published', options, () => {
  const programs = 'test/interop/mqttjs-programs';
  const folder = mkdtempSync(join(tmpdir(), 'pantala-mqttjs-'));
  after(() => rmSync(folder, { recursive: true }));

  /** The program with another import, and nothing else. */
  function changed(name: string): string {
    const text = readFileSync(`${programs}/${name}.ts`, 'utf8');
    const path = join(folder, `${name}.ts`);
    writeFileSync(path, text.replace("from 'mqtt'", "from 'pantala/mqttjs'"));
    return path;
  }

  async function outputOf(path: string, url: string): Promise<string> {
    const args = ['--import', resolve('test/harness/own-package.ts'), path];
    const env = { ...process.env, MQTT_URL: url, NODE_NO_WARNINGS: '1' };
    const { stdout } = await promisify(execFile)(process.execPath, args, { env, timeout: 20_000 });
    return stdout;
  }

  async function sameOutput(name: string, url: string): Promise<string> {
    const theirs = await outputOf(`${programs}/${name}.ts`, url);
    assert.equal(await outputOf(changed(name), url), theirs);
    return theirs;
  }

  it('with callbacks prints the same after one import has changed', async () => {
    await using broker = await startBroker();
    const output = await sameOutput('basic', `mqtt://127.0.0.1:${broker.port}`);
    assert.equal(output, 'presence: Good morning\n');
  });

  it('with promises does, too', async () => {
    await using broker = await startBroker();
    const output = await sameOutput('promises', `mqtt://127.0.0.1:${broker.port}`);
    assert.match(output, /^weather\/rome sunny publish 1 false false$/m);
  });

  it('over secure WebSockets, with will, login and options, does, too', async () => {
    await using broker = await startBroker([
      'listener 1883 127.0.0.1',
      'protocol websockets',
      `certfile ${certificateFile('server.crt')}`,
      `keyfile ${certificateFile('server.key')}`,
      'allow_anonymous true',
    ]);
    const output = await sameOutput('secure-websocket', `wss://127.0.0.1:${broker.port}`);
    assert.match(output, /received 0 bytes on weather\/rome\/wind\ndisconnected\nended\n$/);
  });

  it('has the right types', () => {
    for (const name of ['basic', 'promises', 'secure-websocket']) changed(name);
    writeFileSync(join(folder, 'package.json'), '{ "type": "module" }');
    const compilerOptions = {
      typeRoots: [resolve('node_modules/@types')],
      paths: { 'pantala/*': [resolve('src/*.ts')] },
    };
    const configuration = { extends: resolve('tsconfig.json'), compilerOptions, include: ['*.ts'] };
    writeFileSync(join(folder, 'tsconfig.json'), JSON.stringify(configuration));
    const tsc = resolve('node_modules/typescript/bin/tsc');
    const { stdout } = spawnSync(process.execPath, [tsc, '-p', folder], { encoding: 'utf8' });
    assert.equal(stdout, '');
  });
});
