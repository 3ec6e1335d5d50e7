/** A command in the place of one of Mosquitto's tools: its flags, help, failures and exit codes. */

import { constants } from 'node:os';
import process from 'node:process';
import { version } from '../server/version.ts';
import type { ClientDraft } from './client-flags.ts';
import { unservedClientFlags } from './client-flags.ts';
import { idleTlsWarning } from './client-route.ts';
import { type Command, helpText, type Io, programOf } from './command.ts';
import { type Flag, helpOf, readFlags } from './flags.ts';
import { givenOptionLines, usualOptionLines } from './option-file.ts';
import { exitCodeSection, exitCodes, ToolFailure } from './tool-failure.ts';
import { UsageError } from './usage-error.ts';

export interface Tool<Draft extends ClientDraft> {
  readonly name: string;
  readonly summary: string;
  readonly usage: string;
  /** Whose file with default flags is read. */
  readonly inPlaceOf: string;
  readonly flags: readonly Flag<Draft>[];
  readonly sections?: Command['sections'];
  readonly draft: () => Draft;
  /** Its exit code tells of a signal that has ended it, as those of most programs do. */
  readonly diesOfSignals?: boolean;

  /**
   * @returns the exit code
   * @throws UsageError, ToolFailure
   */
  readonly run: (draft: Draft, io: Io) => Promise<number>;
}

export function toolCommand<Draft extends ClientDraft>(tool: Tool<Draft>): Command {
  const { name, summary, usage, flags, sections } = tool;
  const command: Command = {
    summary,
    usage,
    options: helpOf(flags),
    sections: [...(sections ?? []), exitCodeSection],
    async run(args, io) {
      const draft = tool.draft();
      try {
        readAllFlags(tool, draft, { args, env: io.env });
        if (draft.help || draft.showsVersion) {
          io.stdout.write(
            draft.help ? helpText(programOf(io, name), command) : `pantala ${name} ${version}\n`,
          );
          return 0;
        }
        const warning = idleTlsWarning(draft);
        if (warning !== undefined && !draft.quiet) io.stderr.write(`${warning}\n`);
        return await (tool.diesOfSignals ? runUntilSignal(tool, draft, io) : tool.run(draft, io));
      } catch (error) {
        if (error instanceof UsageError) {
          const program = programOf(io, name);
          io.stderr.write(`Error: ${error.message}\n\nUse '${program} --help' to see usage.\n`);
          return exitCodes.other;
        }
        // A RangeError is what the client says to arguments that fit into no packet.
        if (error instanceof RangeError) {
          io.stderr.write(`Error: ${error.message}\n`);
          return exitCodes.other;
        }
        if (!(error instanceof ToolFailure)) throw error;
        if (!draft.quiet) io.stderr.write(`${error.message}\n`);
        return error.exitCode;
      }
    },
  };
  return command;
}

/** Those of a file come first, so that the command line has the last word. */
function readAllFlags<Draft extends ClientDraft>(
  { flags, inPlaceOf, draft: createDraft }: Tool<Draft>,
  draft: Draft,
  { args, env }: { args: readonly string[]; env: Io['env'] },
): void {
  const known = { flags, unserved: unservedClientFlags };
  const probe = createDraft();
  try {
    readFlags(args, probe, known);
  } catch {
    // Is told below, after what is wrong with the file.
  }
  const { optionFiles } = probe;
  if (optionFiles.length > 1) throw new UsageError('Duplicate -o argument given.');
  const [given] = optionFiles;
  const lines = given === undefined ? usualOptionLines(inPlaceOf, env) : givenOptionLines(given);
  for (const line of lines) readFlags(line, draft, known);
  readFlags(args, draft, known);
}

/** Runs it to its end, or else to that of most programs: what a signal interrupts does not fail. */
async function runUntilSignal<Draft extends ClientDraft>(
  { run }: Tool<Draft>,
  draft: Draft,
  io: Io,
): Promise<number> {
  using received = io.ownsProcess ? new ReceivedSignal() : undefined;
  try {
    const exitCode = await run(draft, io);
    return io.signal.aborted ? signalExitCode(received?.name) : exitCode;
  } catch (error) {
    if (io.signal.aborted) return signalExitCode(received?.name);
    throw error;
  }
}

/** The signal by which this process was asked to end. */
class ReceivedSignal implements Disposable {
  name: NodeJS.Signals | undefined;
  readonly #keep: NodeJS.SignalsListener = (name) => {
    this.name ??= name;
  };

  constructor() {
    process.on('SIGINT', this.#keep).on('SIGTERM', this.#keep);
  }

  [Symbol.dispose](): void {
    process.off('SIGINT', this.#keep).off('SIGTERM', this.#keep);
  }
}

/** What a shell sees of a program that does nothing about signals. */
function signalExitCode(name: NodeJS.Signals = 'SIGINT'): number {
  return 128 + constants.signals[name];
}
