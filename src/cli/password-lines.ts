/**
 * A password file while it is changed: its lines stay as they are, but for the user's. Text here
 * has a character for each byte, so that names in any encoding stay what they are.
 */

/** A line that is neither one of a user, nor a comment, nor empty. */
export class CorruptFileError extends Error {
  override readonly name = 'CorruptFileError';
  readonly line: number;

  constructor(line: number) {
    super(`corrupt password file at line ${line}`);
    this.line = line;
  }
}

interface Line {
  /** With its end, if it has one. */
  readonly text: string;
  /** Undefined for a comment and for an empty line. */
  readonly user: string | undefined;
  /** What stands behind the first colon. */
  readonly password: string;
}

export class PasswordLines {
  #lines: readonly Line[];

  /** @throws CorruptFileError */
  constructor(text: string) {
    const texts = text.match(/[^\n]*\n|[^\n]+$/g) ?? [];
    this.#lines = texts.map((line, index) => readLine(line, index + 1));
  }

  get text(): string {
    return this.#lines.map(({ text }) => text).join('');
  }

  has(user: string): boolean {
    return this.#lines.some((line) => line.user === user);
  }

  /** Gives a user another hash, on the first of its lines, or adds the user at the end. */
  set(user: string, hash: string): void {
    const at = this.#lines.findIndex((line) => line.user === user);
    const line = { text: `${user}:${hash}\n`, user, password: hash };
    if (at !== -1) {
      this.#lines = this.#lines.with(at, line);
      return;
    }
    const last = this.#lines.at(-1);
    const isUnfinished = last !== undefined && !last.text.endsWith('\n');
    const lines = isUnfinished
      ? this.#lines.with(-1, { ...last, text: `${last.text}\n` })
      : this.#lines;
    this.#lines = [...lines, line];
  }

  delete(user: string): void {
    this.#lines = this.#lines.filter((line) => line.user !== user);
  }

  /** Puts what `replace` makes of each password in its place. */
  async replaceAll(replace: (password: string) => Promise<string>): Promise<void> {
    const lines: Line[] = [];
    for (const line of this.#lines) {
      const { user } = line;
      if (user === undefined) {
        lines.push(line);
        continue;
      }
      const password = await replace(line.password);
      lines.push({ text: `${user}:${password}\n`, user, password });
    }
    this.#lines = lines;
  }
}

function readLine(text: string, number: number): Line {
  const isComment = text.startsWith('#') || text.trim() === '';
  if (isComment) return { text, user: undefined, password: '' };
  const colon = text.indexOf(':');
  const user = text.slice(0, Math.max(colon, 0)).trim();
  const password = text.slice(colon + 1).trim();
  if (colon === -1 || user === '' || password === '') throw new CorruptFileError(number);
  return { text, user, password };
}
