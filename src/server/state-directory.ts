/** Where a broker that was started without a configuration file keeps its state. */

import { homedir } from 'node:os';
import { posix, win32 } from 'node:path';
import process from 'node:process';
import { defaultPort } from './config.ts';

/** What the place depends on; what is absent is that of this process. */
export interface Surroundings {
  readonly platform?: string;
  readonly env?: Readonly<Record<string, string | undefined>>;
  /** The home directory of the user; empty for a user who has none. */
  readonly home?: string;
}

export interface StateDirectoryOptions extends Surroundings {
  /** Ports from the command line. */
  readonly ports?: readonly number[];
}

/**
 * The directory for the state of a broker on these ports; undefined when the user has no home.
 *
 * One on other ports than the default has a folder of its own in it, named after its first port,
 * so that several brokers of one user do not get in each other's way.
 */
export function stateDirectory({
  platform = process.platform,
  env = process.env,
  home = userHome(),
  ports: [port = defaultPort] = [],
}: StateDirectoryOptions = {}): string | undefined {
  const path = platform === 'win32' ? win32 : posix;
  const directory = serviceDirectory(env, path) ?? userDirectory({ platform, env, home }, path);
  if (directory === undefined || port === defaultPort) return directory;
  return path.join(directory, String(port));
}

/** What systemd has made for the service: the first of a list. */
function serviceDirectory(
  { STATE_DIRECTORY: list = '' }: Required<Surroundings>['env'],
  path: typeof posix,
): string | undefined {
  return list.split(path.delimiter).find((directory) => directory !== '');
}

interface Place {
  /** A variable that names the directory for everybody's state. */
  readonly variable?: string;
  /** Where that is without the variable. */
  readonly belowHome: readonly string[];
}

const places: Readonly<Record<string, Place>> = {
  darwin: { belowHome: ['Library', 'Application Support'] },
  win32: { variable: 'LOCALAPPDATA', belowHome: ['AppData', 'Local'] },
};

const otherwise: Place = { variable: 'XDG_STATE_HOME', belowHome: ['.local', 'state'] };

function userDirectory(
  { platform, env, home }: Required<Surroundings>,
  path: typeof posix,
): string | undefined {
  const { variable, belowHome } = places[platform] ?? otherwise;
  const given = variable === undefined ? undefined : env[variable];
  // A relative path must be ignored: XDG Base Directory Specification 0.8, "Basics".
  if (given !== undefined && path.isAbsolute(given)) return path.join(given, 'pantala');
  return path.isAbsolute(home) ? path.join(home, ...belowHome, 'pantala') : undefined;
}

function userHome(): string {
  try {
    return homedir();
  } catch {
    return ''; // neither HOME nor an entry for the user, as in some containers
  }
}
