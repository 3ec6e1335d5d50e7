/** Loads the plugins of a configuration: modules in TypeScript or JavaScript, and our own. */

import { access, constants, stat } from 'node:fs/promises';
import { resolve } from 'node:path';
import { pathToFileURL } from 'node:url';
import { type HookName, type Hooks, hookNames, type Plugin, type Soon } from './hooks.ts';
import type { PluginBroker } from './plugin-broker.ts';
import { PluginLoadError, PluginOptionError } from './plugin-load-error.ts';
import type { PluginOptions } from './plugin-options.ts';

export interface PluginSource {
  /** As `plugin` in the configuration has it: a file, or `pantala:jwt`. */
  readonly path: string;
  /** The lines `plugin_opt_NAME VALUE` that follow it. */
  readonly options: PluginOptions;
  readonly broker: PluginBroker;
  /** How long `createHooks` may take. */
  readonly deadlineSeconds?: number | undefined;
}

/** What a module exports that makes its hooks anew for each plugin that is configured. */
type CreateHooks = (options: PluginOptions, broker: PluginBroker) => Soon<Hooks>;

const builtIn: Readonly<Record<string, () => Promise<{ createHooks: CreateHooks }>>> = {
  jwt: () => import('./jwt.ts'),
  http: () => import('./http.ts'),
  'sparkplug-aware': () => import('./sparkplug-aware.ts'),
};

const prefix = 'pantala:';

/** Mosquitto's own plugins that are served by ours. */
const replacements: Readonly<Record<string, string>> = {
  mosquitto_sparkplug_aware: 'sparkplug-aware',
};

const library = /\.(so|dll|dylib)$/i;
const script = /\.[cm]?[jt]s$/;
const deadlineSecondsDefault = 30;

/**
 * Loads one plugin. The module of a file is loaded once, its hooks are made for each call.
 *
 * @throws PluginLoadError
 */
export async function loadPlugin(source: PluginSource): Promise<Plugin> {
  const { path } = source;
  const ours = builtInName(path);
  if (ours !== undefined) {
    const { createHooks } = await builtIn[ours]();
    return { name: prefix + ours, hooks: await create(createHooks, source) };
  }
  const exported = await importFile(await findFile(path), path);
  const name = baseName(path);
  return { name, hooks: checked(await hooksOf(exported, source), path) };
}

/**
 * Whether there is something to load: no module of it is run.
 *
 * @throws PluginLoadError
 */
export async function findPlugin(path: string): Promise<void> {
  if (builtInName(path) === undefined) await findFile(path);
}

/** Lets go of what plugins hold; one that fails at it is told, and the others go on. */
export async function closePlugins(
  plugins: readonly Plugin[],
  failed: (plugin: Plugin, error: unknown) => void,
): Promise<void> {
  await callEach(plugins, 'close', failed);
}

/** The configuration is read again. */
export async function reloadPlugins(
  plugins: readonly Plugin[],
  failed: (plugin: Plugin, error: unknown) => void,
): Promise<void> {
  await callEach(plugins, 'reload', failed);
}

async function callEach(
  plugins: readonly Plugin[],
  hook: 'close' | 'reload',
  failed: (plugin: Plugin, error: unknown) => void,
): Promise<void> {
  await Promise.all(
    plugins.map(async (plugin) => {
      try {
        await plugin.hooks[hook]?.();
      } catch (error) {
        failed(plugin, error);
      }
    }),
  );
}

function builtInName(path: string): string | undefined {
  if (library.test(path)) return replacements[baseName(path).replace(library, '')];
  if (!path.startsWith(prefix)) return undefined;
  const name = path.slice(prefix.length);
  if (Object.hasOwn(builtIn, name)) return name;
  const known = Object.keys(builtIn).map((each) => prefix + each);
  throw new PluginLoadError(path, `There is no such plugin here, but ${known.join(', ')}.`);
}

/** Also of a path that was written for Windows. */
function baseName(path: string): string {
  return path.split(/[/\\]/).at(-1)!;
}

/** @returns its whole path */
async function findFile(path: string): Promise<string> {
  if (library.test(path)) {
    throw new PluginLoadError(
      path,
      'Libraries in C cannot be loaded: write its hooks in TypeScript or JavaScript, and name ' +
        'that file (docs/plugins.md shows how).',
    );
  }
  if (!script.test(path)) {
    throw new PluginLoadError(path, 'Name a file that ends in .ts, .js or .mjs, or pantala:NAME.');
  }
  const file = resolve(path);
  const lack = await lackOfFile(file);
  if (lack === undefined) return file;
  const where = file === path ? '' : ` It is looked for as '${file}'.`;
  throw new PluginLoadError(path, lack + where);
}

async function lackOfFile(file: string): Promise<string | undefined> {
  const nowhere = 'There is no such file: check the name.';
  try {
    if (!(await stat(file)).isFile()) return nowhere;
    await access(file, constants.R_OK);
    return undefined;
  } catch (error) {
    const { code = '' } = error as NodeJS.ErrnoException;
    if (code === 'ENOENT' || code === 'ENOTDIR') return nowhere;
    return `It cannot be read (${code}): check who may read the file and look into its folders.`;
  }
}

async function importFile(file: string, path: string): Promise<Readonly<Record<string, unknown>>> {
  try {
    return await import(pathToFileURL(file).href);
  } catch (error) {
    throw new PluginLoadError(path, remedyFor(error, path), { cause: error });
  }
}

function remedyFor(error: unknown, path: string): string {
  const { code, message = String(error) } = Object(error);
  const because = firstLine(String(message));
  switch (code) {
    case 'ERR_UNSUPPORTED_TYPESCRIPT_SYNTAX':
      return (
        'Node runs TypeScript by leaving out types, so use no enum, namespace, decorator or ' +
        `parameter property: ${because}`
      );
    case 'ERR_INVALID_TYPESCRIPT_SYNTAX':
      return `It is no valid TypeScript: ${because}`;
    case 'ERR_UNSUPPORTED_NODE_MODULES_TYPE_STRIPPING':
      return 'Node runs no TypeScript below node_modules: name its JavaScript, or move the file.';
    case 'ERR_MODULE_NOT_FOUND':
    case 'MODULE_NOT_FOUND':
      return `It imports what is not there: install that next to '${path}'. ${because}`;
    default:
      return `It failed while it was loaded: ${because}`;
  }
}

function firstLine(text: string): string {
  return text.split('\n', 1)[0].slice(0, 300);
}

async function hooksOf(
  exported: Readonly<Record<string, unknown>>,
  source: PluginSource,
): Promise<unknown> {
  // `module.exports` of a CommonJS module is a default export, too.
  const { default: main } = exported;
  const createHooks = exported.createHooks ?? Object(main).createHooks;
  if (typeof createHooks === 'function') return await create(createHooks as CreateHooks, source);
  const hooks = exported.hooks ?? Object(main).hooks;
  if (hooks !== undefined) return hooks;
  if (typeof main === 'function') return await create(main as CreateHooks, source);
  if (main !== undefined) return main;
  throw new PluginLoadError(
    source.path,
    "It exports neither 'hooks' nor 'createHooks': write 'export const hooks = { … };'.",
  );
}

async function create(createHooks: CreateHooks, source: PluginSource): Promise<Hooks> {
  const { path, options, broker, deadlineSeconds = deadlineSecondsDefault } = source;
  const { promise: late, reject } = Promise.withResolvers<never>();
  const timer = setTimeout(
    () => reject(new Error(`createHooks has taken longer than ${deadlineSeconds} s`)),
    deadlineSeconds * 1000,
  );
  try {
    return await Promise.race([createHooks(options, broker), late]);
  } catch (error) {
    const isOption = error instanceof PluginOptionError;
    const because = firstLine(String(Object(error).message ?? error));
    const remedy = isOption ? `${because}.` : `It failed while it was started: ${because}`;
    throw new PluginLoadError(path, remedy, { cause: error });
  } finally {
    clearTimeout(timer);
  }
}

/**
 * The hooks as a plain object, each bound to what it was a method of: nobody who copies them loses
 * one. A name that is spelled wrong would never be called, which may let anybody in.
 */
function checked(hooks: unknown, path: string): Hooks {
  if (typeof hooks !== 'object' || hooks === null) {
    throw new PluginLoadError(path, 'Its hooks are no object: export { authenticate: … }.');
  }
  const record = hooks as Readonly<Record<string, unknown>>;
  for (const name of hookNames) {
    if (record[name] === undefined || typeof record[name] === 'function') continue;
    throw new PluginLoadError(path, `Its hook '${name}' is no function.`);
  }
  const known: readonly string[] = hookNames;
  const unknown = Object.keys(record).find(
    (name) => typeof record[name] === 'function' && !known.includes(name),
  );
  if (unknown !== undefined) {
    throw new PluginLoadError(
      path,
      `There is no hook '${unknown}': there are ${hookNames.join(', ')}.`,
    );
  }
  const used = hookNames.filter((name: HookName) => record[name] !== undefined);
  if (used.length > 0) {
    return Object.fromEntries(
      used.map((name) => [name, (record[name] as CallableFunction).bind(hooks)]),
    );
  }
  throw new PluginLoadError(path, `It has none of the hooks ${hookNames.join(', ')}.`);
}
