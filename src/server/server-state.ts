/** The durable state of a server: opens its store, and says in the log what it found there. */

import { join } from 'node:path';
import type { RecalledCounts, StorageOptions } from '../broker/broker.ts';
import { Calendar } from '../broker/state/calendar.ts';
import { LayoutError, type Recalled, recall } from '../broker/state/recall.ts';
import { ForeignFileError, type OpenStore, openStore } from '../storage/open-store.ts';
import { StoreInUseError } from '../storage/store-lock.ts';
import type { StateSettings } from './config.ts';
import { generalOptions } from './general-options.ts';
import type { Log } from './log.ts';
import type { NodeHost } from './node-host.ts';
import { StartError } from './start-error.ts';

export interface ServerState {
  readonly storage: StorageOptions;
  /** Tells what was there. */
  report(counts: RecalledCounts): void;
  close(): Promise<void>;
}

/**
 * @returns undefined when state is in memory only
 * @throws StartError when the store cannot be used, and nobody would expect to go on without
 */
export async function openState(
  settings: StateSettings | undefined,
  log: Log,
  host: NodeHost,
): Promise<ServerState | undefined> {
  if (settings === undefined) return undefined;
  const path = join(settings.directory, settings.file);
  try {
    return await open(settings, log, host);
  } catch (error) {
    const file = generalOptions.persistence_file.default;
    if (error instanceof ForeignFileError && settings.file !== file) {
      log.write(
        'warning',
        `Warning: ${path} is Mosquitto's file of state, which is neither read nor changed: ` +
          `state is kept in ${join(settings.directory, file)} instead.`,
      );
      return openState({ ...settings, file }, log, host);
    }
    const known = explain(error, path);
    if (known !== undefined) throw known;
    const { code, message } = error as NodeJS.ErrnoException;
    if (code === undefined) throw error;
    if (!settings.isDefault) {
      throw new StartError(
        `Unable to keep state in '${path}' (${code}). ` +
          "Check that the directory may be written, or name another in 'persistence_location'.",
      );
    }
    log.write(
      'warning',
      `Warning: A restart will forget sessions and retained messages: ${message}.`,
    );
    return undefined;
  }
}

async function open(settings: StateSettings, log: Log, host: NodeHost): Promise<ServerState> {
  const { directory, file, durability } = settings;
  const path = join(directory, file);
  const calendar = new Calendar(host.clock, host.date);
  const opened: OpenStore<Recalled> = await openStore({
    directory,
    file,
    durability,
    load: (records) => recall(records, calendar),
    salvaged: (damage, { asidePath, records, isTorn }) => {
      if (isTorn) {
        const text = 'The last commit before the machine stopped is not whole, and left out';
        log.write('warning', `Warning: ${path}: ${text}; nothing acknowledged is missing.`);
        log.write('warning', `Warning: The file as it was is set aside as ${asidePath}.`);
        return;
      }
      log.write('error', `Error: The store ${path} was damaged: ${damage[0].message}.`);
      log.write(
        'error',
        `Error: It is set aside as ${asidePath}. ${records} records could be read and are kept; ` +
          'sessions and messages may be missing.',
      );
    },
    damaged: (count) => {
      log.write('error', `Error: ${count} records of ${path} are damaged and left out.`);
    },
  });
  if (!opened.isLocked) {
    log.write('warning', `Warning: ${path} cannot be locked: see that no other broker uses it.`);
  }
  return {
    storage: {
      store: opened.store,
      recalled: opened.loaded,
      keepsPromises: durability !== 'none',
    },
    report: (counts) => {
      log.write('information', description(path, counts, settings));
      if (counts.strays === 0) return;
      const what = counted(counts.strays, 'record');
      const text = `${what} left out, unreadable or of no session: see 'pantala store check'`;
      log.write('warning', `Warning: ${path}: ${text}.`);
    },
    close: () => opened.close(),
  };
}

function description(path: string, counts: RecalledCounts, { durability }: StateSettings): string {
  const { sessions, messages, retained } = counts;
  const parts = [
    counted(sessions, 'session'),
    counted(messages, 'queued message'),
    counted(retained, 'retained message'),
  ];
  const mode = durability === 'sync' ? '' : `, durability ${durability}`;
  return `State is kept in ${path}${mode}: ${parts.join(', ')}.`;
}

function counted(count: number, what: string): string {
  return `${count} ${what}${count === 1 ? '' : 's'}`;
}

function explain(error: unknown, path: string): StartError | undefined {
  if (error instanceof StoreInUseError) {
    const owner = error.owner === undefined ? 'Another broker' : `Process ${error.owner}`;
    return new StartError(
      `${owner} keeps its state in '${path}' already. ` +
        "Stop it, or give this broker another 'persistence_location' or port.",
    );
  }
  if (error instanceof ForeignFileError) {
    return new StartError(
      `'${path}' is a database of Mosquitto's, which cannot be read. ` +
        "Name another file in 'persistence_file'.",
    );
  }
  if (error instanceof LayoutError) {
    return new StartError(
      `'${path}' was written by another version of pantala: ${error.message}. ` +
        'Start with that version, or move the file away to begin anew.',
    );
  }
  return undefined;
}
