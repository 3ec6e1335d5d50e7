/** Texts in the cells of a terminal: nothing in them can command it, and they take their room. */

// Format characters as well: some turn the direction of what follows.
const commands = /[\p{Cc}\p{Zl}\p{Zp}]/gu;
const invisible = /\p{Cf}|\p{Variation_Selector}/gu;

/** On one line, with a dot for each control character. */
export function harmless(text: string): string {
  return text.replace(commands, '·').replace(invisible, '');
}

/** Cut or filled up to so many cells. @param text is harmless */
export function fitted(text: string, cells: number): string {
  let used = 0;
  let shown = '';
  for (const character of text) {
    const width = cellsOf(character);
    if (used + width > cells) return cut(shown, cells);
    used += width;
    shown += character;
  }
  return shown + ' '.repeat(cells - used);
}

export function widthOf(text: string): number {
  let cells = 0;
  for (const character of text) cells += cellsOf(character);
  return cells;
}

/** Has an ellipsis in its last cell. */
function cut(text: string, cells: number): string {
  if (cells === 0) return '';
  const characters = [...text];
  let used = widthOf(text);
  while (used > cells - 1) used -= cellsOf(characters.pop()!);
  return `${characters.join('')}…${' '.repeat(cells - 1 - used)}`;
}

const mark = /^\p{M}$/u;
// What East Asian texts have at full width (Unicode Standard Annex 11), in ranges, and emoji.
const wide =
  /^(?:\p{Emoji_Presentation}|[\u1100-\u115f\u2e80-\u303e\u3041-\ua4cf\ua960-\ua97f\uac00-\ud7a3\uf900-\ufaff\ufe30-\ufe6f\uff01-\uff60\uffe0-\uffe6]|[\u{17000}-\u{18d08}\u{1b000}-\u{1b2fb}\u{20000}-\u{3fffd}])$/u;

function cellsOf(character: string): number {
  if (character <= '~') return 1;
  if (mark.test(character)) return 0;
  return wide.test(character) ? 2 : 1;
}
