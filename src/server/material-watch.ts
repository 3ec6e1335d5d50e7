/** Tells when a file that listeners go by has other content. */

import { watchFiles } from '../transport/watched-files.ts';
import type { Config } from './config.ts';
import { materialFiles } from './listener-files.ts';

/** Begin it before the files are read: then no change falls between. Disposing of it ends it. */
export class MaterialWatch implements Disposable {
  readonly #end = new AbortController();
  #hasChanged = false;
  #changed: (() => void) | undefined;

  constructor({ listeners }: Pick<Config, 'listeners'>) {
    const files = new Set(listeners.flatMap(materialFiles));
    watchFiles([...files], () => this.#notice(), { signal: this.#end.signal });
  }

  /** `changed` is called after each change from now on, and for those so far. */
  tell(changed: () => void): void {
    this.#changed = changed;
    if (this.#hasChanged) changed();
  }

  [Symbol.dispose](): void {
    this.#end.abort();
  }

  #notice(): void {
    this.#hasChanged = true;
    this.#changed?.();
  }
}
