/** examples/browser.html does what it says, from a folder that is as a checkout that was built. */

import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { describe, it } from 'node:test';
import { BrowserPackage } from '../harness/browser-package.ts';
import { launchChromium, missingChromium } from '../harness/chromium.ts';
import { startBroker } from './running-broker.ts';

const linesMax = 50;

describe('examples/browser.html', { timeout: 60_000 }, () => {
  const skip = missingChromium() ?? false;

  it('lets two pages talk, by the configuration of docs/client-browser.md', { skip }, async () => {
    using built = new BrowserPackage();
    built.add('examples/browser.html');
    const [, lines] = /```\n(listener .*?)\n```/s.exec(
      readFileSync('docs/client-browser.md', 'utf8'),
    )!;
    const configuration = lines.replace('http_dir .', `http_dir ${built.path}`).split('\n');
    await using broker = await startBroker(configuration);
    const url = `http://${broker.host}:${broker.port}/examples/browser.html`;
    await using browser = await launchChromium();
    const [ann, ben] = [await browser.newPage(), await browser.newPage()];
    for (const page of [ann, ben]) {
      await page.goto(url);
      await page.locator('#state:has-text("connected")').waitFor();
    }
    await ann.locator('#text').fill('Grüße');
    await ann.locator('button').click();
    await ben.locator('li:has-text("Grüße")').waitFor();
    await ann.locator('li:has-text("Grüße")').waitFor();
  });

  it(`is below ${linesMax} lines`, () => {
    const lines = readFileSync('examples/browser.html', 'utf8').split('\n').length;
    assert.ok(lines <= linesMax, `${lines} lines`);
  });
});
