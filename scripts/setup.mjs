/**
 * Sets the checkout up: installs what is missing and finds the Node that runs it. Plain JavaScript,
 * because whatever Node the machine has runs this file first: 18 is old enough.
 *
 *     node scripts/setup.mjs              install what is missing
 *     node scripts/setup.mjs FILE ARGS    the same, then run FILE on the checkout's Node
 */

import { existsSync, readFileSync, rmSync } from 'node:fs';
import { createRequire } from 'node:module';
import { dirname, join } from 'node:path';
import process from 'node:process';
import { fileURLToPath } from 'node:url';

const root = fileURLToPath(new URL('..', import.meta.url));
const oldestNode = '24.7';

/**
 * Loaded when it is needed: most starts find all set up, and this Node new enough.
 *
 * @returns {typeof import('node:child_process')}
 */
const childProcess = () => createRequire(import.meta.url)('node:child_process');

/** Installs the packages that the lockfile names, if node_modules lacks any; to see that: milliseconds. */
export function setUp() {
  const missing = missingPackages();
  if (missing.length === 0) return;
  say(
    `installing with npm ci, as ${missing.length} packages are missing; takes some seconds, once`,
  );
  const startedAt = Date.now();
  const { error, status } = runNpm([
    ...['ci', '--prefer-offline', '--loglevel=error'],
    ...['--include=dev', '--include=optional'], // even where NODE_ENV is production
  ]);
  if (error !== undefined) fail(`npm does not run, and it comes with Node: ${error.message}`);
  if (status !== 0) {
    fail(
      'npm ci failed, for the reason above, and the checkout is not set up. It needs the npm ' +
        'registry once: behind a proxy or with a mirror, tell npm (npm config set proxy URL, or ' +
        'registry URL). Then give the same command again.',
    );
  }
  dropUnusablePackagedNode();
  say(`installed in ${((Date.now() - startedAt) / 1000).toFixed(1)} s`);
}

/** The path of the Node to run on, or undefined when this process is new enough itself. */
export function betterNode() {
  const [major, minor] = process.versions.node.split('.').map(Number);
  const [oldestMajor, oldestMinor] = oldestNode.split('.').map(Number);
  if (major > oldestMajor || (major === oldestMajor && minor >= oldestMinor)) return undefined;
  return packagedNode() ?? fail(nodeIsTooOld());
}

/** How a process tells the one that stands in for it whom it stands in for. */
const parentVariable = 'PANTALA_PARENT';

/**
 * Stands in for a process on another Node: it has our terminal, gets our signals, and we end as it
 * ends; a SIGKILL, which nobody can hand on, it notices itself (see `endWithParent`). Ctrl-C in a
 * terminal reaches both, so it sees that one twice, as under `npm start` anyway.
 *
 * @param {string} node
 * @param {string[]} args
 */
export function become(node, args) {
  const child = childProcess().spawn(node, args, {
    stdio: ['inherit', 'inherit', 'inherit', 'ipc'],
    env: { ...process.env, [parentVariable]: String(process.pid) },
  });
  /** @param {NodeJS.Signals} signal */
  const forward = (signal) => child.kill(signal);
  /** @type {NodeJS.Signals[]} */
  const signals = ['SIGINT', 'SIGTERM', 'SIGHUP', 'SIGUSR1', 'SIGUSR2'];
  for (const signal of signals) process.on(signal, forward);
  child.on('error', (error) => fail(`"${node}" does not run: ${error.message}`));
  child.on('exit', (code, signal) => {
    if (signal === null) process.exit(code ?? 1);
    for (const name of signals) process.off(name, forward);
    process.kill(process.pid, signal);
  });
}

/**
 * In a process that another became: ends it at once when that one is gone.
 *
 * @returns whether this is such a process
 */
export function endWithParent() {
  const parent = process.env[parentVariable];
  // Nor does a process of ours have it: the daemon has a channel, too, and outlives its parent.
  delete process.env[parentVariable];
  if (process.channel === undefined || parent !== String(process.ppid)) return false;
  process.once('disconnect', () => process.kill(process.pid, 'SIGKILL'));
  process.channel?.unref();
  return true;
}

/** Compares the lockfile with npm's own record of what it installed. */
function missingPackages() {
  const wanted = readPackages('package-lock.json');
  const installed = readPackages('node_modules/.package-lock.json');
  delete wanted['']; // the checkout itself
  return Object.keys(wanted).filter((path) => {
    // npm leaves out the optional packages that are for other platforms.
    if (installed[path] === undefined) return !wanted[path].optional;
    return installed[path].version !== wanted[path].version;
  });
}

/**
 * @param {string} path
 * @returns {Record<string, { version?: string, optional?: boolean }>}
 */
function readPackages(path) {
  const file = join(root, path);
  return existsSync(file) ? JSON.parse(readFileSync(file, 'utf8')).packages : {};
}

/**
 * Under an npm script, runs that very npm. Its output is for people, so nothing goes to stdout,
 * where a command such as `pantala sub` puts its data.
 *
 * @param {string[]} args
 */
function runNpm(args) {
  /** @type {import('node:child_process').SpawnSyncOptions} */
  const options = { cwd: root, stdio: ['ignore', 2, 2], shell: process.platform === 'win32' };
  const npm = process.env.npm_execpath;
  if (!npm?.endsWith('npm-cli.js')) return childProcess().spawnSync('npm', args, options);
  return childProcess().spawnSync(process.execPath, [npm, ...args], { ...options, shell: false });
}

function packagedNode() {
  const isWindows = process.platform === 'win32';
  const folder = `node-${isWindows ? 'win' : process.platform}-${process.arch}`;
  const path = join(root, 'node_modules', folder, 'bin', isWindows ? 'node.exe' : 'node');
  return existsSync(path) ? path : undefined;
}

/** A Node that cannot run here (Alpine has another C library) must not shadow one that can. */
function dropUnusablePackagedNode() {
  const node = packagedNode();
  if (node === undefined || childProcess().spawnSync(node, ['--version']).status === 0) return;
  rmSync(dirname(dirname(node)), { recursive: true });
  rmSync(join(root, 'node_modules', '.bin', 'node'), { force: true });
}

function nodeIsTooOld() {
  return (
    `this is Node ${process.versions.node}, which is too old, and npm brought no newer one along ` +
    `for ${process.platform}-${process.arch}: install Node ${oldestNode} or newer ` +
    `(https://nodejs.org), then give the same command again`
  );
}

/** @param {string} text */
function say(text) {
  process.stderr.write(`pantala: ${text}\n`);
}

/**
 * @param {string} text
 * @returns {never}
 */
function fail(text) {
  say(text);
  process.exit(1);
}

if (process.argv[1] === fileURLToPath(import.meta.url)) {
  setUp();
  const args = process.argv.slice(2);
  if (args.length > 0) become(betterNode() ?? process.execPath, args);
}
