/** Why a plugin of the configuration cannot be used. */

export class PluginLoadError extends Error {
  override readonly name = 'PluginLoadError';
  /** What the operator can do, as a sentence. */
  readonly remedy: string;

  /** The message is in Mosquitto's words, without the `Error: ` before them. */
  constructor(path: string, remedy: string, options?: ErrorOptions) {
    super(`Unable to load plugin "${path}".`, options);
    this.remedy = remedy;
  }
}

/** An option of a plugin that is missing, wrong or not known. */
export class PluginOptionError extends Error {
  override readonly name = 'PluginOptionError';
}
