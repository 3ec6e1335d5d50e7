/** A file system of a few megabytes that can be filled to its last byte, and is gone afterwards. */

import { spawnSync } from 'node:child_process';
import { mkdtempSync, rmdirSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import process from 'node:process';

/** Linux's own, which no package brings. */
const programs = { mount: 'mount', unmount: 'umount' } as const;

const mounted = new Set<string>();
process.on('exit', () => {
  for (const path of mounted) unmount(path);
});

export class SmallDisk implements Disposable {
  readonly path: string;

  /** Why there can be none on this machine, if so. */
  static missing(): string | undefined {
    try {
      using _disk = new SmallDisk(1);
      return undefined;
    } catch (error) {
      return `no tmpfs can be mounted, for which one must be root: ${(error as Error).message}`;
    }
  }

  /** @throws Error when it cannot be mounted */
  constructor(megabytes: number) {
    this.path = mkdtempSync(join(tmpdir(), 'pantala-disk-'));
    const args = ['-t', 'tmpfs', '-o', `size=${megabytes}m`, 'tmpfs', this.path];
    const { status, error, stderr } = spawnSync(programs.mount, args, { encoding: 'utf8' });
    if (status !== 0) {
      rmdirSync(this.path);
      throw error ?? new Error(stderr.trim());
    }
    mounted.add(this.path);
  }

  /** Something that takes room until `makeRoom`. */
  placeBallast(megabytes: number): void {
    writeFileSync(this.#ballast, new Uint8Array(megabytes * 1024 * 1024));
  }

  makeRoom(): void {
    rmSync(this.#ballast);
  }

  [Symbol.dispose](): void {
    mounted.delete(this.path);
    unmount(this.path);
  }

  get #ballast(): string {
    return join(this.path, 'ballast');
  }
}

/** Also while somebody still has a file open there. */
function unmount(path: string): void {
  spawnSync(programs.unmount, ['--lazy', path]);
  rmdirSync(path);
}
