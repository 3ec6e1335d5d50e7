/** A real browser: a page that our listener serves speaks MQTT with the browser's own WebSocket. */

import assert from 'node:assert/strict';
import { existsSync } from 'node:fs';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, before, describe, it } from 'node:test';
import { type Browser, chromium } from 'playwright-core';
import type { RunningBroker } from './running-broker.ts';
import { Certificate, missingOpenssl, startWebSocketBroker } from './websocket-broker.ts';

const program = '/usr/bin/chromium';
const missing = existsSync(program)
  ? undefined
  : 'chromium is not installed: apt-get install chromium';

const page = `<!doctype html>
<title>MQTT</title>
<link rel="stylesheet" href="style.css">
<p id="said"></p>
<script type="module" src="app.js"></script>`;

/** Connects to `?broker=`, or to where the page is from, and tells in the page what came of it. */
const app = `
const said = document.querySelector('#said');
const home = location.origin.replace('http', 'ws') + '/mqtt';
const socket = new WebSocket(new URLSearchParams(location.search).get('broker') ?? home, 'mqtt');
socket.binaryType = 'arraybuffer';

const text = (string) => {
  const bytes = new TextEncoder().encode(string);
  return [bytes.length >> 8, bytes.length & 0xff, ...bytes];
};
const send = (first, ...body) => socket.send(Uint8Array.from([first, body.length, ...body]));

socket.onopen = () => send(0x10, ...text('MQTT'), 4, 2, 0, 60, ...text('page'));
socket.onerror = () => { said.textContent = 'refused'; };
socket.onmessage = ({ data }) => {
  const bytes = new Uint8Array(data);
  switch (bytes[0] >> 4) {
    case 2: // CONNACK
      send(0x82, 0, 1, ...text('page/+'), 1);
      break;
    case 9: // SUBACK
      send(0x32, ...text('page/a'), 0, 2, ...new TextEncoder().encode('größe'));
      break;
    case 3: { // PUBLISH, perhaps with PUBACK behind it
      const payload = bytes.slice(2 + 2 + 'page/a'.length + 2, 2 + bytes[1]);
      said.textContent = socket.protocol + ': ' + new TextDecoder().decode(payload);
      send(0xe0);
      socket.close(1000);
    }
  }
};`;

describe('a page in Chromium', { timeout: 60_000 }, () => {
  if (missing !== undefined) {
    it('speaks MQTT over WebSocket', { skip: missing });
    return;
  }
  let browser: Browser;
  let httpDir: string;

  before(async () => {
    httpDir = await mkdtemp(join(tmpdir(), 'pantala-page-'));
    await writeFile(join(httpDir, 'index.html'), page);
    await writeFile(join(httpDir, 'app.js'), app);
    await writeFile(join(httpDir, 'style.css'), 'p { color: rgb(1, 2, 3) }');
    const args = ['--no-sandbox', '--ignore-certificate-errors'];
    browser = await chromium.launch({ executablePath: program, headless: true, args });
  });

  after(async () => {
    await browser.close();
    await rm(httpDir, { recursive: true });
  });

  /** What the page says in the end, when it comes from `home`. */
  async function said(
    home: RunningBroker,
    query = '',
  ): Promise<{ text: string | null; color: string }> {
    await using context = await browser.newContext();
    const tab = await context.newPage();
    const scheme = home.webSocket?.caFile === undefined ? 'http' : 'https';
    await tab.goto(`${scheme}://${home.host}:${home.port}/${query}`);
    const text = await tab.locator('#said:not(:empty)').textContent();
    const color = await tab.evaluate<string>('getComputedStyle(said).color');
    return { text, color };
  }

  it('speaks MQTT with the broker that has served it', async () => {
    await using home = await startWebSocketBroker({ httpDir });
    assert.deepEqual(await said(home), { text: 'mqtt: größe', color: 'rgb(1, 2, 3)' });
  });

  it('does so inside TLS', { skip: missingOpenssl() ?? false }, async () => {
    using certificate = new Certificate();
    await using home = await startWebSocketBroker({ httpDir, certificate });
    assert.deepEqual(await said(home), { text: 'mqtt: größe', color: 'rgb(1, 2, 3)' });
  });

  it('may use another broker where its origin is listed, and nowhere else', async () => {
    await using home = await startWebSocketBroker({ httpDir });
    const origin = `http://${home.host}:${home.port}`;
    await using friend = await startWebSocketBroker({ origins: ['http://example.com', origin] });
    await using stranger = await startWebSocketBroker({ origins: ['http://example.com'] });
    const at = ({ host, port }: RunningBroker) => `?broker=ws://${host}:${port}/`;
    assert.equal((await said(home, at(friend))).text, 'mqtt: größe');
    assert.equal((await said(home, at(stranger))).text, 'refused');
  });
});
