/** Where `pantala sub` puts messages and words: lines of output, or the table of --watch. */

import { bytesAsText, bytesOfText, textAsBytes } from './byte-text.ts';
import type { Io } from './command.ts';
import { type MessageFormat, messageFormat } from './message-format.ts';
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
  const textOf = (await formatOf(draft, io, complain)) ?? payloadFormat(draft);
  return { textOf, complain, [Symbol.dispose]: () => undefined };
}

function check({ format, output }: SubDraft): void {
  if (format !== undefined && output !== undefined) {
    throw new UsageError('-F and --output say both how to print: give one of them.');
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
  { format, output, pretty, newlines, verbose, watch }: SubDraft,
  io: Io,
  complain: (line: string) => void,
): Promise<MessageFormat | undefined> {
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
  const formatted = messageFormat(format, { pretty, complain });
  return (message) => formatted(message) + end;
}

/** The payload, with -v behind its topic. */
function payloadFormat({ newlines, verbose }: SubDraft): MessageFormat {
  const end = newlines ? '\n' : '';
  return ({ topic, payload }) => {
    const start = verbose ? `${textAsBytes(topic)} ` : '';
    if (payload.length > 0) return start + bytesAsText(payload) + end;
    return verbose && newlines ? `${start}(null)\n` : '';
  };
}
