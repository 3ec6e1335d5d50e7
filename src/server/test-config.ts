/** Configurations for tests. */

import assert from 'node:assert/strict';
import { type Config, ConfigError, type ConfigFault } from './config.ts';
import { parseConfig } from './config-file.ts';
import { version } from './version.ts';

/** What these lines configure, as the file `pantala.conf`. */
export function parseLines(...lines: string[]): Config {
  return parseConfig(lines.join('\n'), 'pantala.conf');
}

/** All that is wrong with a configuration; fails when nothing is. */
export function faultsOf(act: () => Config): readonly ConfigFault[] {
  try {
    act();
  } catch (error) {
    assert.ok(error instanceof ConfigError);
    return error.faults;
  }
  assert.fail('the configuration was accepted');
}

/** The message about an option or a value that is not served. */
export function unserved(name: string): string {
  return `Option '${name}' is not served by pantala ${version}.`;
}
