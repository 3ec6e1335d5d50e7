/** `pantala completion`: prints what makes a shell complete commands, flags and arguments. */

import { type Command, helpText } from './command.ts';
import { loadCommands } from './commands.ts';
import { type CompletedCommand, completedCommands } from './completed-command.ts';
import { bashCompletion } from './completion-bash.ts';
import { fishCompletion } from './completion-fish.ts';
import { zshCompletion } from './completion-zsh.ts';
import { exitCodes } from './tool-failure.ts';

const shells: Readonly<Record<string, (commands: readonly CompletedCommand[]) => string>> = {
  bash: bashCompletion,
  zsh: zshCompletion,
  fish: fishCompletion,
};

export const completion: Command = {
  summary: 'Prints a script that makes a shell complete the command line.',
  usage: Object.keys(shells).join('|'),
  options: [
    { flags: 'bash', help: 'for ~/.bashrc: source <(pantala completion bash)' },
    { flags: 'zsh', help: 'for a folder of $fpath, as the file _pantala; or source it' },
    { flags: 'fish', help: 'for ~/.config/fish/completions/pantala.fish' },
    { flags: '-h, --help', help: 'print this help' },
  ],
  async run(args, io) {
    const [shell, ...rest] = args;
    if (shell === '-h' || shell === '--help') {
      io.stdout.write(helpText('pantala completion', completion));
      return 0;
    }
    if (shell === undefined || !Object.hasOwn(shells, shell) || rest.length > 0) {
      const names = Object.keys(shells).join(', ');
      io.stderr.write(`Error: Name one shell: it is one of ${names}.\n`);
      return exitCodes.other;
    }
    io.stdout.write(shells[shell](completedCommands(await loadCommands())));
    return 0;
  },
};
