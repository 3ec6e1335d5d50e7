/** `-L mqtt://[USERNAME[:PASSWORD]@]HOST[:PORT]/TOPIC`: where to connect, and what to read. */

import { UsageError } from './usage-error.ts';

export interface ClientUrl {
  readonly userName: string | undefined;
  readonly password: string | undefined;
  readonly host: string;
  readonly port: string | undefined;
  readonly topic: string;
}

// No part is decoded: what `%40` or `#` stands for here is itself, as in Mosquitto's tools.
const form =
  /^mqtt:\/\/(?:(?<userName>[^:@/]*)(?::(?<password>[^@/]*))?@)?(?<host>\[[^\]]*\]|[^:/]*)(?::(?<port>[^/]*))?(?:\/(?<topic>.*))?$/i;

/** @throws UsageError */
export function parseClientUrl(url: string): ClientUrl {
  if (/^mqtts:/i.test(url)) {
    throw new UsageError(`${url} asks for TLS, which is not served yet: use mqtt://.`);
  }
  const { userName, password, host, port, topic } = form.exec(url)?.groups ?? {};
  if (host === undefined) {
    throw new UsageError(`unsupported URL scheme in '${url}': write mqtt://HOST:PORT/TOPIC.`);
  }
  if (topic === undefined) {
    throw new UsageError('Invalid URL for -L argument specified - topic missing.');
  }
  return {
    userName,
    password,
    host: host.replace(/^\[(.*)\]$/, '$1') || 'localhost',
    port,
    topic,
  };
}
