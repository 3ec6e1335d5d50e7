/** The file with a user's default flags for one of Mosquitto's tools. */

import { readFileSync } from 'node:fs';
import { join } from 'node:path';

/** Flags whose arguments are several words; those of the others are one, to the end of the line. */
const wordyFlags: readonly string[] = ['-D', '--property'];

/**
 * The flags in `$XDG_CONFIG_HOME/NAME` or `$HOME/.config/NAME`, one to a line with its argument,
 * as if they stood first on the command line. None when there is no such file.
 */
export function optionFileArguments(
  name: string,
  env: Readonly<Record<string, string | undefined>>,
): string[] {
  const folder = env.XDG_CONFIG_HOME ?? (env.HOME && join(env.HOME, '.config'));
  if (folder === undefined) return [];
  return contentOf(join(folder, name)).split('\n').flatMap(argumentsOf);
}

function argumentsOf(line: string): string[] {
  const text = line.replace(/\r$/, '').trimStart();
  if (text === '' || text.startsWith('#')) return [];
  const [flag, ...words] = text.split(' ');
  if (wordyFlags.includes(flag)) return [flag, ...words.filter((word) => word !== '')];
  return words.length === 0 ? [flag] : [flag, words.join(' ')];
}

function contentOf(path: string): string {
  try {
    return readFileSync(path, 'utf8');
  } catch {
    return '';
  }
}
