/** A folder for a broker's files that is gone after the test, whatever happens. */

import { cpSync, globSync, mkdirSync, mkdtempSync, rmSync, statSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import process from 'node:process';

const existing = new Set<string>();
process.on('exit', () => {
  for (const folder of existing) rmSync(folder, { recursive: true, force: true });
});

export class StateFolder implements Disposable {
  readonly folder = mkdtempSync(join(tmpdir(), 'pantala-crash-'));
  /** Where the broker keeps its state. */
  readonly stateFolder = join(this.folder, 'state');

  constructor() {
    existing.add(this.folder);
    mkdirSync(this.stateFolder);
  }

  [Symbol.dispose](): void {
    rmSync(this.folder, { recursive: true, force: true });
    existing.delete(this.folder);
  }

  /** Replaces the broker's state by what `other` has. */
  copyFrom(other: StateFolder): void {
    rmSync(this.stateFolder, { recursive: true, force: true });
    cpSync(other.stateFolder, this.stateFolder, { recursive: true });
  }

  /** The file with the state: the largest one that is not there for locking. */
  storeFile(): string {
    const files = globSync('**/*', { cwd: this.stateFolder, withFileTypes: true })
      .filter((entry) => entry.isFile() && !entry.name.includes('lock'))
      .map((entry) => join(entry.parentPath, entry.name))
      .sort((a, b) => statSync(b).size - statSync(a).size);
    if (files.length === 0) throw new Error(`the broker has left no file in ${this.stateFolder}`);
    return files[0];
  }
}
