/** A name of Mosquitto's in a folder, and whether it leads to this program. */

import {
  lstatSync,
  readFileSync,
  readlinkSync,
  renameSync,
  rmSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs';
import { basename, dirname, join } from 'node:path';
import process from 'node:process';
import { programNames } from './program-names.ts';

export interface NameLink {
  readonly name: string;
  readonly path: string;
  /** The program that it leads to, or would. */
  readonly target: string;
  /** What was there when this was asked: nothing, a link to some pantala, or something else. */
  readonly state: 'absent' | 'ours' | 'foreign';

  /** Puts it there, in the place of a file, but not of a folder. @throws what the system throws */
  make(): void;
  delete(): void;
}

/** All names, in the way of the platform. */
export function nameLinks(folder: string, platform = process.platform): NameLink[] {
  const target = join(import.meta.dirname, '..', '..', 'bin', 'pantala');
  return Object.keys(programNames).map((name) => {
    return platform === 'win32'
      ? scriptLink(folder, name, target)
      : symbolicLink(folder, name, target);
  });
}

function symbolicLink(folder: string, name: string, target: string): NameLink {
  const path = join(folder, name);
  return {
    name,
    path,
    target,
    state: stateOf(path, () => isBinPantala(readlinkSync(path))),
    make: () => replace(path, (temporary) => symlinkSync(target, temporary)),
    delete: () => rmSync(path),
  };
}

// What a link of another version led to may be gone, so that its target says all.
function isBinPantala(path: string): boolean {
  return basename(path) === 'pantala' && basename(dirname(path)) === 'bin';
}

const scriptMark = '@rem Made by: pantala compat install';

/** On Windows links take rights that few have, and what is called is a script. */
function scriptLink(folder: string, name: string, target: string): NameLink {
  const path = join(folder, `${name}.cmd`);
  const text = `${scriptMark}\r\n@node "${target}" ${name} %*\r\n`;
  return {
    name,
    path,
    target,
    state: stateOf(path, () => readFileSync(path, 'utf8').startsWith(scriptMark)),
    make: () => replace(path, (temporary) => writeFileSync(temporary, text)),
    delete: () => rmSync(path),
  };
}

/** @param isOurs may throw: then it is not */
function stateOf(path: string, isOurs: () => boolean): NameLink['state'] {
  if (lstatSync(path, { throwIfNoEntry: false }) === undefined) return 'absent';
  try {
    return isOurs() ? 'ours' : 'foreign';
  } catch {
    return 'foreign';
  }
}

/** So that there is always one or the other. */
function replace(path: string, make: (temporary: string) => void): void {
  const temporary = `${path}.${process.pid}`;
  make(temporary);
  try {
    renameSync(temporary, path);
  } catch (error) {
    rmSync(temporary);
    throw error;
  }
}
