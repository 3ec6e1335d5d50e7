/** Reads the value of one option as Mosquitto does, and says what would be right when it cannot. */

import { basename } from 'node:path';
import type { ChoiceOption, IntegerOption, PathOption, TextOption, ValueOption } from './option.ts';
import { version } from './version.ts';

/** A line of a configuration file cannot be used. The reader adds the place. */
export class OptionProblem extends Error {
  override readonly name = 'OptionProblem';
  readonly remedy: string;

  /** @param message in Mosquitto's words, without the `Error: ` before them. */
  constructor(message: string, remedy: string) {
    super(message);
    this.remedy = remedy;
  }
}

/** The problem with an option or a value that Mosquitto knows and Pantala does not serve. */
export function notServed(name: string, remedy = 'Remove the line.'): OptionProblem {
  return new OptionProblem(
    `Option '${name}' is not served by pantala ${version}.`,
    `${remedy} What is served stands in docs/configuration.md.`,
  );
}

/** The value of `option` in `text`, the rest of the line after `name`. */
export function readValue(
  name: string,
  option: ValueOption,
  text: string,
): boolean | number | string {
  switch (option.type) {
    case 'flag':
      return readFlag(name, firstWord(name, text));
    case 'integer':
      return readInteger(name, option, firstWord(name, text));
    case 'choice':
      return readChoice(name, option, firstWord(name, text));
    case 'duration':
      return readDuration(name, firstWord(name, text));
    case 'text':
      return readBoundedText(name, option, text);
    case 'path':
      return readPath(name, option, text);
    default:
      return option satisfies never;
  }
}

/** The first word of `text`. What follows it is passed over, as in Mosquitto. */
export function firstWord(name: string, text: string): string {
  const word = text.split(/[ \t]/, 1)[0];
  if (word === '') throw emptyValue(name);
  return word;
}

/** All of `text`: spaces, quotes and `#` in it are part of the value. */
export function readText(name: string, text: string): string {
  if (text === '') throw emptyValue(name);
  if (text.includes('\u{fffd}')) {
    throw new OptionProblem('Malformed UTF-8 in configuration.', `Write '${name}' in UTF-8.`);
  }
  return text;
}

/**
 * A whole number in C's notation: decimal, `0x` hexadecimal or `0` octal, of 32 bits unless `max`
 * needs more.
 */
export function readWholeNumber(name: string, word: string, max = integerMax): number {
  const match = /^([+-]?)(0x[0-9a-f]+|[0-9]+)$/i.exec(word);
  const value = match === null ? Number.NaN : magnitude(match[2]) * (match[1] === '-' ? -1 : 1);
  if (Number.isNaN(value)) {
    throw new OptionProblem(
      `'${name}' value not a number.`,
      `Write a whole number, not '${word}'.`,
    );
  }
  const largest = Math.max(max, integerMax);
  if (value > largest || value < -largest - 1) {
    throw new OptionProblem(`'${name}' value out of range.`, `Write at most ${largest}.`);
  }
  return value;
}

const integerMax = 2 ** 31 - 1;

function magnitude(digits: string): number {
  if (!/^0[0-9]/.test(digits)) return Number(digits);
  return /^[0-7]+$/.test(digits) ? Number.parseInt(digits, 8) : Number.NaN;
}

function emptyValue(name: string): OptionProblem {
  const option = name.split(' ', 1)[0]; // of 'listener port'
  return new OptionProblem(
    `Empty '${name}' value in configuration.`,
    `Write a value after '${option}' or remove the line.`,
  );
}

const flags: Readonly<Record<string, boolean>> = { true: true, 1: true, false: false, 0: false };

function readFlag(name: string, word: string): boolean {
  const value = Object.hasOwn(flags, word) ? flags[word] : undefined;
  if (value === undefined) {
    throw new OptionProblem(`Invalid '${name}' value (${word}).`, "Write 'true' or 'false'.");
  }
  return value;
}

function readInteger(name: string, option: IntegerOption, word: string): number {
  const { min = Number.NEGATIVE_INFINITY, max = integerMax, floor, ceiling, refusal } = option;
  const value = readWholeNumber(name, word, max);
  if (value < min || value > max) {
    const message = refusal ?? `Invalid '${name}' value (%d).`;
    throw new OptionProblem(message.replace('%d', String(value)), allowedRange(option));
  }
  return Math.min(Math.max(value, floor ?? value), ceiling ?? max);
}

function allowedRange({ min, floor, max = integerMax }: IntegerOption): string {
  const least = min ?? floor;
  if (max >= integerMax) return `Write ${least} or more.`;
  return `Write a number from ${least} to ${max}.`;
}

function readChoice(name: string, option: ChoiceOption, word: string): string {
  if (option.values.includes(word)) return word;
  if (option.unserved?.includes(word)) throw notServed(`${name} ${word}`);
  const message = option.refusal ?? `Invalid '${name}' value (%s).`;
  const allowed = option.values.map((value) => `'${value}'`).join(' or ');
  throw new OptionProblem(
    message.replace('%s', () => word),
    `Write ${allowed}.`,
  );
}

function readBoundedText(name: string, { charactersMax }: TextOption, text: string): string {
  const value = readText(name, text);
  if (charactersMax === undefined || value.length <= charactersMax) return value;
  throw new OptionProblem(
    `'${name}' length must be <= ${charactersMax}.`,
    `Write at most ${charactersMax} characters.`,
  );
}

/** A path or a name that may have spaces, and may stand in double quotes. */
export function readQuoted(name: string, text: string): string {
  const value = readText(name, text);
  const isQuoted = value.length > 1 && value.startsWith('"') && value.endsWith('"');
  return isQuoted ? readText(name, value.slice(1, -1)) : value;
}

function readPath(name: string, { isFile }: PathOption, text: string): string {
  const path = readQuoted(name, text);
  if (path.includes('\0')) {
    throw new OptionProblem(`Invalid '${name}' value (${path}).`, 'Write a path without NUL.');
  }
  if (!isFile || !['', '.', '..'].includes(basename(path))) return path;
  throw new OptionProblem(`Invalid '${name}' value (${path}).`, 'Write the name of a file.');
}

const unitSeconds: Readonly<Record<string, number>> = {
  s: 1,
  h: 3600,
  d: 86_400,
  w: 7 * 86_400,
  m: 30 * 86_400,
  y: 365 * 86_400,
};

function readDuration(name: string, word: string): number {
  const match = /^([0-9]+)([shdwmy])$/.exec(word);
  const seconds = match === null ? 0 : Number(match[1]) * unitSeconds[match[2]];
  if (seconds <= 0 || seconds > durationSecondsMax) {
    throw new OptionProblem(
      `Invalid '${name}' duration in configuration.`,
      "Write a count and one of s, h, d, w, m, y, such as '14d', of 1000 years at most.",
    );
  }
  return seconds;
}

// Far beyond any use, and still exact when counted in milliseconds.
const durationSecondsMax = 1000 * unitSeconds.y;
