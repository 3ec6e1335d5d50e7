/** `--proxy socks5h://[USERNAME[:PASSWORD]@]HOST[:PORT]`: the way through a proxy. */

import type { SocksProxy } from '../transport/socks5.ts';
import { UsageError } from './usage-error.ts';

const defaultProxyPort = 1080;

const form =
  /^(?:(?<userName>[^:@]*)(?::(?<password>[^@]*))?@)?(?<host>\[[^\]]*\]|[^:[\]]+)(?::(?<port>.*))?$/;

/** @throws UsageError */
export function parseProxyUrl(url: string): SocksProxy {
  const scheme = 'socks5h://';
  if (!url.startsWith(scheme)) throw new UsageError(`Unsupported proxy protocol: ${url}`);
  const { userName, password, host, port } = form.exec(url.slice(scheme.length))?.groups ?? {};
  if (host === undefined || host === '[]') throw new UsageError('Invalid proxy.');
  if (password?.includes(':')) throw new UsageError("Username cannot contain ':'.");
  return {
    host: host.replace(/^\[(.*)\]$/, '$1'),
    port: port === undefined ? defaultProxyPort : portNumber(port),
    userName: userName && decoded(userName),
    password: password && decoded(password),
  };
}

function portNumber(text: string): number {
  const port = /^\d+$/.test(text) ? Number(text) : 0;
  if (port >= 1 && port <= 65_535) return port;
  throw new UsageError(`Invalid proxy port ${text}`);
}

const codes: Readonly<Record<string, string>> = { '%25': '%', '%3A': ':', '%40': '@' };

/** @throws UsageError for whatever else begins with `%` */
function decoded(text: string): string {
  return text.replace(/%.{0,2}/g, (code) => {
    const upper = code.toUpperCase();
    if (Object.hasOwn(codes, upper)) return codes[upper];
    throw new UsageError(`Invalid proxy: '${code}' is none of %25, %3A and %40.`);
  });
}
