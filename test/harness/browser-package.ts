/** The package as a page gets it: built, resolved as in a browser, in one minified file. */

import { type SpawnSyncReturns, spawnSync } from 'node:child_process';
import { copyFileSync, mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join, resolve } from 'node:path';
import process from 'node:process';
import { type InputOptions, type OutputChunk, rolldown } from 'rolldown';

/** What a page has of one module of the library's. */
export interface BundledModule {
  readonly path: string;
  /** Before it was minified. */
  readonly letters: number;
}

/** Builds the package into a folder of its own; disposing of it takes that away. */
export class BrowserPackage implements Disposable {
  readonly #folder = mkdtempSync(join(tmpdir(), 'pantala-browser-'));

  /** Where it is, as an installed package or a checkout that was built. */
  readonly path = join(this.#folder, 'node_modules', 'pantala');

  constructor() {
    mkdirSync(this.path, { recursive: true });
    // The page's own: whatever lies above it in the file system does not count.
    writeFileSync(join(this.#folder, 'package.json'), '{ "type": "module" }');
    this.add('package.json');
    const outDir = join(this.path, 'dist');
    const tsc = 'node_modules/typescript/bin/tsc';
    for (const step of [
      [tsc, '-p', 'tsconfig.build.json', '--outDir', outDir],
      ['scripts/browser-file.ts', outDir],
    ]) {
      const { status, stdout, stderr } = spawnSync(process.execPath, step, { encoding: 'utf8' });
      if (status !== 0) throw new Error(stdout + stderr);
    }
  }

  /** Puts a file of the checkout beside it. */
  add(file: string): void {
    mkdirSync(dirname(join(this.path, file)), { recursive: true });
    copyFileSync(file, join(this.path, file));
  }

  /**
   * @param program what a page would import and do, as `export { connect } from 'pantala';`
   * @returns all that it would load
   */
  async bundle(program: string): Promise<string> {
    const { code } = await this.#bundle(program, {});
    return code;
  }

  /** The modules that would be in it, were they not made one file before. */
  async modules(program: string): Promise<readonly BundledModule[]> {
    const entry = join(this.path, 'dist/client-browser.js');
    const { modules } = await this.#bundle(program, { alias: { pantala: entry } });
    return Object.entries(modules)
      .map(([path, { renderedLength }]) => ({ path, letters: renderedLength }))
      .filter(({ path, letters }) => path.includes('/dist/') && letters > 0)
      .map(({ path, letters }) => ({ path: path.split('/dist/').at(-1)!, letters }));
  }

  async #bundle(program: string, resolve: InputOptions['resolve']): Promise<OutputChunk> {
    const input = join(this.#folder, 'page.js');
    writeFileSync(input, program);
    await using build = await rolldown({ input, platform: 'browser', resolve });
    const { output } = await build.generate({ format: 'esm', minify: true, comments: false });
    return output[0];
  }

  /** Has the compiler look at what a page's author writes, who has the package and a browser. */
  check(program: string): SpawnSyncReturns<string> {
    writeFileSync(join(this.#folder, 'page.ts'), program);
    const flags = '--noEmit --strict --target esnext --module esnext --moduleResolution bundler';
    const world = ['--customConditions', 'browser', '--lib', 'esnext,dom', '--types', ''];
    const tsc = resolve('node_modules/typescript/bin/tsc');
    const args = [tsc, ...flags.split(' '), ...world, 'page.ts'];
    return spawnSync(process.execPath, args, { cwd: this.#folder, encoding: 'utf8' });
  }

  [Symbol.dispose](): void {
    rmSync(this.#folder, { recursive: true });
  }
}
