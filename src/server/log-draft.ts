/** The log settings while a configuration is being read. */

import type { GeneralSettings, LogSettings } from './config.ts';
import { allLogTypes, defaultLogTypes, type LogType, logTypes } from './log-type.ts';
import { firstWord, notServed, OptionProblem, readQuoted } from './option-value.ts';

/** Where log lines can go without a further word. */
type PlainDestination = 'stdout' | 'stderr' | 'topic' | 'syslog';

const plainDestinations: readonly string[] = ['stdout', 'stderr', 'topic', 'syslog'];
const unservedDestinations: readonly string[] = ['dlt', 'android'];

/** Collects `log_dest` and `log_type`, which may be given several times and add up. */
export class LogDraft {
  readonly #destinations = new Set<PlainDestination>();
  readonly #types = new Set<LogType>();
  #file: string | undefined;
  #destinationsGiven = false;
  #typesGiven = false;

  /** `log_dest stderr`, `log_dest file /var/log/pantala.log`, `log_dest none`. */
  addDestination(text: string): void {
    const word = firstWord('log_dest', text);
    if (unservedDestinations.includes(word)) throw notServed(`log_dest ${word}`);
    if (word === 'file') this.#setFile(text.slice(word.length).trim());
    else if (word === 'none') this.#forgetDestinations();
    else if (plainDestinations.includes(word)) this.#destinations.add(word as PlainDestination);
    else {
      throw new OptionProblem(
        `Invalid 'log_dest' value (${word}).`,
        "Write 'stderr', 'stdout', 'topic', 'file PATH', 'syslog' or 'none'.",
      );
    }
    this.#destinationsGiven = true;
  }

  /** `log_type error`, `log_type all`, `log_type none`. */
  addType(text: string): void {
    const word = firstWord('log_type', text);
    if (word === 'none') this.#types.clear();
    else if (word === 'all') for (const type of allLogTypes) this.#types.add(type);
    else if (Object.hasOwn(logTypes, word)) this.#types.add(word as LogType);
    else {
      throw new OptionProblem(
        `Invalid 'log_type' value (${word}).`,
        `Write one of ${[...allLogTypes].join(', ')}, all, none.`,
      );
    }
    this.#typesGiven = true;
  }

  finish({ logTimestamp, logTimestampFormat, logFacility }: GeneralSettings): LogSettings {
    return {
      stdout: this.#destinations.has('stdout'),
      stderr: this.#destinationsGiven ? this.#destinations.has('stderr') : true,
      topic: this.#destinations.has('topic'),
      syslog: this.#destinations.has('syslog'),
      facility: logFacility,
      file: this.#file,
      types: this.#typesGiven ? this.#types : defaultLogTypes,
      timestamp: logTimestamp,
      timestampFormat: logTimestampFormat,
    };
  }

  #setFile(path: string): void {
    if (path === '') {
      throw new OptionProblem(
        'Empty "log_dest file" value in configuration.',
        "Write a path after 'log_dest file'.",
      );
    }
    if (this.#file !== undefined) {
      throw new OptionProblem(
        'Duplicate "log_dest file" value.',
        `Keep one line: '${this.#file}' is the log file already.`,
      );
    }
    this.#file = readQuoted('log_dest file', path);
  }

  #forgetDestinations(): void {
    this.#destinations.clear();
    this.#file = undefined;
  }
}
