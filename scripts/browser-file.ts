/**
 * Makes the one file that the package has for browsers of what the compiler has written for each
 * module. Its internal names are short: bundlers shorten those of variables, but none of
 * properties, as they cannot know who uses them. The rest is for them to do.
 *
 *     node scripts/browser-file.ts dist
 */

import { join, resolve } from 'node:path';
import process from 'node:process';
import { type OutputOptions, rolldown } from 'rolldown';
import { internalNames } from './internal-names.ts';

if (import.meta.main) await writeBrowserFile(process.argv[2]);

async function writeBrowserFile(dist: string): Promise<void> {
  const input = join(dist, 'client-browser.js');
  const options: OutputOptions = { format: 'esm', dir: dist, entryFileNames: 'browser/pantala.js' };
  // Of a module bundlers take the constants that are used; of an object that is made of one, all.
  const external = resolve(dist, 'packet/reason-code-numbers.js');
  const transform = { define: { 'globalThis.Buffer': 'undefined' } };
  await using build = await rolldown({ input, platform: 'browser', external, transform });
  const { output } = await build.generate({ ...options, minify: false });
  const names = internalNames(output[0].code, join(dist, 'client-browser.d.ts'));
  await build.write({
    ...options,
    sourcemap: true,
    minify: {
      compress: false,
      mangle: false,
      mangleProps: { include: new RegExp(`^(?:${names.join('|')})$`) },
      codegen: { removeWhitespace: false },
    },
  });
}
