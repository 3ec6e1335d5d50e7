/** The names of Mosquitto's programs, under which this one acts as each of them. */

/** What each stands for. */
export const programNames: Readonly<Record<string, string>> = {
  mosquitto: 'serve',
  mosquitto_passwd: 'passwd',
  mosquitto_pub: 'pub',
  mosquitto_rr: 'rr',
  mosquitto_sub: 'sub',
};

/**
 * The one of these names that a program was called by, given what it was started from: a link, a
 * copy, or on Windows `mosquitto_pub.cmd`.
 */
export function programName(path: string): string | undefined {
  const file = path.slice(Math.max(path.lastIndexOf('/'), path.lastIndexOf('\\')) + 1);
  const name = file.toLowerCase().replace(/\.(?:cmd|exe)$/, '');
  return Object.hasOwn(programNames, name) ? name : undefined;
}
