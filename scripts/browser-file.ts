/**
 * Makes the one file that the package has for browsers of what the compiler has written for each
 * module: without what only Node and the broker use, and with short names for what is internal.
 * Bundlers do that with functions and variables, and not with properties, as they cannot know who
 * uses those. All the rest is for them to do.
 *
 *     node scripts/browser-file.ts dist
 */

import { join, resolve } from 'node:path';
import process from 'node:process';
import { type OutputOptions, rolldown } from 'rolldown';
import { internalNames } from './internal-names.ts';
import { withoutUnusedMembers } from './unused-members.ts';

if (import.meta.main) await writeBrowserFile(process.argv[2]);

async function writeBrowserFile(dist: string): Promise<void> {
  await using build = await rolldown({
    input: join(dist, 'client-browser.js'),
    platform: 'browser',
    // Of a module bundlers take the constants that are used; of an object made of one, all.
    external: resolve(dist, 'packet/reason-code-numbers.js'),
    transform: { define: { 'globalThis.Buffer': 'undefined' } },
  });
  const options: OutputOptions = { format: 'esm', dir: dist, entryFileNames: 'browser/pantala.js' };
  const { output } = await build.generate({ ...options, minify: false });
  const names = internalNames(output[0].code, join(dist, 'client-browser.d.ts'));
  await build.write({
    ...options,
    sourcemap: true,
    plugins: [
      {
        name: 'unused members',
        renderChunk: (code) => ({ code: withoutUnusedMembers(code, new Set(names)), map: null }),
      },
    ],
    minify: {
      compress: false,
      mangle: false,
      mangleProps: { include: new RegExp(`^(?:${names.join('|')})$`) },
      codegen: { removeWhitespace: false },
    },
  });
}
