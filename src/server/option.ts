/** The kinds of options in mosquitto.conf, and the types of their values. */

/** What an option says of itself, whatever its kind. */
interface Described {
  /** The first version of Pantala that serves it. */
  readonly since: string;
  /** Whether a reload of the configuration changes it. */
  readonly reload: boolean;
  /** One sentence for docs/configuration.md. */
  readonly help: string;
  /** True when, as in Mosquitto, it makes no default listener by itself. */
  readonly needsListener?: boolean;
  /** What to use instead, where Mosquitto will give it up. */
  readonly deprecated?: string;
  /** True when it is Pantala's own: Mosquitto does not know it. */
  readonly own?: boolean;
  /** Other names that Mosquitto accepts for it. */
  readonly aliases?: readonly string[];
}

/** `true` or `1`, `false` or `0`. */
export interface FlagOption extends Described {
  readonly type: 'flag';
  readonly default: boolean | undefined;
}

/** A whole number. */
export interface IntegerOption extends Described {
  readonly type: 'integer';
  readonly default: number | undefined;
  /** A smaller value is taken as this one. */
  readonly floor?: number;
  /** A larger value is taken as this one. */
  readonly ceiling?: number;
  /** A smaller value is refused. */
  readonly min?: number;
  /** A larger value is refused; by default one of more than 31 bits. */
  readonly max?: number;
  /** Mosquitto's words for a refused value, `%d`. */
  readonly refusal?: string;
}

/** One of a few words. */
export interface ChoiceOption extends Described {
  readonly type: 'choice';
  readonly default: string | undefined;
  readonly values: readonly string[];
  /** Words that Mosquitto knows and Pantala does not serve yet. */
  readonly unserved?: readonly string[];
  /** Mosquitto's words for a refused value, `%s`, where they differ from the usual ones. */
  readonly refusal?: string;
}

/** The rest of the line. */
export interface TextOption extends Described {
  readonly type: 'text';
  readonly default: string | undefined;
  /** Characters at most. */
  readonly charactersMax?: number;
  /** True when further lines with it replace the value; else they are refused. */
  readonly lastCounts?: boolean;
}

/** The path of a file or directory, the rest of the line; it may stand in double quotes. */
export interface PathOption extends Described {
  readonly type: 'path';
  readonly default: string | undefined;
  /** True when it must end in the name of a file. */
  readonly isFile?: boolean;
  readonly lastCounts?: boolean;
}

/** A count and one of `s h d w m y`; its value is in seconds. */
export interface DurationOption extends Described {
  readonly type: 'duration';
  readonly default: number | undefined;
}

/** An option with a syntax of its own. */
export interface StructureOption extends Described {
  readonly type: 'structure';
  readonly syntax: string;
  readonly default: string | undefined;
}

/** An option with one value that becomes a setting. */
export type ValueOption =
  | FlagOption
  | IntegerOption
  | ChoiceOption
  | TextOption
  | PathOption
  | DurationOption;

export type Option = ValueOption | StructureOption;

/** The settings that a table of options makes: `max_qos` becomes `maxQos`. */
export type SettingsOf<Table extends Record<string, ValueOption>> = {
  -readonly [Name in keyof Table & string as CamelCase<Name>]: SettingOf<Table[Name]>;
};

type CamelCase<Name extends string> = Name extends `${infer Head}_${infer Tail}`
  ? `${Head}${Capitalize<CamelCase<Tail>>}`
  : Name extends `${infer Head}.${infer Tail}`
    ? `${Head}${Tail}`
    : Name;

type SettingOf<O extends ValueOption> =
  | ValueOf<O>
  | (O['default'] extends undefined ? undefined : never);

type ValueOf<O extends ValueOption> = O extends FlagOption
  ? boolean
  : O extends ChoiceOption
    ? O['values'][number]
    : O extends TextOption | PathOption
      ? string
      : number;

/** The name of the setting that an option makes: `max_qos` → `maxQos`. */
export function settingName(optionName: string): string {
  return optionName.replace(/[_.](.)/g, (_, letter: string) => letter.toUpperCase());
}

/** The settings of `table` when nothing is configured. */
export function defaultSettings<Table extends Record<string, ValueOption>>(
  table: Table,
): SettingsOf<Table> {
  const settings: Record<string, unknown> = {};
  for (const [name, option] of Object.entries(table)) settings[settingName(name)] = option.default;
  return settings as SettingsOf<Table>;
}
