/** Walking the levels of a topic name or filter in place: split('/') would allocate them all. */

/** Where the level that starts at `from` ends: at the next '/' or at the end of the text. */
export function levelEnd(text: string, from: number): number {
  const separator = text.indexOf('/', from);
  return separator === -1 ? text.length : separator;
}
