/** Why a broker could not start, although its configuration is in order. */

/** Mosquitto's exit codes, where a test or a supervisor tells them apart. */
export const startExitCodes = {
  /** A port, a file, a user, a certificate, a key or a cipher list. */
  cannotStart: 1,
  /** A plugin that cannot be loaded. */
  plugin: 13,
} as const;

/** A port, a file or an address that the broker needs is not to be had. */
export class StartError extends Error {
  override readonly name = 'StartError';
  /** What the process ends with. */
  readonly exitCode: number;

  /** @param exitCode one of `startExitCodes` */
  constructor(message: string, exitCode: number = startExitCodes.cannotStart) {
    super(message);
    this.exitCode = exitCode;
  }
}
