/** The files that the options of a listener name. */

import type { ListenerConfig } from './config.ts';

/** Those that say who may come in, and how it is encrypted; folders too. */
export function materialFiles({ access, ...listener }: ListenerConfig): string[] {
  const { certfile, keyfile, cafile, capath, crlfile } = listener;
  const { passwordFile, aclFile, pskFile } = access;
  return [certfile, keyfile, cafile, capath, crlfile, passwordFile, aclFile, pskFile].filter(
    (path) => path !== undefined,
  );
}

/** All that is read; folders too. */
export function listenerFiles(listener: ListenerConfig): string[] {
  const { access, httpDir } = listener;
  const modules = access.plugins.map(({ path }) => path);
  return [
    ...materialFiles(listener),
    ...(httpDir === undefined ? [] : [httpDir]),
    ...modules.filter((path) => !path.startsWith('pantala:')),
  ];
}
