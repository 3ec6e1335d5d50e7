/** The files that the options of a listener name. */

import type { ListenerConfig } from './config.ts';

/** All that is read; folders too. */
export function listenerFiles(listener: ListenerConfig): string[] {
  const { access, certfile, keyfile, cafile, capath, crlfile, httpDir } = listener;
  const { passwordFile, aclFile, pskFile, plugins } = access;
  const modules = plugins.map(({ path }) => path).filter((path) => !path.startsWith('pantala:'));
  return [certfile, keyfile, cafile, capath, crlfile, httpDir, passwordFile, aclFile, pskFile]
    .filter((path) => path !== undefined)
    .concat(modules);
}
