/** Programs in the text of a page: what they are, and what they say that they print. */

import { readFileSync } from 'node:fs';

export interface GuideExample {
  /** `docs/client.md:12` */
  readonly place: string;
  readonly language: string;
  readonly code: string;
  /** A whole program, as printed: it begins with imports. */
  readonly isWhole: boolean;
  /** What it prints, by its comments `// prints: …`; it may go on afterwards. */
  readonly prints: readonly string[];
}

/** What stands between fences, in a page or in the comment of a source file. */
export function guideExamples(path: string): GuideExample[] {
  const text = readFileSync(path, 'utf8');
  return [...text.matchAll(/^([ *]*)```(\w+)\n(.*?)^[ *]*```$/gms)].map((match) => {
    const [, margin, language, body] = match;
    const left = new RegExp(`^${margin.replaceAll('*', '\\*').trimEnd()} ?`, 'gm');
    const code = margin === '' ? body : body.replaceAll(left, '');
    const line = text.slice(0, match.index).split('\n').length;
    return {
      place: `${path}:${line}`,
      language,
      code,
      isWhole: /^import /m.test(code),
      prints: [...code.matchAll(/\/\/ prints: (.*)$/gm)].map(([, printed]) => printed),
    };
  });
}

/** A program of what is one already, or begins where the page has left off. */
export function programOf({ code, isWhole }: GuideExample): string {
  if (isWhole) return code;
  return [
    "import { connect } from 'pantala';",
    "await using client = await connect('mqtt://localhost');",
    code,
  ].join('\n');
}
