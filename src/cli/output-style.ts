/** Output for people: JSON on many lines, and colours where they are seen. */

import type { Io } from './command.ts';

/** What a piece of output is, for its colour. */
export type Role = 'topic' | 'key' | 'text' | 'number' | 'word' | 'dim';

/** Puts the colour of its role around a text. */
export type Style = (role: Role, text: string) => string;

const codes: Readonly<Record<Role, string>> = {
  topic: '1',
  key: '34',
  text: '32',
  number: '33',
  word: '35',
  dim: '2',
};

/** Colours on a terminal, unless NO_COLOR (https://no-color.org) has a value. */
export function styleOf({ stdout, env }: Pick<Io, 'stdout' | 'env'>): Style {
  const { isTTY } = stdout as { readonly isTTY?: boolean };
  if (!isTTY || env.NO_COLOR || env.TERM === 'dumb') return plain;
  return (role, text) => `\x1b[${codes[role]}m${text}\x1b[0m`;
}

export const plain: Style = (_role, text) => text;

// An array of this many characters at most, without others in it, stays on its line.
const shortCharacters = 72;

/** @param json is valid: what is no text, bracket, comma or colon is a number or a word */
export function prettyJson(json: string, style: Style): string {
  const tokens = json.match(/"(?:[^"\\]|\\.)*"|[[\]{},:]|[^\s[\]{},:"]+/g) ?? [];
  let text = '';
  let depth = 0;
  const newLine = () => `\n${'  '.repeat(depth)}`;
  for (let at = 0; at < tokens.length; at++) {
    const token = tokens[at];
    if (token === '[' || token === '{') {
      const end = shortEnd(tokens, at);
      if (end === undefined) {
        depth += 1;
        text += token + newLine();
        continue;
      }
      const items = tokens.slice(at + 1, end).filter((each) => each !== ',');
      text += `${token}${items.map((each) => styled(each, style)).join(', ')}${tokens[end]}`;
      at = end;
    } else if (token === ']' || token === '}') {
      depth -= 1;
      text += newLine() + token;
    } else if (token === ',') text += token + newLine();
    else if (token === ':') text += ': ';
    else text += tokens[at + 1] === ':' ? style('key', token) : styled(token, style);
  }
  return text;
}

/** Where what begins at `start` ends, if that is empty, or a short array of nothing but scalars. */
function shortEnd(tokens: readonly string[], start: number): number | undefined {
  if (tokens[start + 1] === (tokens[start] === '[' ? ']' : '}')) return start + 1;
  if (tokens[start] === '{') return undefined;
  let characters = 0;
  for (let at = start + 1; characters <= shortCharacters; at++) {
    if (tokens[at] === ']') return at;
    if (tokens[at] === '[' || tokens[at] === '{') return undefined;
    characters += tokens[at].length + 1;
  }
  return undefined;
}

function styled(token: string, style: Style): string {
  if (token.startsWith('"')) return style('text', token);
  return style(/^[a-z]/.test(token) ? 'word' : 'number', token);
}
