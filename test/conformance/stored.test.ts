/**
 * All chapters once more, with brokers that store their state: what they promise must not depend on
 * that. Each test has its own store; see `TestBroker`.
 */

import { globSync } from 'node:fs';
import { resolve } from 'node:path';
import process from 'node:process';
import { pathToFileURL } from 'node:url';

process.env.TEST_BROKERS_STORE = 'yes';

for (const chapter of globSync('test/conformance/[0-9][0-9]-*/*.test.ts').sort()) {
  await import(pathToFileURL(resolve(chapter)).href);
}
