/** `-L mqtt://[USERNAME[:PASSWORD]@]HOST[:PORT]/TOPIC`: where to connect, and what to read. */

import { UsageError } from './usage-error.ts';

export type ClientScheme = 'mqtt' | 'mqtts' | 'ws' | 'wss';

export interface ClientUrl {
  readonly scheme: ClientScheme;
  readonly userName: string | undefined;
  readonly password: string | undefined;
  readonly host: string;
  readonly port: string | undefined;
  readonly topic: string;
}

// No part is decoded: what `%40` or `#` stands for here is itself, as in Mosquitto's tools.
const form =
  /^(?<scheme>mqtts?|wss?):\/\/(?:(?<userName>[^:@/]*)(?::(?<password>[^@/]*))?@)?(?<host>\[[^\]]*\]|[^:/]*)(?::(?<port>[^/]*))?(?:\/(?<topic>.*))?$/i;

/** @throws UsageError */
export function parseClientUrl(url: string): ClientUrl {
  const { scheme, userName, password, host, port, topic } = form.exec(url)?.groups ?? {};
  if (host === undefined) {
    throw new UsageError(
      'Unsupported URL scheme: write mqtt://HOST:PORT/TOPIC, or mqtts, ws or wss in its place.',
    );
  }
  if (topic === undefined) {
    throw new UsageError('Invalid URL for -L argument specified - topic missing.');
  }
  return {
    scheme: scheme.toLowerCase() as ClientScheme,
    userName,
    password,
    host: host.replace(/^\[(.*)\]$/, '$1') || 'localhost',
    port,
    topic,
  };
}
