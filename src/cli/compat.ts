/** `pantala compat`: puts Mosquitto's names on the path, as links to this program. */

import { existsSync } from 'node:fs';
import { delimiter, join, resolve } from 'node:path';
import { type Command, helpText, type Io } from './command.ts';
import { type NameLink, nameLinks } from './name-link.ts';
import { exitCodes, ToolFailure } from './tool-failure.ts';
import { UsageError } from './usage-error.ts';

export const compat: Command = {
  summary: "Makes this program answer to the names of Mosquitto's.",
  usage: 'install|remove DIR [--force]',
  operand: 'FOLDER',
  options: [
    { flags: 'install', help: 'make links to this program in DIR: mosquitto_pub and all others' },
    { flags: 'remove', help: 'delete the links that install has made' },
    { flags: '--force', help: 'with install: also in the place of what is no link to pantala' },
    { flags: '-h, --help', help: 'print this help' },
  ],
  async run(args, io) {
    try {
      if (args.includes('-h') || args.includes('--help')) {
        io.stdout.write(helpText('pantala compat', compat));
        return 0;
      }
      const { action, folder, force } = readArguments(args);
      if (!existsSync(folder)) throw failure(`There is no directory '${folder}': make it first.`);
      const links = nameLinks(folder);
      if (action === 'install') install(links, { folder, force, io });
      else remove(links, io);
      return 0;
    } catch (error) {
      io.stderr.write(`Error: ${explanation(error)}\n`);
      return exitCodes.other;
    }
  },
};

interface Invocation {
  readonly action: 'install' | 'remove';
  readonly folder: string;
  readonly force: boolean;
}

/** @throws UsageError */
function readArguments(args: readonly string[]): Invocation {
  const unknown = args.find((arg) => arg.startsWith('-') && arg !== '--force');
  if (unknown !== undefined) throw new UsageError(`Unknown option '${unknown}'.`);
  const [action, folder, ...rest] = args.filter((arg) => arg !== '--force');
  if (action !== 'install' && action !== 'remove') {
    throw new UsageError('Say what to do: install or remove.');
  }
  if (folder === undefined) throw new UsageError(`Say where: pantala compat ${action} DIR.`);
  if (rest.length > 0) throw new UsageError(`One directory can be named, '${rest[0]}' is another.`);
  const force = args.includes('--force');
  if (force && action === 'remove')
    throw new UsageError("Option '--force' goes with install only.");
  return { action, folder, force };
}

/** All or nothing: what stands in the way is told before the first link is made. */
function install(
  links: readonly NameLink[],
  { folder, force, io }: { folder: string; force: boolean; io: Io },
): void {
  const foreign = links.filter(({ state }) => state === 'foreign');
  if (foreign.length > 0 && !force) {
    const lines = foreign.map(({ path }) => `'${path}' is there already, and no link to pantala.`);
    throw failure(`${lines.join('\n')}\nNothing is changed; --force puts links in their place.`);
  }
  for (const link of links) {
    link.make();
    const replaced = link.state === 'foreign' ? ', in the place of what was there' : '';
    io.stdout.write(`${link.path} -> ${link.target}${replaced}\n`);
  }
  const hint = pathHint(links, folder, io);
  if (hint !== undefined) io.stderr.write(`Warning: ${hint}\n`);
}

/** What keeps a shell from finding the links. */
function pathHint(links: readonly NameLink[], folder: string, { env }: Io): string | undefined {
  const folders = (env.PATH ?? '').split(delimiter).filter((each) => each !== '');
  const place = folders.findIndex((each) => resolve(each) === resolve(folder));
  if (place < 0) return `'${folder}' is not on your PATH.`;
  const before = folders.slice(0, place);
  for (const { name } of links) {
    const other = before.map((each) => join(each, name)).find((path) => existsSync(path));
    if (other !== undefined) return `'${other}' comes first on your PATH.`;
  }
  return undefined;
}

function remove(links: readonly NameLink[], io: Io): void {
  let removed = 0;
  for (const link of links) {
    if (link.state === 'absent') continue;
    if (link.state === 'foreign') {
      io.stderr.write(`Warning: '${link.path}' is no link to pantala, and stays.\n`);
      continue;
    }
    link.delete();
    removed += 1;
    io.stdout.write(`${link.path} is removed.\n`);
  }
  if (removed === 0) io.stdout.write('There was nothing to remove.\n');
}

function failure(message: string): ToolFailure {
  return new ToolFailure(exitCodes.other, message);
}

function explanation(error: unknown): string {
  if (error instanceof UsageError) {
    return `${error.message}\n\nUse 'pantala compat --help' to see usage.`;
  }
  if (error instanceof ToolFailure) return error.message;
  const { code, message } = error as NodeJS.ErrnoException;
  if (typeof code !== 'string') throw error;
  return `${message}.`;
}
