/** Files with default flags for Mosquitto's tools, and for those that take their place. */

import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import process from 'node:process';
import { UsageError } from './usage-error.ts';

type Environment = Readonly<Record<string, string | undefined>>;

/**
 * The flags of a line each, with their arguments, in the user's own file for the tool:
 * `$XDG_CONFIG_HOME/NAME` or `$HOME/.config/NAME`, on Windows `%USERPROFILE%\NAME.conf`. None when
 * there is no such file.
 */
export function usualOptionLines(
  name: string,
  env: Environment,
  platform: NodeJS.Platform = process.platform,
): string[][] {
  const path = usualPath(name, env, platform);
  if (path === undefined) return [];
  try {
    return optionLines(path);
  } catch {
    return [];
  }
}

/**
 * The same of a file that the user has named.
 *
 * @throws UsageError when it cannot be read
 */
export function givenOptionLines(path: string): string[][] {
  try {
    return optionLines(path);
  } catch {
    throw new UsageError(`Unable to open options file "${path}".`);
  }
}

function usualPath(name: string, env: Environment, platform: NodeJS.Platform): string | undefined {
  if (platform === 'win32') return env.USERPROFILE && join(env.USERPROFILE, `${name}.conf`);
  if (env.XDG_CONFIG_HOME !== undefined) return join(env.XDG_CONFIG_HOME, name);
  return env.HOME && join(env.HOME, '.config', name);
}

function optionLines(path: string): string[][] {
  return readFileSync(path, 'utf8').split('\n').map(argumentsOf).filter(isNotEmpty);
}

function isNotEmpty({ length }: readonly string[]): boolean {
  return length > 0;
}

/** Flags whose arguments are several words; those of the others are one, to the end of the line. */
const wordyFlags: readonly string[] = ['-D', '--property'];

function argumentsOf(line: string): string[] {
  const text = line.replace(/\r$/, '').trimStart();
  if (text === '' || text.startsWith('#')) return [];
  const [flag, rest] = cut(text);
  if (rest === undefined) return [flag];
  return [flag, ...(wordyFlags.includes(flag) ? propertyWords(rest) : [rest])];
}

/** `publish user-property KEY VALUE`, `publish content-type VALUE`: the value may have blanks. */
function propertyWords(text: string): string[] {
  const words: string[] = [];
  let rest: string | undefined = text.trimStart();
  while (rest !== undefined) {
    const wanted = words[1] === 'user-property' ? 4 : 3;
    if (words.length === wanted - 1) return [...words, rest];
    const [word, behind] = cut(rest);
    words.push(word);
    rest = behind?.trimStart();
  }
  return words;
}

/** What stands before and behind the first blank. */
function cut(text: string): [string, string?] {
  const at = text.indexOf(' ');
  return at === -1 ? [text] : [text.slice(0, at), text.slice(at + 1)];
}
