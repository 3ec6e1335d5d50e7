/** Hostile configuration files: each is read, or refused with a ConfigError that names places. */

import assert from 'node:assert/strict';
import { type Config, ConfigError } from '../../src/server/config.ts';
import { type ConfigFiles, parseConfig } from '../../src/server/config-file.ts';
import { optionNames } from '../../src/server/options.ts';
import type { FuzzTarget } from './fuzz-target.ts';
import { type Random, randomFrom } from './random.ts';

const names = [...optionNames(), '', '#', '__proto__', 'listenr', 'plugin_opt_x', 'auth_opt_'];
const values = [
  '',
  '0',
  '1',
  '2',
  '1883',
  '65535',
  '65536',
  '-1',
  '0x7fffffff',
  '99999999999999999999',
  '1e9',
  'true',
  'false',
  'none',
  'all',
  'file',
  'stdout',
  'syslog',
  'ipv6',
  'mqtt',
  '14d',
  '../state/',
  '..',
  '99999999y',
  '127.0.0.1',
  '::1',
  'd',
  '"quoted',
  '"quoted twice"',
  '3, 4',
  'name mosquitto_password_file.so',
  '/usr/lib/mosquitto_persist_sqlite.so',
  '\u{fffd}',
  '\0',
  '# comment',
  '__proto__',
  'x'.repeat(70_000),
];
const separators = [' ', '\t', '  ', ' \t ', '', '\u{a0}'];
const lineEnds = ['\n', '\n', '\n', '\r\n', '\n\n', '\r', ''];

export const configFuzz: FuzzTarget = {
  name: 'config',
  run(seed, until) {
    const random = randomFrom(seed);
    let iterations = 0;
    for (; !until(); iterations += 1) check(randomText(random), randomDisk(random));
    return iterations;
  },
};

function check(text: string, files: ConfigFiles): void {
  let config: Config;
  try {
    config = parseConfig(text, 'main', { files, ports: [1999] });
  } catch (error) {
    if (!(error instanceof ConfigError)) throw error;
    assert.ok(error.faults.length > 0, text);
    for (const { file, line, message, remedy } of error.faults) {
      assert.ok(file !== '' && message !== '' && remedy !== '', text);
      assert.ok(line === undefined || line > 0, text);
    }
    return;
  }
  for (const { port, socketPath, maxQos, maxTopicAlias } of config.listeners) {
    assert.ok(socketPath === undefined ? port >= 1 && port <= 65_535 : port === 0, text);
    assert.notEqual(socketPath, '', text);
    assert.ok(maxQos >= 0 && maxQos <= 2, text);
    assert.ok(maxTopicAlias >= 0 && maxTopicAlias <= 65_535, text);
  }
  const { state } = config;
  assert.ok(state !== undefined || !config.general.persistence, text);
  assert.ok(state === undefined || (state.directory !== '' && state.file !== ''), text);
  for (const setting of Object.values(config.general)) {
    assert.ok(typeof setting !== 'number' || Number.isSafeInteger(setting), text);
  }
}

/** Directories of a few files that may be missing, be directories or include further ones. */
function randomDisk(random: Random): ConfigFiles {
  return {
    read(path) {
      if (random(4) === 0) throw Object.assign(new Error(path), { code: 'EISDIR' });
      return randomText(random);
    },
    list(directory) {
      if (random(4) === 0) throw Object.assign(new Error(directory), { code: 'ENOENT' });
      return ['b.conf', 'a.conf', 'notes.txt'].slice(random(3));
    },
  };
}

function randomText(random: Random): string {
  const lines = Array.from({ length: random(8) }, () => randomLine(random));
  return (random(10) === 0 ? '\u{feff}' : '') + lines.join('');
}

function randomLine(random: Random): string {
  const pick = (from: readonly string[]) => from[random(from.length)];
  const words = Array.from({ length: random(4) }, () => pick(separators) + pick(values));
  const line = pick(names) + words.join('') + pick(lineEnds);
  return random(5) === 0 ? mutated(line, random) : line;
}

function mutated(line: string, random: Random): string {
  const at = random(line.length + 1);
  return line.slice(0, at) + String.fromCharCode(random(0x3000)) + line.slice(at + random(3));
}
