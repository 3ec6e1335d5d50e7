/** A command in the place of one of Mosquitto's tools: its flags, help, failures and exit codes. */

import type { ClientDraft } from './client-flags.ts';
import { unservedClientFlags } from './client-flags.ts';
import { idleTlsWarning } from './client-route.ts';
import { type Command, helpText, type Io, programOf } from './command.ts';
import { type Flag, helpOf, readFlags } from './flags.ts';
import { optionFileArguments } from './option-file.ts';
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
        const all = [...optionFileArguments(tool.inPlaceOf, io.env), ...args];
        readFlags(all, draft, { flags, unserved: unservedClientFlags });
        if (!draft.help) {
          const warning = idleTlsWarning(draft);
          if (warning !== undefined && !draft.quiet) io.stderr.write(`${warning}\n`);
          return await tool.run(draft, io);
        }
        io.stdout.write(helpText(programOf(io, name), command));
        return 0;
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
