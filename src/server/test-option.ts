/** What tests of options say of one. */

/** A line, what it makes of a setting, and lines that are refused. */
export interface OptionCase<Setting> {
  readonly line: string;
  readonly setting: Setting;
  readonly value: unknown;
  readonly default: unknown;
  /** The message about each wrong line. */
  readonly wrong: Readonly<Record<string, string>>;
}

export function flagCase<Setting>(
  setting: Setting,
  name: string,
  fallback: unknown,
): OptionCase<Setting> {
  return {
    line: `${name} ${fallback === true ? 'false' : 'true'}`,
    setting,
    value: fallback !== true,
    default: fallback,
    wrong: {
      [name]: `Empty '${name}' value in configuration.`,
      [`${name} yes`]: `Invalid '${name}' value (yes).`,
    },
  };
}

interface CountOptions {
  readonly fallback: number | undefined;
  readonly value?: number;
  readonly wrong?: Readonly<Record<string, string>>;
}

export function countCase<Setting>(
  setting: Setting,
  name: string,
  { fallback, value = 77, wrong = {} }: CountOptions,
): OptionCase<Setting> {
  return {
    line: `${name} ${value}`,
    setting,
    value,
    default: fallback,
    wrong: {
      [name]: `Empty '${name}' value in configuration.`,
      [`${name} many`]: `'${name}' value not a number.`,
      [`${name} 99999999999999999999`]: `'${name}' value out of range.`,
      ...wrong,
    },
  };
}

export function textCase<Setting>(
  setting: Setting,
  name: string,
  { fallback, value = 'a b' }: { fallback?: string; value?: string } = {},
): OptionCase<Setting> {
  return {
    line: `${name} ${value}`,
    setting,
    value,
    default: fallback,
    wrong: {
      [name]: `Empty '${name}' value in configuration.`,
      [`${name} \u{fffd}`]: 'Malformed UTF-8 in configuration.',
    },
  };
}
