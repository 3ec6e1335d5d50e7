/** Tells when files have new content, however they came by it. */

import { createHash } from 'node:crypto';
import { type FSWatcher, readdirSync, readFileSync, realpathSync, statSync, watch } from 'node:fs';
import { dirname, join, resolve } from 'node:path';

export interface WatchOptions {
  /** Ends the watch. */
  readonly signal?: AbortSignal;
  /** How long the files have to stay the same before they are new. */
  readonly settleMilliseconds?: number;
  /** How often they are looked at where the system does not tell of changes. */
  readonly pollMilliseconds?: number;
}

/**
 * Calls `changed` after any of the files, or any file in folders among them, has new content: it
 * was written in place, another was renamed over it, or a link on the way to it leads elsewhere, as
 * Kubernetes swaps `..data`. Several changes in a short time are one; a file that is written again
 * as it was has not changed. One that may not be read any more has changed; one that is missing is
 * waited for, and has changed when it is still missing after two polls.
 */
export function watchFiles(
  paths: readonly string[],
  changed: () => void,
  { signal, settleMilliseconds = 250, pollMilliseconds = 5000 }: WatchOptions = {},
): void {
  if (signal?.aborted || paths.length === 0) return;
  const watched = new WatchedFiles(paths, changed, { settleMilliseconds, pollMilliseconds });
  signal?.addEventListener('abort', () => watched.end(), { once: true });
}

class WatchedFiles {
  readonly #paths: readonly string[];
  readonly #changed: () => void;
  readonly #settleMilliseconds: number;
  readonly #watchers = new Map<string, FSWatcher>();
  readonly #poll: NodeJS.Timeout;
  #settling: NodeJS.Timeout | undefined;
  /** How the files looked from outside when their content was last read. */
  #marks: string;
  /** The content that was last told of. */
  #content: string | undefined;
  /** Content that was seen once, and may not be all of it yet. */
  #candidate: string | undefined;
  /** How many more polls a missing file is waited for; undefined while none is missing. */
  #pollsLeft: number | undefined;

  constructor(
    paths: readonly string[],
    changed: () => void,
    { settleMilliseconds, pollMilliseconds }: Required<Omit<WatchOptions, 'signal'>>,
  ) {
    this.#paths = paths.map((path) => resolve(path));
    this.#changed = changed;
    this.#settleMilliseconds = settleMilliseconds;
    // In this order: what changes meanwhile is told of, or read already.
    this.#watchFolders();
    this.#marks = this.#look();
    this.#content = this.#read();
    this.#poll = setInterval(() => this.#lookAgain(), pollMilliseconds).unref();
  }

  end(): void {
    clearInterval(this.#poll);
    clearTimeout(this.#settling);
    this.#watchNothing();
  }

  #lookAgain(): void {
    if (this.#look() !== this.#marks) {
      // Nothing has told of it: a folder may not be the one any more that is watched.
      this.#watchNothing();
      this.#settle();
    } else if (this.#pollsLeft !== undefined && this.#pollsLeft > 0) {
      this.#pollsLeft--;
      if (this.#pollsLeft === 0) this.#tellOf('missing');
    }
    this.#watchFolders();
  }

  #settle(): void {
    this.#settling ??= setTimeout(() => this.#check(), this.#settleMilliseconds).unref();
  }

  #check(): void {
    this.#settling = undefined;
    this.#watchFolders();
    const marks = this.#look();
    if (marks === this.#marks && this.#candidate === undefined) return;
    const content = this.#read();
    this.#marks = marks;
    this.#pollsLeft = content === undefined ? (this.#pollsLeft ?? 2) : undefined;
    if (content === undefined || content === this.#content) {
      this.#candidate = undefined;
      return;
    }
    if (content !== this.#candidate) {
      this.#candidate = content;
      this.#settle();
      return;
    }
    this.#candidate = undefined;
    this.#tellOf(content);
  }

  #tellOf(content: string): void {
    this.#content = content;
    this.#changed();
  }

  /** What changes from outside whenever content does. */
  #look(): string {
    return this.#files().map(markOf).join('\n');
  }

  /** A digest of everything, or why it cannot be read; undefined while something is missing. */
  #read(): string | undefined {
    const hash = createHash('sha256');
    try {
      for (const file of this.#files()) {
        const bytes = readFileSync(file);
        hash.update(`${file}\0${bytes.length}\0`).update(bytes);
      }
      return hash.digest('hex');
    } catch (error) {
      const { code, message } = error as NodeJS.ErrnoException;
      return code === 'ENOENT' ? undefined : message;
    }
  }

  #files(): readonly string[] {
    return this.#paths.flatMap((path) => (isOf('folder', path) ? filesIn(path) : [path]));
  }

  // A file is watched through its folder, as what is renamed over it is another file; and through
  // the folder that it really is in, in case it is written there.
  #watchFolders(): void {
    const named = this.#paths.filter((path) => isOf('folder', path));
    const folders = new Set([...named, ...[...this.#paths, ...this.#files()].flatMap(foldersOf)]);
    for (const folder of folders) if (!this.#watchers.has(folder)) this.#watch(folder);
    for (const [folder, watcher] of this.#watchers) {
      if (folders.has(folder)) continue;
      watcher.close();
      this.#watchers.delete(folder);
    }
  }

  #watchNothing(): void {
    for (const watcher of this.#watchers.values()) watcher.close();
    this.#watchers.clear();
  }

  #watch(folder: string): void {
    try {
      const watcher = watch(folder, { persistent: false }, (_event, name) => {
        // The folder itself was moved or removed; what has its name now is watched next time.
        if (name === null || !isOf('folder', folder)) this.#forget(folder, watcher);
        this.#settle();
      });
      watcher.on('error', () => this.#forget(folder, watcher));
      this.#watchers.set(folder, watcher);
    } catch {
      // The system has no more watches to give, or none at all: polling will do.
    }
  }

  #forget(folder: string, watcher: FSWatcher): void {
    watcher.close();
    if (this.#watchers.get(folder) === watcher) this.#watchers.delete(folder);
  }
}

/** The folder itself where it may not be listed: whether that changes shows from outside. */
function filesIn(folder: string): readonly string[] {
  try {
    const files = readdirSync(folder).map((name) => join(folder, name));
    return files.filter((file) => isOf('file', file)).sort();
  } catch {
    return [folder];
  }
}

function foldersOf(file: string): readonly string[] {
  try {
    return [dirname(file), dirname(realpathSync(file))];
  } catch {
    return [dirname(file)];
  }
}

function markOf(file: string): string {
  try {
    const { ino, dev, size, mtimeMs, ctimeMs } = statSync(file);
    return [file, dev, ino, size, mtimeMs, ctimeMs].join(' ');
  } catch {
    return `${file} is missing`;
  }
}

/** What is at the end of all links: neither, where they go round or a folder is closed. */
function isOf(kind: 'file' | 'folder', path: string): boolean {
  try {
    const stats = statSync(path);
    return kind === 'file' ? stats.isFile() : stats.isDirectory();
  } catch {
    return false;
  }
}
