/** The entry of the command line: finds the command and runs it. */

import { constants } from 'node:os';
import process from 'node:process';
import { endNow } from '../server/end-now.ts';
import { nearestName } from '../server/nearest-name.ts';
import { version } from '../server/version.ts';
import { columns, type Io } from './command.ts';
import { commands, loadCommands } from './commands.ts';
import { programName, programNames } from './program-names.ts';

/**
 * Runs `args`, without the name of the program, and resolves to the exit code. One of Mosquitto's
 * names in the place of the command is as good as the command.
 */
export async function main(args: readonly string[], io: Io): Promise<number> {
  const [name, ...rest] = args;
  if (name === '--version') {
    io.stdout.write(`pantala ${version}\n`);
    return 0;
  }
  if (name === undefined || name === '-h' || name === '--help' || name === 'help') {
    if (name === 'help' && rest.length > 0) return main([rest[0], '--help'], io);
    (name === undefined ? io.stderr : io.stdout).write(await usage());
    return name === undefined ? 1 : 0;
  }
  if (Object.hasOwn(programNames, name)) {
    const command = await commands[programNames[name]]();
    // Not copied without need: that would ask for the input.
    return command.run(rest, io.calledAs === name ? io : { ...io, calledAs: name });
  }
  if (!Object.hasOwn(commands, name)) {
    io.stderr.write(`Error: Unknown command '${name}'.${suggestion(name)}\n`);
    return 1;
  }
  const command = await commands[name]();
  return command.run(rest, io);
}

async function usage(): Promise<string> {
  const rows = (await loadCommands()).map(([name, { summary }]) => [name, summary] as const);
  return [
    'Usage: pantala COMMAND [OPTION]...',
    '',
    'A broker, a client and tools for MQTT 3.1, 3.1.1 and 5.0.',
    '',
    ...columns(rows),
    '',
    "'pantala COMMAND --help' tells more of a command, 'pantala --version' the version.",
    '',
  ].join('\n');
}

function suggestion(name: string): string {
  const nearest = nearestName(name, Object.keys(commands));
  return nearest === undefined
    ? " Try 'pantala --help' for the commands."
    : ` Did you mean '${nearest}'?`;
}

// Ctrl-C under `npm start` arrives twice: from the terminal, and passed on by npm.
const repeatMilliseconds = 1000;

/** Asks the command to stop; whoever asks again later, because it hangs, ends the process. */
function stopper(controller: AbortController): NodeJS.SignalsListener {
  return (name) => {
    if (!controller.signal.aborted) {
      controller.abort(performance.now());
      return;
    }
    const sinceFirst = performance.now() - controller.signal.reason;
    if (sinceFirst > repeatMilliseconds) endNow(128 + constants.signals[name]);
  };
}

if (import.meta.main) {
  const controller = new AbortController();
  const stop = stopper(controller);
  for (const name of ['SIGINT', 'SIGTERM', 'SIGBREAK'] as const) process.on(name, stop);
  const { stdout, stderr, env } = process;
  // Whoever read them may go away: a broker serves on, and a command that cares listens as well.
  for (const stream of [stdout, stderr]) stream.on('error', () => undefined);
  const [, file = '', ...args] = process.argv;
  const called = programName(file);
  process.exitCode = await main(called === undefined ? args : [called, ...args], {
    // Made when it is asked for, which takes some milliseconds.
    get stdin() {
      return process.stdin;
    },
    stdout,
    stderr,
    env,
    calledAs: called,
    signal: controller.signal,
    ownsProcess: true,
  });
}
