/** Where `pantala sub` puts messages and words: lines of output, or the table of --watch. */

import { bytesOfText } from './byte-text.ts';
import type { Io } from './command.ts';
import type { MessageFormat } from './message-format.ts';
import { printedMessage } from './printed-message.ts';
import type { SubDraft } from './sub-flags.ts';
import { UsageError } from './usage-error.ts';

export interface Printing extends Disposable {
  /** What to write of a message. */
  readonly textOf: MessageFormat;
  /** Tells what goes wrong. */
  readonly complain: (line: string) => void;
  /** Tells what -d tells; undefined: it goes where messages go. */
  readonly tell?: (line: string) => void;
}

/** @throws UsageError when the flags do not go together */
export async function openPrinting(draft: SubDraft, io: Io): Promise<Printing> {
  check(draft);
  if (draft.watch) return openWatch(draft, io);
  const complain = (line: string) => {
    if (!draft.quiet) io.stderr.write(`${line}\n`);
  };
  const textOf = (await formatOf(draft, io, complain)) ?? printedMessage(draft, complain);
  return { textOf, complain, [Symbol.dispose]: () => undefined };
}

function check({ format, output, watch, countsRate }: SubDraft): void {
  if (format !== undefined && output !== undefined) {
    throw new UsageError('-F and --output say both how to print: give one of them.');
  }
  if (countsRate && (watch || output !== undefined)) {
    throw new UsageError(
      `--message-rate prints no messages: leave out ${watch ? '--watch' : '--output'}.`,
    );
  }
}

async function openWatch(draft: SubDraft, io: Io): Promise<Printing> {
  const [{ WatchScreen }, { WatchTable }] = await Promise.all([
    import('./watch-screen.ts'),
    import('./watch-table.ts'),
  ]);
  const table = new WatchTable(draft.watchOrder);
  const note = (line: string) => screen.note(line);
  const complain = draft.quiet ? () => undefined : note;
  const format = await formatOf({ ...draft, pretty: false, verbose: false }, io, complain);
  const screen = new WatchScreen(table, io);
  return {
    textOf(message) {
      const shown = format === undefined ? message.payload : utf8Of(format(message));
      table.take(message.topic, shown, performance.now() / 1000);
      return '';
    },
    complain,
    tell: note,
    [Symbol.dispose]: () => screen[Symbol.dispose](),
  };
}

function utf8Of(byteText: string): string {
  return new TextDecoder().decode(bytesOfText(byteText));
}

/** By -F or --output; undefined: neither is given. */
async function formatOf(
  draft: SubDraft,
  io: Io,
  complain: (line: string) => void,
): Promise<MessageFormat | undefined> {
  const { format, output, pretty, newlines, verbose, watch } = draft;
  const end = newlines && !watch ? '\n' : '';
  if (output !== undefined) {
    const [{ outputFormat }, { plain, styleOf }] = await Promise.all([
      import('./output-format.ts'),
      import('./output-style.ts'),
    ]);
    const style = watch ? plain : styleOf(io);
    const textOf = await outputFormat(output, { pretty, verbose, style, complain });
    return (message) => {
      const text = textOf(message);
      return text === '' ? '' : text + end;
    };
  }
  if (format === undefined) return undefined;
  return printedMessage({ ...draft, newlines: newlines && !watch }, complain);
}
