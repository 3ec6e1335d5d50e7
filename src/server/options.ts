/** Every option of mosquitto.conf: where a name in a configuration file leads. */

import { accessOptions } from './access-options.ts';
import { generalOptions } from './general-options.ts';
import { listenerOptions } from './listener-options.ts';
import type { Option, ValueOption } from './option.ts';
import { structureOptions } from './structure-options.ts';
import { tlsOptions } from './tls-options.ts';
import { unservedOptions } from './unserved-options.ts';

/** All that one listener has a value for. */
export const endpointOptions = { ...listenerOptions, ...tlsOptions } as const;

/** Options that Mosquitto has given up itself; they are passed over with a warning. */
const withdrawnOptions: Readonly<Record<string, string>> = {
  dhparamfile: 'dhparamfile is no longer required.',
  retry_interval: "The 'retry_interval' option is no longer available.",
  store_clean_interval: "The 'store_clean_interval' option is no longer available.",
};

export type GeneralOptionName = keyof typeof generalOptions;
export type AccessOptionName = keyof typeof accessOptions;
export type EndpointOptionName = keyof typeof endpointOptions;
export type StructureOptionName = keyof typeof structureOptions;

/** Where a name in a configuration file leads. */
export type FoundOption =
  | { readonly scope: 'general'; readonly name: GeneralOptionName; readonly option: ValueOption }
  | { readonly scope: 'access'; readonly name: AccessOptionName; readonly option: ValueOption }
  | { readonly scope: 'listener'; readonly name: EndpointOptionName; readonly option: ValueOption }
  | { readonly scope: 'structure'; readonly name: StructureOptionName; readonly option: Option }
  | { readonly scope: 'withdrawn'; readonly warning: string }
  | { readonly scope: 'unserved'; readonly remedy: string; readonly off: string | undefined };

/** Looks up a name as it stands in a configuration file; undefined when no such option exists. */
export function findOption(name: string): FoundOption | undefined {
  const known = index.get(name);
  if (known !== undefined) return known;
  return open.find(({ prefix }) => name.startsWith(prefix))?.found;
}

/** All names that may stand in a configuration file, served or not. */
export function optionNames(): string[] {
  return [...index.keys()];
}

const index = buildIndex();
// Names that go on as the user likes: plugin_opt_*.
const open = [...index]
  .filter(([name]) => name.endsWith('*'))
  .map(([name, found]) => ({ prefix: name.slice(0, -1), found }));

function buildIndex(): ReadonlyMap<string, FoundOption> {
  const names = new Map<string, FoundOption>();
  const add = (name: string, option: Option, found: FoundOption) => {
    for (const key of [name, ...(option.aliases ?? [])]) names.set(key, found);
  };
  for (const [name, option] of entriesOf<GeneralOptionName, ValueOption>(generalOptions)) {
    add(name, option, { scope: 'general', name, option });
  }
  for (const [name, option] of entriesOf<AccessOptionName, ValueOption>(accessOptions)) {
    add(name, option, { scope: 'access', name, option });
  }
  for (const [name, option] of entriesOf<EndpointOptionName, ValueOption>(endpointOptions)) {
    add(name, option, { scope: 'listener', name, option });
  }
  for (const [name, option] of entriesOf<StructureOptionName, Option>(structureOptions)) {
    add(name, option, { scope: 'structure', name, option });
  }
  for (const [name, warning] of Object.entries(withdrawnOptions)) {
    names.set(name, { scope: 'withdrawn', warning });
  }
  for (const { options, remedy, off } of unservedOptions) {
    for (const name of Object.keys(options)) names.set(name, { scope: 'unserved', remedy, off });
  }
  return names;
}

function entriesOf<Name extends string, Value>(table: Readonly<Record<Name, Value>>) {
  return Object.entries(table) as [Name, Value][];
}
