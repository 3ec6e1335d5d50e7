/** The file of `pid_file`, which holds the process id while the broker runs. */

import { readFileSync, rmSync, writeFileSync } from 'node:fs';
import process from 'node:process';
import { StartError } from './start-error.ts';

/**
 * Writes the file anew, whatever an earlier broker has left in it; disposing of it removes it.
 *
 * @returns undefined without a path
 * @throws StartError
 */
export function writePidFile(path: string | undefined): Disposable | undefined {
  if (path === undefined) return undefined;
  const content = String(process.pid);
  try {
    writeFileSync(path, content);
  } catch (error) {
    const { code } = error as NodeJS.ErrnoException;
    throw new StartError(
      `Unable to write pid file '${path}' (${code}). ` +
        'Check that its folder exists and that the user of the broker may write to it, ' +
        "or leave 'pid_file' out.",
    );
  }
  return { [Symbol.dispose]: () => removeOwn(path, content) };
}

/** Leaves it to another broker that has written its own id by now. */
function removeOwn(path: string, content: string): void {
  try {
    if (readFileSync(path, 'utf8') === content) rmSync(path);
  } catch {
    // Gone already, or in a folder that the user of the broker may not write to: a stale file, as
    // Mosquitto leaves it then.
  }
}
