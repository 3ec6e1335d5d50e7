/** All that listeners go by and that lies in files: read and checked before any of it counts. */

import { statSync } from 'node:fs';
import type { TlsMaterial } from '../transport/tls-security.ts';
import { AccessFileReader, type AccessFiles, type FileReports } from './access-files.ts';
import { type Config, ConfigError, type ConfigFault, type ListenerConfig } from './config.ts';
import { type KeyOf, loadEncryption } from './encryption.ts';
import type { LogLine } from './log-type.ts';

/** What one listener goes by. */
export interface ListenerMaterial {
  readonly files: AccessFiles;
  /** Undefined where clients do not encrypt. */
  readonly tls: TlsMaterial | undefined;
}

export interface Materials {
  /** In the order of the listeners. */
  readonly listeners: readonly ListenerMaterial[];
  /** What the log should say about the files. */
  readonly notes: readonly LogLine[];
}

/** Files that the configuration names cannot be used; all that is wrong with them, at once. */
export class MaterialError extends ConfigError {}

/** @throws MaterialError */
export function loadMaterials({ listeners }: Pick<Config, 'listeners'>): Materials {
  const faults: ConfigFault[] = [];
  const notes: LogLine[] = [];
  const reports = {
    fault: (fault: ConfigFault) => faults.push(fault),
    // Listeners may have the same files.
    note: (line: LogLine) => {
      if (!notes.some(({ text }) => text === line.text)) notes.push(line);
    },
  };
  const reader = new AccessFileReader(reports);
  const materials = listeners.map((listener: ListenerConfig) => {
    const files = reader.filesOf(listener);
    const keyOf: KeyOf = (identity) => files.psk?.keys.get(identity);
    checkHttpDir(listener, reports);
    return { files, tls: loadEncryption(listener, keyOf, reports) };
  });
  if (faults.length > 0) throw new MaterialError(faults);
  return { listeners: materials, notes };
}

/** What lies in it is read when somebody asks for it. */
function checkHttpDir({ httpDir, protocol, places }: ListenerConfig, { fault }: FileReports): void {
  if (httpDir === undefined || protocol !== 'websockets') return;
  const lack = lackOfDirectory(httpDir);
  if (lack === undefined) return;
  fault({
    ...(places.get('http_dir') ?? { file: httpDir, line: undefined }),
    message: `Unable to open http dir "${httpDir}".`,
    remedy: `Check that '${httpDir}' is a directory that exists and may be read (${lack}).`,
  });
}

function lackOfDirectory(path: string): string | undefined {
  try {
    return statSync(path).isDirectory() ? undefined : 'ENOTDIR';
  } catch (error) {
    return (error as NodeJS.ErrnoException).code ?? String(error);
  }
}
