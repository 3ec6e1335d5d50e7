/** The log of a running broker: lines in Mosquitto's form, to wherever log_dest says. */

import type { Writable } from 'node:stream';
import type { LogSettings } from './config.ts';
import { LogFile } from './log-file.ts';
import { type LogType, logTypes } from './log-type.ts';
import { strftime } from './strftime.ts';

/** What a log writes to, and where its time comes from. */
export interface LogOutlets {
  readonly stdout: Writable;
  readonly stderr: Writable;
  /** Milliseconds since 1970. */
  readonly now?: () => number;
}

/** Publishes a log line; the topic begins with `$SYS/broker/log/`. */
export type PublishLog = (topic: string, line: string) => void;

// As in Mosquitto. A client identifier alone may have 65,535 characters.
const lineCharsMax = 1000;

// Waiting text beyond this is dropped and counted: a log nobody reads must not fill memory.
const waitingCharsMax = 1024 * 1024;

/**
 * Writes log lines without waiting for them: those of one turn of the event loop leave together at
 * its end. Ask `isOn` before building a line that costs something.
 */
export class Log {
  readonly #settings: LogSettings;
  readonly #now: () => number;
  readonly #streams: Writable[] = [];
  readonly #file: LogFile | undefined;
  #publish: PublishLog | undefined;
  #waiting = '';
  #droppedLines = 0;
  #second = Number.NaN;
  #prefix = '';

  /** @throws StartError when the log file cannot be opened. */
  constructor(settings: LogSettings, { stdout, stderr, now = Date.now }: LogOutlets) {
    this.#settings = settings;
    this.#now = now;
    if (settings.stdout) this.#streams.push(stdout);
    if (settings.stderr) this.#streams.push(stderr);
    if (settings.file !== undefined) this.#file = new LogFile(settings.file);
  }

  /** Whether lines of this type go anywhere. */
  isOn(type: LogType): boolean {
    return this.#settings.types.has(type);
  }

  /** From now on `log_dest topic` reaches the broker. */
  publishWith(publish: PublishLog): void {
    if (this.#settings.topic) this.#publish = publish;
  }

  write(type: LogType, text: string): void {
    if (!this.isOn(type)) return;
    const line = (this.#timePrefix() + printable(text)).slice(0, lineCharsMax);
    const topic = logTypes[type];
    if (topic !== undefined) this.#publish?.(`$SYS/broker/log/${topic}`, line);
    if (this.#streams.length === 0 && this.#file === undefined) return;
    if (this.#waiting.length + line.length > waitingCharsMax || this.#isStuck()) {
      this.#droppedLines++;
      return;
    }
    if (this.#waiting === '') setImmediate(this.#flush);
    this.#waiting += `${line}\n`;
  }

  /** Closes the log file and opens it by its name again, after a tool has moved it away. */
  reopen(): void {
    this.#flush();
    this.#file?.reopen();
  }

  /** Writes what waits and closes the log file. Nothing may be written afterwards. */
  async close(): Promise<void> {
    this.#flush();
    await this.#file?.close();
  }

  readonly #flush = (): void => {
    if (this.#waiting === '') return;
    const dropped = this.#droppedLines;
    const text = dropped === 0 ? this.#waiting : `${this.#waiting}${this.#droppedNotice(dropped)}`;
    this.#waiting = '';
    this.#droppedLines = 0;
    for (const stream of this.#streams) stream.write(text);
    this.#file?.write(text);
  };

  #droppedNotice(count: number): string {
    return `${this.#timePrefix()}Warning: ${count} log lines were dropped: nobody took them.\n`;
  }

  #isStuck(): boolean {
    if (this.#file !== undefined && this.#file.waitingBytes > waitingCharsMax) return true;
    return this.#streams.some((stream) => stream.writableLength > waitingCharsMax);
  }

  #timePrefix(): string {
    if (!this.#settings.timestamp) return '';
    const second = Math.floor(this.#now() / 1000);
    if (second === this.#second) return this.#prefix;
    const format = this.#settings.timestampFormat;
    this.#second = second;
    this.#prefix = `${format === undefined ? second : strftime(format, new Date(second * 1000))}: `;
    return this.#prefix;
  }
}

/** Text from clients cannot begin a line of its own or steer a terminal. */
function printable(text: string): string {
  return controls.test(text) ? text.replaceAll(everyControl, escapeControl) : text;
}

const controls = /[\p{Cc}\p{Zl}\p{Zp}]/u;
const everyControl = /[\p{Cc}\p{Zl}\p{Zp}]/gu;

function escapeControl(character: string): string {
  return `\\u${character.charCodeAt(0).toString(16).padStart(4, '0')}`;
}
