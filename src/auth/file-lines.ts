/** The lines of files that say who may come in and what he may do, and what is wrong with one. */

/** One thing that is wrong with a file. */
export interface FileFault {
  /** Counts from 1. */
  readonly line: number;
  /** An error is what Mosquitto does not start with; a warning it starts with, without the line. */
  readonly severity: 'error' | 'warning';
  /** In Mosquitto's words, without the `Error: ` before them. Never has a secret in it. */
  readonly message: string;
  /** What would be right. */
  readonly remedy: string;
}

/** A line that has something in it. */
export interface FileLine {
  /** Counts from 1. */
  readonly line: number;
  /** Without its end, and without blanks before that. */
  readonly text: string;
}

/**
 * The lines of a text that are neither empty nor a comment, which is a line with `#` as its very
 * first character. They end as on Unix or as on Windows.
 */
export function linesOf(text: string): FileLine[] {
  const lines = text.replace(/^\u{feff}/u, '').split('\n');
  return lines
    .map((line, index) => ({ line: index + 1, text: withoutBlanksAtEnd(line) }))
    .filter(({ text }) => text !== '' && !text.startsWith('#'));
}

/** Without what C calls space at both ends: names may well have other kinds in them. */
export function withoutBlanks(text: string): string {
  let start = 0;
  while (start < text.length && isBlank(text.charCodeAt(start))) start += 1;
  return withoutBlanksAtEnd(text.slice(start));
}

function withoutBlanksAtEnd(text: string): string {
  let end = text.length;
  while (end > 0 && isBlank(text.charCodeAt(end - 1))) end -= 1;
  return text.slice(0, end);
}

function isBlank(code: number): boolean {
  return code === 0x20 || (code >= 0x09 && code <= 0x0d);
}
