/** Tests where state lies without a configuration file, on every platform. */

import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { type StateDirectoryOptions, stateDirectory } from './state-directory.ts';

const linux = { platform: 'linux', env: {}, home: '/home/ada' };
const macos = { platform: 'darwin', env: {}, home: '/Users/ada' };
const windows = { platform: 'win32', env: {}, home: 'C:\\Users\\ada' };

interface Case extends StateDirectoryOptions {
  readonly claim: string;
  readonly directory: string | undefined;
}

const places: readonly Case[] = [
  { claim: 'XDG_STATE_HOME', directory: '/state/pantala', ...linux, ...variables('/state') },
  { claim: '~/.local/state', directory: '/home/ada/.local/state/pantala', ...linux },
  {
    claim: '~/.local/state where XDG_STATE_HOME is relative',
    directory: '/home/ada/.local/state/pantala',
    ...linux,
    ...variables('state'),
  },
  {
    claim: '~/.local/state where XDG_STATE_HOME is empty',
    directory: '/home/ada/.local/state/pantala',
    ...linux,
    ...variables(''),
  },
  {
    claim: 'XDG_STATE_HOME on FreeBSD',
    directory: '/state/pantala',
    ...linux,
    platform: 'freebsd',
    ...variables('/state'),
  },
  { claim: 'nowhere without a home', directory: undefined, ...linux, home: '' },
  {
    claim: 'XDG_STATE_HOME without a home',
    directory: '/state/pantala',
    ...linux,
    ...variables('/state'),
    home: '',
  },
  {
    claim: '~/Library, whatever XDG_STATE_HOME says, on macOS',
    directory: '/Users/ada/Library/Application Support/pantala',
    ...macos,
    ...variables('/state'),
  },
  {
    claim: 'LOCALAPPDATA on Windows',
    directory: 'D:\\Local\\pantala',
    ...windows,
    env: { LOCALAPPDATA: 'D:\\Local' },
  },
  {
    claim: '~\\AppData\\Local on Windows without LOCALAPPDATA',
    directory: 'C:\\Users\\ada\\AppData\\Local\\pantala',
    ...windows,
  },
];

const services: readonly Case[] = [
  {
    claim: 'STATE_DIRECTORY',
    directory: '/var/lib/pantala',
    ...linux,
    env: { STATE_DIRECTORY: '/var/lib/pantala', XDG_STATE_HOME: '/state' },
  },
  {
    claim: 'the first of several in STATE_DIRECTORY',
    directory: '/var/lib/a',
    ...linux,
    env: { STATE_DIRECTORY: '/var/lib/a:/var/lib/b' },
  },
  {
    claim: 'elsewhere when STATE_DIRECTORY is empty',
    directory: '/home/ada/.local/state/pantala',
    ...linux,
    env: { STATE_DIRECTORY: '' },
  },
  {
    claim: 'STATE_DIRECTORY without a home',
    directory: '/var/lib/pantala',
    ...linux,
    env: { STATE_DIRECTORY: '/var/lib/pantala' },
    home: '',
  },
];

const ports: readonly Case[] = [
  { claim: 'no port', directory: '/home/ada/.local/state/pantala', ...linux, ports: [] },
  { claim: '1883', directory: '/home/ada/.local/state/pantala', ...linux, ports: [1883] },
  { claim: '1884', directory: '/home/ada/.local/state/pantala/1884', ...linux, ports: [1884] },
  {
    claim: '1885 and 1883',
    directory: '/home/ada/.local/state/pantala/1885',
    ...linux,
    ports: [1885, 1883],
  },
  { claim: '1883 and 1885', directory: '/x', ...service('/x'), ports: [1883, 1885] },
  { claim: '1884 of a service', directory: '/x/1884', ...service('/x'), ports: [1884] },
  {
    claim: '1884 on Windows',
    directory: 'C:\\Users\\ada\\AppData\\Local\\pantala\\1884',
    ...windows,
    ports: [1884],
  },
  { claim: '1884 without a home', directory: undefined, ...linux, home: '', ports: [1884] },
];

describe('the state lies', () => {
  for (const { claim, directory, ...options } of places) {
    it(`in ${claim}`, () => assert.equal(stateDirectory(options), directory));
  }
});

describe('the state of a service lies', () => {
  for (const { claim, directory, ...options } of services) {
    it(`in ${claim}`, () => assert.equal(stateDirectory(options), directory));
  }
});

describe('the state of a broker on other ports has a folder of its own:', () => {
  for (const { claim, directory, ...options } of ports) {
    it(`${claim}: ${directory}`, () => assert.equal(stateDirectory(options), directory));
  }
});

it('the state lies where this process says, when nothing else is given', () => {
  assert.equal(stateDirectory(), stateDirectory({ platform: process.platform, env: process.env }));
});

function variables(XDG_STATE_HOME: string) {
  return { env: { XDG_STATE_HOME } };
}

function service(STATE_DIRECTORY: string) {
  return { ...linux, env: { STATE_DIRECTORY } };
}
