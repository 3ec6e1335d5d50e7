/** The `plugin_opt_*` lines of a plugin that ships with the broker. */

import { PluginOptionError } from './plugin-load-error.ts';

/** By what stands behind `plugin_opt_`. */
export type PluginOptions = Readonly<Record<string, string>>;

/** Reads options, one at a time, and finds those that nobody wants. */
export class OptionReader {
  readonly #options: PluginOptions;
  readonly #read = new Set<string>();

  constructor(options: PluginOptions) {
    this.#options = options;
  }

  text(name: string): string | undefined {
    this.#read.add(name);
    const value = this.#options[name];
    if (value === undefined) return undefined;
    if (value.trim() === '')
      throw new PluginOptionError(`plugin_opt_${name} is empty: give a value`);
    return value.trim();
  }

  /** What stands between spaces or commas. */
  list(name: string): readonly string[] | undefined {
    return this.text(name)
      ?.split(/[\s,]+/)
      .filter((each) => each !== '');
  }

  number(
    name: string,
    { min, max, otherwise }: { min: number; max: number; otherwise: number },
  ): number {
    const text = this.text(name);
    if (text === undefined) return otherwise;
    const number = Number(text);
    if (number >= min && number <= max) return number;
    const wanted = `a number from ${min} to ${max}`;
    throw new PluginOptionError(`plugin_opt_${name} is '${text}': give ${wanted}`);
  }

  flag(name: string, { otherwise }: { otherwise: boolean }): boolean {
    const text = this.text(name);
    if (text === undefined) return otherwise;
    if (text === 'true' || text === 'false') return text === 'true';
    throw new PluginOptionError(`plugin_opt_${name} is '${text}': give true or false`);
  }

  /** Only http and https; with the user and password that it may carry in no message. */
  url(name: string): URL | undefined {
    const text = this.text(name);
    if (text === undefined) return undefined;
    const url = URL.parse(text);
    if (url === null || !/^https?:$/.test(url.protocol)) {
      throw new PluginOptionError(`plugin_opt_${name} is no URL: begin with http:// or https://`);
    }
    if (url.username !== '' || url.password !== '') {
      throw new PluginOptionError(
        `plugin_opt_${name} has a user or a password in it: put them in a header instead`,
      );
    }
    return url;
  }

  /** @throws PluginOptionError when there is an option that was never read */
  end(): void {
    const unknown = Object.keys(this.#options).filter((name) => !this.#read.has(name));
    if (unknown.length === 0) return;
    const known = [...this.#read].sort().map((name) => `plugin_opt_${name}`);
    throw new PluginOptionError(
      `plugin_opt_${unknown[0]} is not known: there are ${known.join(', ')}`,
    );
  }
}
