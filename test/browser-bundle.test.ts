/** What the client library costs a page: to begin with, and for each thing that not all need. */

import assert from 'node:assert/strict';
import { after, before, describe, it } from 'node:test';
import { gzipSync } from 'node:zlib';
import { BrowserPackage, type BundledModule } from './harness/browser-package.ts';

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

// Whoever needs more of them looks for what can go first: docs/decisions/024-browser-size.md.
const bytesMax = 25 * 1024;

/** What is left out of a page that does not import it, and may cost one that does. */
const features = [
  { names: ['indexedDbOutbox', 'OutboxInUseError'], bytesMax: 4_400 },
  { names: ['scramSha256'], bytesMax: 1_900 },
];

describe('the client library, bundled for browsers,', () => {
  let built: BrowserPackage;
  let length: number;

  before(async () => {
    built = new BrowserPackage();
    length = bytesOf(await built.bundle(page));
  });

  after(() => built[Symbol.dispose]());

  it(`takes at most ${bytesMax} bytes, minified and gzipped`, async () => {
    const modules = await built.modules(page);
    assert.ok(length <= bytesMax, `${length} bytes:\n${weights(modules)}`);
  });

  for (const { names, bytesMax } of features) {
    it(`takes at most ${bytesMax} more with ${names.join(' and ')}`, async () => {
      const program = `${page}\nexport { ${names.join(', ')} } from 'pantala';`;
      const more = bytesOf(await built.bundle(program)) - length;
      assert.ok(more > 0 && more <= bytesMax, `${more} bytes`);
    });
  }

  it('has nothing of Node, nor what stands in for it', async () => {
    const code = await built.bundle("export * from 'pantala';");
    assert.doesNotMatch(code, /\bprocess\b|node:|\brequire\b|setImmediate|\bBuffer\b/);
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
    const modules = await built.modules("export * from 'pantala';");
    const allowed = ['browser/', 'client/', 'client-browser.js', 'packet/', 'session/', 'topic/'];
    const stray = modules.filter(({ path }) => !allowed.some((room) => path.startsWith(room)));
    assert.deepEqual(stray, []);
    assert.ok(modules.length > 50);
  });

  it('has nothing of a store, of AUTH, nor of a server where a page imports none of it', async () => {
    // Of some files a few constants are there before they are minified.
    const others =
      /outbox-|arrivals|scram|sasl|enhanced|\/auth|stored-queue|shelf|opening|visible-text|topic-cache|traffic|forms/;
    assert.deepEqual(
      (await built.modules(page)).filter(({ path, letters }) => others.test(path) && letters > 250),
      [],
    );
  });
});

function bytesOf(code: string): number {
  return gzipSync(code, { level: 9 }).length;
}

function weights(modules: readonly BundledModule[]): string {
  const heaviest = modules.toSorted((a, b) => b.letters - a.letters).slice(0, 20);
  return heaviest.map(({ path, letters }) => `${letters}  ${path}`).join('\n');
}
