/** What is wrong with the TLS settings of a listener, for the operator. */

export class TlsSettingsError extends Error {
  /** A sentence that says what to do. */
  readonly remedy: string;

  /** @param message in Mosquitto's words where it has some, without "Error: " */
  constructor(message: string, remedy: string) {
    super(message);
    this.remedy = remedy;
  }
}
