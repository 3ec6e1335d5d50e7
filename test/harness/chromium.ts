/** Debian's Chromium, with pages that have the client library. */

import { existsSync } from 'node:fs';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { type Browser, chromium, type Page } from 'playwright-core';
import { BrowserPackage } from './browser-package.ts';

const program = '/usr/bin/chromium';

/** Why tests that need it cannot run, if they cannot. */
export function missingChromium(): string | undefined {
  if (existsSync(program)) return undefined;
  return 'chromium is not installed: apt-get install chromium';
}

export function launchChromium(): Promise<Browser> {
  const args = ['--no-sandbox', '--ignore-certificate-errors'];
  return chromium.launch({ executablePath: program, headless: true, args });
}

const html = `<!doctype html>
<title>Pantala</title>
<script type="module">
import * as library from './pantala.js';
Object.assign(globalThis, library);
document.title = 'ready';
</script>`;

/** A folder to be served, whose page makes what the package exports global. */
export class PageFolder implements AsyncDisposable {
  readonly path: string;

  private constructor(path: string) {
    this.path = path;
  }

  static async make(): Promise<PageFolder> {
    using built = new BrowserPackage();
    const code = await built.bundle("export * from 'pantala';");
    const path = await mkdtemp(join(tmpdir(), 'pantala-page-'));
    await writeFile(join(path, 'index.html'), html);
    await writeFile(join(path, 'pantala.js'), code);
    return new PageFolder(path);
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await rm(this.path, { recursive: true });
  }
}

/** A page of its own, as another visitor has it. */
export async function openPage(browser: Browser, url: string): Promise<Page & AsyncDisposable> {
  const context = await browser.newContext();
  const page = await context.newPage();
  await page.goto(url);
  await page.waitForFunction("document.title === 'ready'");
  return Object.assign(page, { [Symbol.asyncDispose]: () => context.close() });
}
