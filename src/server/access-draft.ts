/** Who may come in, and do what, while a configuration is being read. */

import { accessOptions } from './access-options.ts';
import type { ConfigFault, Place } from './config.ts';
import { defaultSettings } from './option.ts';
import { readQuoted } from './option-value.ts';
import type { BuiltInPlugin, PluginDraft } from './plugin-draft.ts';

/** The options of access of the whole broker, or of one listener. */
export class AccessDraft {
  readonly settings = defaultSettings(accessOptions);
  readonly places = new Map<string, Place>();
  readonly plugins: PluginDraft[] = [];
}

/** The options whose files Mosquitto's plugins of that name read as well. */
const fileOptions = [
  { plugin: 'password-file', option: 'password_file', setting: 'passwordFile' },
  { plugin: 'acl-file', option: 'acl_file', setting: 'aclFile' },
] as const satisfies readonly { plugin: BuiltInPlugin; option: string; setting: string }[];

interface AccessFiles {
  readonly passwordFile: string | undefined;
  readonly aclFile: string | undefined;
  readonly places: ReadonlyMap<string, Place>;
}

/**
 * The files of one listener, which options or plugins may name.
 *
 * @param fault is told where both name one, or a plugin none
 */
export function accessFilesOf(
  { settings, places: optionPlaces }: AccessDraft,
  plugins: readonly PluginDraft[],
  fault: (fault: ConfigFault) => void,
): AccessFiles {
  const files: Partial<Record<(typeof fileOptions)[number]['setting'], string>> = {};
  const places = new Map(optionPlaces);
  for (const { plugin, option, setting } of fileOptions) {
    files[setting] = settings[setting];
    for (const draft of plugins.filter(({ builtIn }) => builtIn === plugin)) {
      const text = draft.option(option);
      if (text === undefined) {
        fault(faultOf(draft, 'plugin', missingFile(draft, option)));
        continue;
      }
      const path = readQuoted(option, text);
      if (files[setting] !== undefined && files[setting] !== path) {
        fault(faultOf(draft, option, `Keep one file: '${files[setting]}' is given as well.`));
      }
      files[setting] = path;
      places.set(option, draft.place);
    }
  }
  const { passwordFile, aclFile } = files;
  return { passwordFile, aclFile, places };
}

function missingFile({ path }: PluginDraft, option: string): string {
  return `Write 'plugin_opt_${option} FILE' below 'plugin ${path}'.`;
}

function faultOf({ path, place }: PluginDraft, option: string, remedy: string): ConfigFault {
  const message =
    option === 'plugin'
      ? `Unable to load plugin "${path}".`
      : `Duplicate '${option}' value in configuration.`;
  return { ...place, message, remedy, isPlugin: option === 'plugin' };
}
