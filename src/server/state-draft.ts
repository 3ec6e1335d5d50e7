/** Where a configuration has state kept. */

import { basename, dirname, join } from 'node:path';
import type { GeneralSettings, StateSettings } from './config.ts';
import { readQuoted } from './option-value.ts';
import type { PluginDraft } from './plugin-draft.ts';

interface StateSources {
  readonly plugins: readonly PluginDraft[];
  readonly env: Readonly<Record<string, string | undefined>>;
}

/**
 * As in Mosquitto, the file may be a path, which goes on from the location; and a variable of the
 * environment counts more than the option.
 */
export function configuredState(
  general: GeneralSettings,
  { plugins, env }: StateSources,
): StateSettings | undefined {
  const { persistence, persistenceFile, durability } = general;
  const location = env.MOSQUITTO_PERSISTENCE_LOCATION || (general.persistenceLocation ?? '');
  const database = plugins.find(({ builtIn }) => builtIn === 'persist-sqlite');
  if (!persistence && database === undefined) return undefined;
  // Its database is not ours: the directory is what counts.
  const databaseFile = database?.option('db_file');
  const path =
    databaseFile === undefined
      ? join(location, persistenceFile)
      : join(dirname(readQuoted('db_file', databaseFile)), persistenceFile);
  return { directory: dirname(path), file: basename(path), durability, isDefault: false };
}
