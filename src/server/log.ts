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
  /** The system's log, where `log_dest syslog` wants it: see syslog.ts. */
  readonly syslog?: SystemLog | undefined;
}

/** A log that the operating system keeps, and that tells lines apart by their importance. */
export interface SystemLog {
  /** Takes a line without waiting, or drops it. */
  write(type: LogType, line: string): void;
  /** Resolves when what was written has been handed on, or cannot be. */
  close(): Promise<void>;
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
  readonly #stdout: Writable;
  readonly #stderr: Writable;
  readonly #now: () => number;
  #settings: LogSettings;
  #streams: readonly Writable[];
  #file: LogFile | undefined;
  #syslog: SystemLog | undefined;
  #publish: PublishLog | undefined;
  #waiting = '';
  #droppedLines = 0;
  #second = Number.NaN;
  #prefix = '';

  /** @throws StartError when the log file cannot be opened. */
  constructor(settings: LogSettings, { stdout, stderr, now = Date.now, syslog }: LogOutlets) {
    this.#stdout = stdout;
    this.#stderr = stderr;
    this.#now = now;
    this.#settings = settings;
    this.#streams = this.#streamsOf(settings);
    if (settings.file !== undefined) this.#file = new LogFile(settings.file);
    this.#syslog = syslog;
  }

  /** Whether lines of this type go anywhere. */
  isOn(type: LogType): boolean {
    return this.#settings.types.has(type);
  }

  /** Whether it is shown on the stderr that it was given. */
  get isOnStderr(): boolean {
    return this.#settings.stderr;
  }

  /** From now on `log_dest topic` reaches the broker. */
  publishWith(publish: PublishLog): void {
    this.#publish = publish;
  }

  write(type: LogType, text: string): void {
    if (!this.isOn(type)) return;
    const line = this.#line(text);
    const topic = this.#settings.topic ? logTypes[type] : undefined;
    if (topic !== undefined) this.#publish?.(`$SYS/broker/log/${topic}`, line);
    this.#syslog?.write(type, line);
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

  /**
   * Goes on with other settings, as after a reload; the log file is opened anew in any case.
   *
   * @throws StartError when the log file cannot be opened: then all stays as it was
   */
  change(settings: LogSettings, syslog?: SystemLog): void {
    this.#flush();
    const file = settings.file === undefined ? undefined : new LogFile(settings.file);
    const before = { file: this.#file, syslog: this.#syslog };
    this.#settings = settings;
    this.#streams = this.#streamsOf(settings);
    this.#file = file;
    this.#syslog = syslog;
    this.#second = Number.NaN; // the format of the time may be another
    void before.file?.close();
    if (before.syslog !== syslog) void before.syslog?.close();
  }

  /**
   * Writes a line that must not be lost, as the process is about to end, and all that waits; of an
   * error, whatever `log_type` says.
   */
  writeLast(text: string): void {
    this.#flush();
    const line = `${this.#line(text)}\n`;
    for (const stream of this.#streams) stream.write(line);
    this.#file?.writeNow(line);
  }

  /** Writes what waits and closes what it goes to. Nothing may be written afterwards. */
  async close(): Promise<void> {
    this.#flush();
    await Promise.all([this.#file?.close(), this.#syslog?.close()]);
  }

  #streamsOf(settings: LogSettings): Writable[] {
    return [...(settings.stdout ? [this.#stdout] : []), ...(settings.stderr ? [this.#stderr] : [])];
  }

  #line(text: string): string {
    return (this.#timePrefix() + printable(text)).slice(0, lineCharsMax);
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
  if (!controls.test(text)) return text;
  // The tab that the details of a packet begin with is ours.
  if (text[0] === '\t') return `\t${text.slice(1).replaceAll(everyControl, escapeControl)}`;
  return text.replaceAll(everyControl, escapeControl);
}

const controls = /[\p{Cc}\p{Zl}\p{Zp}]/u;
const everyControl = /[\p{Cc}\p{Zl}\p{Zp}]/gu;

function escapeControl(character: string): string {
  return `\\u${character.charCodeAt(0).toString(16).padStart(4, '0')}`;
}
