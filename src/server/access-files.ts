/** The files that say who may come in, and do what, of all listeners: each is read once. */

import { type Acl, parseAclFile } from '../auth/acl-file.ts';
import type { FileFault } from '../auth/file-lines.ts';
import { readGuardedFile } from '../auth/guarded-file.ts';
import { type PasswordFile, parsePasswordFile } from '../auth/password-file.ts';
import { type PskFile, parsePskFile } from '../auth/psk-file.ts';
import type { ConfigFault, ListenerConfig } from './config.ts';
import type { LogLine } from './log-type.ts';

/** What one listener goes by. */
export interface AccessFiles {
  readonly passwords: PasswordFile | undefined;
  readonly acl: Acl | undefined;
  readonly psk: PskFile | undefined;
}

/** Whom a reader tells what is wrong with a file, and what might be. */
export interface FileReports {
  readonly fault: (fault: ConfigFault) => void;
  readonly note: (line: LogLine) => void;
}

/** Reads files, and remembers them: listeners that name the same one share it. */
export class AccessFileReader {
  readonly #reports: FileReports;
  readonly #read = new Map<string, unknown>();

  constructor(reports: FileReports) {
    this.#reports = reports;
  }

  filesOf(listener: ListenerConfig): AccessFiles {
    const { passwordFile, aclFile, pskFile } = listener.access;
    return {
      passwords: this.#file('password_file', passwordFile, { listener, parse: parsePasswordFile }),
      acl: this.#file('acl_file', aclFile, { listener, parse: parseAclFile }),
      psk: this.#file('psk_file', pskFile, { listener, parse: parsePskFile }),
    };
  }

  #file<File extends { readonly faults: readonly FileFault[] }>(
    option: string,
    path: string | undefined,
    { listener, parse }: { listener: ListenerConfig; parse: (text: string, path: string) => File },
  ): File | undefined {
    if (path === undefined) return undefined;
    const key = `${option} ${path}`;
    if (!this.#read.has(key)) {
      const text = this.#textOf(option, path, listener);
      const file = text === undefined ? undefined : parse(text, path);
      this.#read.set(key, file);
      for (const fault of file?.faults ?? []) this.#report(path, fault);
    }
    return this.#read.get(key) as File | undefined;
  }

  #textOf(option: string, path: string, { places }: ListenerConfig): string | undefined {
    try {
      const { text, warnings } = readGuardedFile(path);
      for (const { message, remedy } of warnings) {
        this.#reports.note({ type: 'warning', text: `Warning: ${message} ${remedy}` });
      }
      return text;
    } catch (error) {
      const { code = String(error) } = error as NodeJS.ErrnoException;
      this.#reports.fault({
        ...(places.get(option) ?? { file: path, line: undefined }),
        message: `Unable to open ${option} "${path}".`,
        remedy: `Check that '${path}' is a file that exists and may be read (${code}).`,
      });
      return undefined;
    }
  }

  #report(path: string, { line, severity, message, remedy }: FileFault): void {
    if (severity === 'error') this.#reports.fault({ file: path, line, message, remedy });
    else
      this.#reports.note({
        type: 'warning',
        text: `Warning: ${path}:${line}: ${message} ${remedy}`,
      });
  }
}
