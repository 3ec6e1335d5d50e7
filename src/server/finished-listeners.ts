/** Makes listeners of what a configuration has said of them, of access and of plugins. */

import { type AccessDraft, accessFilesOf } from './access-draft.ts';
import type { AccessConfig, ConfigFault, ListenerConfig, Place, PluginConfig } from './config.ts';
import { contradictionsOf, type ListenerDraft } from './listener-draft.ts';
import type { PluginDraft } from './plugin-draft.ts';

interface AccessOfAll {
  /** What holds for every listener, as far as it has nothing of its own. */
  readonly common: AccessDraft;
  /** `per_listener_settings` */
  readonly isPerListener: boolean;
  readonly localOnly: boolean;
}

/** @param fault is told what is wrong with options taken together */
export function finishListeners(
  drafts: readonly ListenerDraft[],
  access: AccessOfAll,
  fault: (fault: ConfigFault) => void,
): ListenerConfig[] {
  // A plugin that several listeners use is one and the same.
  const finished = new Map<PluginDraft, PluginConfig>();
  const finishPlugin = (draft: PluginDraft): PluginConfig => {
    const known = finished.get(draft) ?? draft.finish();
    finished.set(draft, known);
    return known;
  };
  return drafts.map((draft) => finishListener(draft, { access, finishPlugin, fault }));
}

interface Finishing {
  readonly access: AccessOfAll;
  readonly finishPlugin: (draft: PluginDraft) => PluginConfig;
  readonly fault: (fault: ConfigFault) => void;
}

function finishListener(draft: ListenerDraft, finishing: Finishing): ListenerConfig {
  const { port, host, socketPath, versions, origins, places } = draft;
  const { listenerAllowAnonymous, listenerAutoIdPrefix, ...settings } = draft.settings;
  const access = finishAccess(draft, finishing);
  const all = new Map([...access.places, ...places]);
  for (const { option, message, remedy } of contradictionsOf(draft.settings)) {
    finishing.fault({ ...placeOf(all, option), message, remedy });
  }
  return {
    ...settings,
    port,
    host,
    socketPath,
    access: access.config,
    acceptProtocolVersions: versions,
    websocketsOrigins: origins,
    places: all,
  };
}

function finishAccess(
  { settings, access: own }: ListenerDraft,
  { access: { common, isPerListener, localOnly }, finishPlugin, fault }: Finishing,
): { readonly config: AccessConfig; readonly places: ReadonlyMap<string, Place> } {
  const base = isPerListener ? own : common;
  const plugins = [...common.plugins, ...own.plugins];
  const { passwordFile, aclFile, places } = accessFilesOf(base, plugins, fault);
  const config: AccessConfig = {
    ...base.settings,
    passwordFile,
    aclFile,
    allowAnonymous: settings.listenerAllowAnonymous ?? base.settings.allowAnonymous ?? localOnly,
    autoIdPrefix: settings.listenerAutoIdPrefix ?? base.settings.autoIdPrefix,
    plugins: plugins.filter(runsAsPlugin).map(finishPlugin),
  };
  return { config, places };
}

/** The others have become files and settings. */
function runsAsPlugin({ builtIn }: PluginDraft): boolean {
  return builtIn === undefined || builtIn === 'sparkplug-aware';
}

function placeOf(places: ReadonlyMap<string, Place>, option: string) {
  return places.get(option) ?? { file: 'the default listener', line: undefined };
}
