/** What the client library costs a page. */

import assert from 'node:assert/strict';
import { after, before, describe, it } from 'node:test';
import { gzipSync } from 'node:zlib';
import { BrowserPackage, type Bundle } from './harness/browser-package.ts';

const goalBytes = 25 * 1024;

// What it takes today: it may shrink, and not grow.
const bytesMax = 30_700;

describe('the client library, bundled for browsers,', () => {
  let built: BrowserPackage;
  let bundle: Bundle;

  before(async () => {
    built = new BrowserPackage();
    bundle = await built.bundle("export * from 'pantala';");
  });

  after(() => built[Symbol.dispose]());

  it(`takes at most ${bytesMax} bytes, minified and gzipped`, () => {
    const { length } = gzipSync(bundle.code, { level: 9 });
    assert.ok(length <= bytesMax, `${length} bytes:\n${weights(bundle)}`);
  });

  const todo = 'docs/decisions/024-browser-size.md lists what is to become lighter';
  it(`takes at most ${goalBytes} bytes, minified and gzipped`, { todo }, () => {
    const { length } = gzipSync(bundle.code, { level: 9 });
    assert.ok(length <= goalBytes, `${length} bytes`);
  });

  it('has nothing of Node, nor what stands in for it', () => {
    assert.doesNotMatch(bundle.code, /\bprocess\b|node:|\brequire\b|setImmediate/);
    // Text is faster by Node's Buffer where there is one: it is looked for, and not brought along.
    assert.deepEqual(bundle.code.match(/\bBuffer\b/g), ['Buffer']);
  });

  it('has types that need none of Node, and no TLS options', () => {
    const { status, stdout } = built.check(`
      import { connect, type MqttClient } from 'pantala';
      export const client: MqttClient = await connect('wss://example.com', { clientId: 'page' });
      // @ts-expect-error: a browser sees to certificates itself
      await connect('wss://example.com', { tls: {} });
    `);
    assert.equal(stdout, '');
    assert.equal(status, 0);
  });

  it('is made of the files that a browser needs', () => {
    const allowed = ['browser/', 'client/', 'client-browser.js', 'packet/', 'session/', 'topic/'];
    const stray = bundle.files.filter(({ path }) => !allowed.some((room) => path.startsWith(room)));
    assert.deepEqual(stray, []);
  });
});

function weights({ files }: Bundle): string {
  const heaviest = files.toSorted((a, b) => b.letters - a.letters).slice(0, 20);
  return heaviest.map(({ path, letters }) => `${letters}  ${path}`).join('\n');
}
