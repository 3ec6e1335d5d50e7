/** The programs in the documents of the client do what they say, and are as short as is claimed. */

import assert from 'node:assert/strict';
import { spawn, spawnSync } from 'node:child_process';
import { copyFileSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import process from 'node:process';
import { createInterface } from 'node:readline';
import { after, before, describe, it } from 'node:test';
import { pathToFileURL } from 'node:url';
import { certificateFile } from './harness/certificates.ts';
import { type GuideBroker, startGuideBroker } from './harness/guide-broker.ts';
import { type GuideExample, guideExamples, programOf } from './harness/guide-example.ts';
import { type SrvNameServer, startSrvNameServer } from './harness/srv-name-server.ts';
import { findPahoPython } from './interop/paho-client.ts';

const fromPaho = 'docs/coming-from-paho-python.md';
const files = ['docs/client.md', 'docs/coming-from-mqttjs.md', fromPaho];
const sources = ['src/client.ts', 'src/mqttjs.ts', 'README.md'];
const folder = mkdtempSync(join(tmpdir(), 'pantala-guide-'));
const nameServerSetting = join(folder, 'name-server.mjs');
let broker: GuideBroker;
let nameServer: SrvNameServer;

const all = [...files, ...sources].flatMap(guideExamples);
const programs = all.filter(({ language }) => language === 'ts');

before(async () => {
  broker = await startGuideBroker(folder);
  nameServer = await startSrvNameServer(broker.port);
  const { port } = nameServer;
  writeFileSync(
    nameServerSetting,
    `import { setServers } from 'node:dns/promises';
    import { syncBuiltinESMExports } from 'node:module';
    setServers(['127.0.0.1:${port}']);
    syncBuiltinESMExports();`,
  );
  writeFileSync(join(folder, 'package.json'), '{ "type": "module" }');
  for (const name of ['ca.crt', 'client.crt', 'client.key']) {
    copyFileSync(certificateFile(name), join(folder, name));
  }
});

after(async () => {
  await broker[Symbol.asyncDispose]();
  await nameServer[Symbol.asyncDispose]();
  rmSync(folder, { recursive: true });
});

describe('the programs in the documents of the client', {
  concurrency: 2,
  timeout: 120_000,
}, () => {
  for (const [i, example] of programs.entries()) {
    it(`print what they say: ${example.place}`, async () => {
      const path = join(folder, `program-${i}.ts`);
      const code = programOf(example);
      writeFileSync(path, broker.placed(code));
      const hooks = [resolve('test/harness/own-package.ts'), nameServerSetting];
      const imports = hooks.flatMap((hook) => ['--import', pathToFileURL(hook).href]);
      await prints(process.execPath, [...imports, path], { ...example, code });
    });
  }

  it('are of the right types', () => {
    const written = programs.map((example, i) => {
      const name = `types-${i}.ts`;
      writeFileSync(join(folder, name), `${programOf(example)}\nexport {};`);
      return name;
    });
    const compilerOptions = {
      noUnusedLocals: false,
      noUnusedParameters: false,
      typeRoots: [resolve('node_modules/@types')],
      paths: { pantala: [resolve('src/client.ts')], 'pantala/*': [resolve('src/*.ts')] },
    };
    const configuration = { extends: resolve('tsconfig.json'), compilerOptions, include: written };
    writeFileSync(join(folder, 'tsconfig.json'), JSON.stringify(configuration));
    const tsc = resolve('node_modules/typescript/bin/tsc');
    const { stdout } = spawnSync(process.execPath, [tsc, '-p', folder], { encoding: 'utf8' });
    assert.equal(stdout, '');
  });
});

describe('the programs for Paho', { concurrency: 2, timeout: 60_000 }, () => {
  const python = findPahoPython();
  const skip = python === undefined && 'Paho is not installed: apt-get install python3-paho-mqtt';
  const originals = all.filter(({ language }) => language === 'python');

  it('stand above ours, which are as short', () => {
    const examples = guideExamples(fromPaho);
    for (const [i, original] of examples.entries()) {
      if (original.language !== 'python') continue;
      const ours = examples[i + 1];
      assert.equal(ours.language, 'ts', original.place);
      assert.ok(linesOf(ours) <= linesOf(original), ours.place);
    }
    assert.ok(originals.length >= 3);
  });

  for (const original of originals) {
    it(`run: ${original.place}`, { skip }, async () => {
      const path = join(folder, `${original.place.replaceAll(/\W/g, '-')}.py`);
      writeFileSync(path, broker.placed(original.code));
      // Those that subscribe are told by the house what ours are told.
      const patterns = original.code.includes('subscribe') ? [/temperature|door/] : [];
      await prints(python!, [path], original, patterns);
    });
  }
});

function linesOf({ code }: GuideExample): number {
  return code.split('\n').filter((line) => line.trim() !== '').length;
}

/** Runs a program until it has printed what it should; one that prints nothing has to end well. */
async function prints(
  command: string,
  args: string[],
  { prints: expected, code }: GuideExample,
  patterns: readonly RegExp[] = [],
): Promise<void> {
  const child = spawn(command, args, { cwd: folder, stdio: ['ignore', 'pipe', 'pipe'] });
  const exited = new Promise<number | null>((done) => child.on('close', done));
  const said: string[] = [];
  let errors = '';
  child.stderr.on('data', (piece) => {
    errors += piece;
  });
  const isEndless = !/await using|disconnect\(|client\.end\(/.test(code);
  const count = Math.max(expected.length, patterns.length, isEndless ? 1 : 0);
  for await (const line of createInterface(child.stdout)) {
    said.push(line);
    if (said.length === count) break;
  }
  if (count > 0 && said.length === count) child.kill('SIGTERM');
  const status = await exited;
  assert.ok(said.length >= count, `it printed ${JSON.stringify(said)}\n${errors}`);
  if (expected.length > 0) assert.deepEqual(said, [...expected]);
  for (const [i, pattern] of patterns.entries()) assert.match(said[i], pattern);
  if (count === 0) assert.equal(status, 0, errors);
}
