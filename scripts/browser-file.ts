/**
 * Makes the one file that the package has for browsers of what the compiler has written for each
 * module: without what only Node and the broker use, and with short names for what is internal.
 * Bundlers do that with functions and variables, and not with properties, as they cannot know who
 * uses those. All the rest is for them to do.
 *
 *     node scripts/browser-file.ts dist
 */

import { readFileSync } from 'node:fs';
import { join, relative, resolve } from 'node:path';
import process from 'node:process';
import { type OutputOptions, type Plugin, rolldown } from 'rolldown';
import { internalNames } from './internal-names.ts';
import { withoutUnusedMembers } from './unused-members.ts';

/**
 * Rooms as they follow from one another. Modules of a room are alike, and gzip finds what is alike
 * where it is not far apart: 0.4 KB.
 */
const rooms = ['packet', 'topic', 'session', 'client', 'browser'];

/**
 * What is made for a broker's many connections, and with what a page can do instead, which is
 * lighter by 0.6 KB.
 */
const plainer: Readonly<Record<string, string>> = {
  'packet/assembly': 'browser/plain-assembly',
  'session/fifo': 'browser/plain-fifo',
  'session/inflight': 'browser/plain-inflight',
  'session/packet-ids': 'browser/plain-packet-ids',
};

function plainerModules(dist: string): Plugin {
  const places = new Map(
    Object.entries(plainer).map(
      (names) => names.map((name) => resolve(dist, `${name}.js`)) as [string, string],
    ),
  );
  return {
    name: 'plainer modules',
    load: (id) => {
      const other = places.get(id);
      return other === undefined ? undefined : readFileSync(other, 'utf8');
    },
  };
}

if (import.meta.main) await writeBrowserFile(process.argv[2]);

async function writeBrowserFile(dist: string): Promise<void> {
  const entry = resolve(dist, 'client-browser.js');
  const ordered = resolve(dist, 'client-browser-in-order.js');
  const options: OutputOptions = { format: 'esm', dir: dist, entryFileNames: 'browser/pantala.js' };
  await using first = await bundlingOf(dist, entry);
  const [{ code, modules }] = (await first.generate({ ...options, minify: false })).output;
  const names = internalNames(code, join(dist, 'client-browser.d.ts'));
  await using second = await bundlingOf(dist, ordered, [
    inOrder(byRooms(Object.keys(modules), dist), { entry, ordered }),
    {
      name: 'unused members',
      renderChunk: (code) => ({ code: withoutUnusedMembers(code, new Set(names)), map: null }),
    },
  ]);
  await second.write({
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

function bundlingOf(dist: string, input: string, plugins: readonly Plugin[] = []) {
  return rolldown({
    input,
    platform: 'browser',
    // Of a module bundlers take the constants that are used; of an object made of one, all.
    external: resolve(dist, 'packet/reason-code-numbers.js'),
    transform: { define: { 'globalThis.Buffer': 'undefined' } },
    plugins: [plainerModules(dist), ...plugins],
  });
}

function byRooms(modules: readonly string[], dist: string): string[] {
  const roomOf = (path: string) => rooms.indexOf(relative(dist, path).split(/[\\/]/)[0]);
  return modules.toSorted((one, other) => roomOf(one) - roomOf(other));
}

/** Has another entry in the place of one, by which the modules come in this order. */
function inOrder(
  modules: readonly string[],
  { entry, ordered }: { readonly entry: string; readonly ordered: string },
): Plugin {
  const others = modules.filter((path) => path !== entry);
  const imports = others.map((path) => `import ${JSON.stringify(path)};`);
  const code = [...imports, `export * from ${JSON.stringify(entry)};`].join('\n');
  return {
    name: 'order of modules',
    resolveId: (id) => (id === ordered ? id : undefined),
    load: (id) => (id === ordered ? code : undefined),
  };
}
