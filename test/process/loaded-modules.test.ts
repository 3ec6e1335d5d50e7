/** What a command loads: each module that it does without is time that its user does not wait. */

import assert from 'node:assert/strict';
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { existsSync } from 'node:fs';
import process from 'node:process';
import { text } from 'node:stream/consumers';
import { after, before, describe, it } from 'node:test';
import { pathToFileURL } from 'node:url';
import { Broker } from '../../src/broker/broker.ts';
import { NodeHost } from '../../src/server/node-host.ts';
import type { Listener } from '../../src/transport/listen-sockets.ts';
import { listenTcp } from '../../src/transport/tcp.ts';
import { TestGatekeeper } from '../harness/test-gatekeeper.ts';

/** In the process that is looked at: tells on its stderr, when it ends, what it has loaded. */
const witness = `data:text/javascript,${encodeURIComponent(`
  import { registerHooks } from 'node:module';
  const urls = [];
  registerHooks({ load(url, context, next) { urls.push(url); return next(url, context); } });
  process.on('exit', () => {
    const builtins = process.moduleLoadList.filter((each) => each.startsWith('NativeModule '));
    const names = builtins.map((each) => 'node:' + each.slice('NativeModule '.length));
    process.stderr.write('\\nLOADED' + JSON.stringify([...urls, ...names]));
  });
`)}`;

const root = pathToFileURL(`${process.cwd()}/`).href;

async function loadedBy(args: readonly string[]): Promise<string[]> {
  const child = spawn(process.execPath, ['--import', witness, 'bin/pantala', ...args], {
    stdio: ['ignore', 'ignore', 'pipe'],
  });
  const [told, [code]] = await Promise.all([text(child.stderr), once(child, 'exit')]);
  const [complaints, loaded] = told.split('\nLOADED');
  assert.deepEqual([code, complaints], [0, '']);
  return JSON.parse(loaded).map((url: string) => url.replace(root, ''));
}

/** Costly, or of another command. */
const forbidden: readonly { readonly what: string; readonly pattern: RegExp }[] = [
  { what: 'TLS', pattern: /^node:tls$|^src\/transport\/tls/ },
  { what: 'cryptography', pattern: /^node:crypto$/ },
  { what: 'HTTP', pattern: /^node:(?:http|https|_http_\w+)$/ },
  { what: 'compression', pattern: /^node:zlib$/ },
  { what: 'other processes', pattern: /^node:child_process$/ },
  { what: 'packages', pattern: /^node_modules\// },
  { what: 'the broker', pattern: /^src\/(?:broker|storage|auth|plugin)\// },
  { what: 'listeners', pattern: /^src\/transport\/(?:listen|arriving|websocket)/ },
  { what: 'another command', pattern: /^src\/cli\/(?:serve|store|passwd|compat|completion)/ },
];

describe('pantala pub', () => {
  let listener: Listener;
  let broker: Broker;
  const host = new NodeHost();
  before(async () => {
    broker = new Broker({ host, gatekeeper: new TestGatekeeper(), systemTopicSeconds: 0 });
    host.start((now) => broker.wake(now));
    const { accept } = broker.listener();
    listener = await listenTcp(accept, { port: 0, host: '127.0.0.1' });
  });
  after(async () => {
    await listener.close();
    host.stop();
  });

  it('loads nothing that it does not need', async () => {
    const port = String(listener.port);
    const args = ['pub', '-h', '127.0.0.1', '-p', port, '-t', 'a', '-m', 'x', '-q', '1'];
    const loaded = await loadedBy(args);
    for (const { what, pattern } of forbidden) {
      assert.deepEqual(
        loaded.filter((name) => pattern.test(name)),
        [],
        what,
      );
    }
    const sources = loaded.filter((name) => name.startsWith('src/'));
    // Each takes a third of a millisecond. There are 101; a few more are no reason to be alarmed.
    assert.ok(sources.length <= 110, `${sources.length} files:\n${sources.join('\n')}`);
    for (const name of sources) assert.ok(existsSync(name), name);
  });
});

it('pantala --version loads no command', async () => {
  const loaded = await loadedBy(['--version']);
  const commands = loaded.filter((name) => /^src\/cli\/(?:pub|sub|serve|tool)/.test(name));
  assert.deepEqual(commands, []);
});
