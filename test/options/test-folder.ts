/** A folder for the files that a test's configuration names. */

import { mkdirSync, mkdtempSync, renameSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

export class TestFolder implements Disposable {
  readonly path = mkdtempSync(join(tmpdir(), 'pantala-options-'));

  file(name: string): string {
    return join(this.path, name);
  }

  /** Writes a file that nobody else may read, and returns its path. */
  write(name: string, ...lines: readonly string[]): string {
    const path = this.file(name);
    // Whole at once, as whoever watches the file must not see a half of it.
    writeFileSync(`${path}.new`, `${lines.join('\n')}\n`, { mode: 0o600 });
    renameSync(`${path}.new`, path);
    return path;
  }

  folder(name: string): string {
    mkdirSync(this.file(name), { recursive: true });
    return this.file(name);
  }

  [Symbol.dispose](): void {
    rmSync(this.path, { recursive: true });
  }
}
