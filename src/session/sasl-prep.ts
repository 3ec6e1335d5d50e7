/** User names and passwords in the one form that both sides compare. (RFC 4013) */

/** Spaces of all kinds, but the plain one. (RFC 3454 table C.1.2) */
const otherSpaces = /[\u00a0\u1680\u2000-\u200b\u202f\u205f\u3000]/g;

/** What is commonly mapped to nothing: joiners, soft hyphens, variants. (table B.1) */
const nothing = /\u00ad|\u034f|\u1806|[\u180b-\u180d]|\u200c|\u200d|\u2060|[\ufe00-\ufe0f]|\ufeff/g;

/** Controls, private use, surrogates, no characters at all, and what changes other text. */
const forbidden = [
  /[\p{Cc}\p{Co}\p{Cs}\p{Noncharacter_Code_Point}]/u,
  /\u0340|\u0341|\u06dd|\u070f|\u180e|\u2028|\u2029|\u200e|\u200f|[\u202a-\u202e]/u,
  /[\u2061-\u2063\u206a-\u206f\u2ff0-\u2ffb\ufff9-\ufffd]/u,
  /[\u{1d173}-\u{1d17a}\u{e0001}\u{e0020}-\u{e007f}]/u,
];

/**
 * The rules for text in both directions of writing are left out: they refuse, and change nothing.
 *
 * @throws RangeError for characters that must not be there
 */
export function saslPrep(text: string): string {
  const prepared = text.replaceAll(otherSpaces, ' ').replaceAll(nothing, '').normalize('NFKC');
  if (!forbidden.some((characters) => characters.test(prepared))) return prepared;
  throw new RangeError('the text has characters that no user name or password may have');
}
