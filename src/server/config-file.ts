/** Reads mosquitto.conf and the files that it includes. */

import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { type Config, ConfigError, type ConfigFault, type Place } from './config.ts';
import { ConfigDraft, type ConfigSurroundings } from './config-draft.ts';
import type { LogLine } from './log-type.ts';
import { nearestName } from './nearest-name.ts';
import { OptionProblem, readQuoted } from './option-value.ts';
import { findOption, optionNames } from './options.ts';
import { PluginProblem } from './plugin-draft.ts';
import { type Surroundings, stateDirectory } from './state-directory.ts';

/** Where the reader finds files; both throw what node:fs throws. */
export interface ConfigFiles {
  read(path: string): string;
  list(directory: string): readonly string[];
}

export interface ConfigSource extends ConfigSurroundings {
  readonly files?: ConfigFiles;
}

const diskFiles: ConfigFiles = {
  read: (path) => readFileSync(path, 'utf8'),
  list: (directory) => readdirSync(directory),
};

/**
 * The configuration without a file: this machine only, everyone on it, and state where the
 * platform has a place for it.
 */
export function defaultConfig(
  ports: readonly number[] = [],
  surroundings: Surroundings = {},
): Config {
  const { config } = new ConfigDraft().finish({ ports });
  const directory = stateDirectory({ ...surroundings, ports });
  if (directory === undefined) return { ...config, notes: [...config.notes, homeless] };
  const { persistenceFile: file, durability } = config.general;
  return { ...config, state: { directory, file, durability, isDefault: true } };
}

const homeless: LogLine = {
  type: 'warning',
  text:
    'Warning: A restart will forget sessions and retained messages: the user has no home ' +
    'directory to keep them in. Name one in STATE_DIRECTORY.',
};

/**
 * Reads the file at `path` and all that it includes.
 *
 * @throws ConfigError with everything that is wrong.
 */
export function loadConfig(
  path: string,
  { files = diskFiles, ...surroundings }: ConfigSource = {},
): Config {
  const reader = new ConfigReader(files);
  reader.readFile(path);
  return reader.finish(surroundings);
}

/** Reads `text` as if it were the file at `path`, as `loadConfig` does. */
export function parseConfig(
  text: string,
  path: string,
  { files = diskFiles, ...surroundings }: ConfigSource = {},
): Config {
  const reader = new ConfigReader(files);
  reader.readText(text, path);
  return reader.finish(surroundings);
}

// Enough to see what is wrong with a file; a file that is no configuration has a fault a line.
const faultsMax = 100;

class ConfigReader {
  readonly #files: ConfigFiles;
  readonly #draft = new ConfigDraft();
  readonly #faults: ConfigFault[] = [];

  constructor(files: ConfigFiles) {
    this.#files = files;
  }

  finish(surroundings: ConfigSurroundings): Config {
    const { config, faults } = this.#draft.finish(surroundings);
    const all = [...this.#faults, ...faults];
    if (all.length > 0) throw new ConfigError(all);
    return config;
  }

  readFile(path: string): void {
    const text = this.#read(path);
    if (text !== undefined) this.readText(text, path);
  }

  readText(text: string, path: string): void {
    this.#readLines(text, path, (directory) => this.#include(directory));
  }

  /** @param include undefined inside of an included file, which may not include further ones. */
  #readLines(text: string, file: string, include?: (directory: string) => void): void {
    const lines = text.replace(/^\u{feff}/u, '').split('\n');
    for (let i = 0; i < lines.length && this.#faults.length < faultsMax; i++) {
      try {
        this.#readLine(lines[i].trim(), { file, line: i + 1 }, include);
      } catch (error) {
        if (!(error instanceof OptionProblem)) throw error;
        const { message, remedy } = error;
        const isPlugin = error instanceof PluginProblem;
        this.#faults.push({ file, line: i + 1, message, remedy, ...(isPlugin && { isPlugin }) });
      }
    }
  }

  #readLine(line: string, place: Place, include?: (directory: string) => void): void {
    if (line === '' || line.startsWith('#')) return;
    const name = line.split(/[ \t]/, 1)[0];
    const text = line.slice(name.length).trim();
    if (name === 'include_dir' && include !== undefined) {
      include(readQuoted(name, text));
      return;
    }
    const found = findOption(name);
    if (found === undefined) throw unknownOption(name);
    this.#draft.set(name, text, { found, place });
  }

  #include(directory: string): void {
    let names: readonly string[];
    try {
      names = this.#files.list(directory);
    } catch (error) {
      throw new OptionProblem(
        `Unable to open include_dir '${directory}'.`,
        `Check that the directory exists and may be read (${errorCode(error)}).`,
      );
    }
    const paths = names
      .filter((name) => name.endsWith('.conf'))
      .sort(compareNames)
      .map((name) => join(directory, name));
    for (const path of paths) this.#readIncluded(path);
  }

  #readIncluded(path: string): void {
    this.#draft.note({ type: 'information', text: `Loading config file '${path}'` });
    const text = this.#read(path);
    if (text !== undefined) this.#draft.withinFile(() => this.#readLines(text, path));
  }

  #read(path: string): string | undefined {
    try {
      return this.#files.read(path);
    } catch (error) {
      this.#faults.push(unreadable(path, error));
      return undefined;
    }
  }
}

function unknownOption(name: string): OptionProblem {
  const nearest = nearestName(name, optionNames());
  return new OptionProblem(
    `Unknown configuration variable '${name}'.`,
    nearest === undefined
      ? 'See docs/configuration.md for all names.'
      : `Did you mean '${nearest}'?`,
  );
}

function unreadable(file: string, error: unknown): ConfigFault {
  const code = errorCode(error);
  const message =
    code === 'EISDIR'
      ? `Config file '${file}' is a directory.`
      : `Unable to open config file '${file}'.`;
  const remedy = `Check that '${file}' is a file that exists and may be read (${code}).`;
  return { file, line: undefined, message, remedy };
}

function errorCode(error: unknown): string {
  return error instanceof Error && 'code' in error ? String(error.code) : String(error);
}

/** Alphabetical order in which `A` stands before `a` and both before `B`, as in Mosquitto. */
function compareNames(a: string, b: string): number {
  for (let i = 0; i < Math.min(a.length, b.length); i++) {
    if (a[i] === b[i]) continue;
    const [lowerA, lowerB] = [a[i].toLowerCase(), b[i].toLowerCase()];
    if (lowerA === lowerB) return a[i] < b[i] ? -1 : 1;
    return lowerA < lowerB ? -1 : 1;
  }
  return a.length - b.length;
}
