/** What the client library costs a page: to begin with, and for each thing that not all need. */

import assert from 'node:assert/strict';
import { after, before, describe, it } from 'node:test';
import { gzipSync } from 'node:zlib';
import { BrowserPackage, type Bundle } from './harness/browser-package.ts';

/**
 * It publishes, reads messages one by one and by a handler, asks and answers, tells what failed and
 * why, and leaves; it is connected again when a connection breaks, and its outbox is in memory.
 */
const page = `
import { ClientError, connect, reasonCodes } from 'pantala';

const client = await connect('wss://broker.example.com', { clientId: 'page' });
const show = (message) => console.log(message.topic, message.text());
client.subscribe('home/+', show, { qos: 1 });
client.respond('double', (request) => String(2 * Number(request.text())));
try {
  await client.publish('home/temperature', '25.5', { qos: 1, retain: true });
  show(await client.request('double', '21'));
} catch (error) {
  if (!(error instanceof ClientError)) throw error;
  const isAllowed = error.reasonCode !== reasonCodes.notAuthorized;
  console.error(isAllowed ? error.message : 'this page may not do that', error.failure);
}
for await (const message of client.subscribe('news')) {
  show(message);
  if (message.text() === 'end') break;
}
await client.disconnect();
`;

// 25 KB, and no more.
const bytesMax = 25 * 1024;

/** What is left out of a page that does not import it, and may cost one that does. */
const features = [
  { names: ['indexedDbOutbox', 'OutboxInUseError'], bytesMax: 4_400 },
  { names: ['scramSha256'], bytesMax: 1_400 },
];

describe('the client library, bundled for browsers,', () => {
  let built: BrowserPackage;
  let bundle: Bundle;

  before(async () => {
    built = new BrowserPackage();
    bundle = await bundleOf(page);
  });

  after(() => built[Symbol.dispose]());

  it(`takes at most ${bytesMax} bytes, minified and gzipped`, () => {
    const length = bytesOf(bundle);
    assert.ok(length <= bytesMax, `${length} bytes:\n${weights(bundle)}`);
  });

  for (const { names, bytesMax } of features) {
    it(`takes at most ${bytesMax} more with ${names.join(' and ')}`, async () => {
      const length = bytesOf(await bundleOf([...page, ...names])) - bytesOf(bundle);
      assert.ok(length > 0 && length <= bytesMax, `${length} bytes`);
    });
  }

  it('has nothing of Node, nor what stands in for it', async () => {
    const { code } = await built.bundle("export * from 'pantala';");
    assert.doesNotMatch(code, /\bprocess\b|node:|\brequire\b|setImmediate/);
    // Text is faster by Node's Buffer where there is one: it is looked for, and not brought along.
    assert.deepEqual(code.match(/\bBuffer\b/g), ['Buffer']);
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

  it('is made of the files that a browser needs', async () => {
    const { files } = await built.bundle("export * from 'pantala';");
    const allowed = ['browser/', 'client/', 'client-browser.js', 'packet/', 'session/', 'topic/'];
    const stray = files.filter(({ path }) => !allowed.some((room) => path.startsWith(room)));
    assert.deepEqual(stray, []);
  });

  it('has nothing of a store, of SCRAM, nor of a server where a page imports none of it', () => {
    // Of some files a few constants are there before they are minified.
    const others =
      /outbox-|arrivals|scram|sasl|stored-queue|shelf|opening|visible-text|topic-cache|traffic|forms/;
    assert.deepEqual(
      bundle.files.filter(({ path, letters }) => others.test(path) && letters > 200),
      [],
    );
  });

  function bundleOf(names: readonly string[]): Promise<Bundle> {
    return built.bundle(`export { ${names.join(', ')} } from 'pantala';`);
  }
});

function bytesOf({ code }: Bundle): number {
  return gzipSync(code, { level: 9 }).length;
}

function weights({ files }: Bundle): string {
  const heaviest = files.toSorted((a, b) => b.letters - a.letters).slice(0, 20);
  return heaviest.map(({ path, letters }) => `${letters}  ${path}`).join('\n');
}
