/** Runs in Chromium what is written for node:test: contract suites of what only a browser has. */

import { once } from 'node:events';
import { createServer, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { after, describe, it } from 'node:test';
import { fileURLToPath } from 'node:url';
import { rolldown } from 'rolldown';
import { launchChromium, missingChromium } from './chromium.ts';

const html = '<!doctype html><title>suite</title><script type="module" src="suite.js"></script>';

export interface SuiteOptions {
  /** Of this process, global in the page; what they take and return is JSON. */
  readonly functions?: Readonly<Record<string, (argument: never) => unknown>>;
  /** Is called after the tests. */
  readonly over?: () => unknown;
}

/** Defines the tests of a file of test/browser here, each of which then runs there. */
export async function chromiumSuite(
  name: string,
  file: string,
  { functions = {}, over }: SuiteOptions = {},
): Promise<void> {
  const missing = missingChromium();
  if (missing !== undefined) {
    it(name, { skip: missing });
    await over?.();
    return;
  }
  const code = await bundle(file);
  const browser = await launchChromium();
  const page = await browser.newPage();
  const server = await serve(code);
  for (const [called, does] of Object.entries(functions)) await page.exposeFunction(called, does);
  await page.goto(`http://127.0.0.1:${(server.address() as AddressInfo).port}/`);
  await page.waitForFunction("'suite' in globalThis");
  const names = await page.evaluate<string[]>('suite.names()');
  describe(name, () => {
    after(async () => {
      await browser.close();
      await server[Symbol.asyncDispose]();
      await over?.();
    });
    for (const [index, each] of names.entries()) {
      it(each, { timeout: 30_000 }, async () => {
        const failure = await page.evaluate<string | undefined>(`suite.run(${index})`);
        if (failure !== undefined) throw new Error(failure);
      });
    }
  });
}

/** From here, as Chromium keeps pages of other places from what listens on this machine. */
async function serve(code: string): Promise<Server> {
  const server = createServer(({ url }, response) => {
    const isScript = url?.endsWith('.js');
    response.setHeader('content-type', isScript ? 'text/javascript' : 'text/html');
    response.end(isScript ? code : html);
  });
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  return server;
}

async function bundle(file: string): Promise<string> {
  const inBrowser = (name: string) => fileURLToPath(new URL(`../browser/${name}`, import.meta.url));
  const build = await rolldown({
    input: inBrowser(file),
    platform: 'browser',
    resolve: {
      alias: {
        'node:test': inBrowser('node-test.ts'),
        'node:assert/strict': inBrowser('assert.ts'),
      },
    },
  });
  const { output } = await build.generate({ format: 'esm' });
  await build.close();
  return output[0].code;
}
