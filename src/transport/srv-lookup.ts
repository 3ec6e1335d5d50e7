/** Servers by the SRV records of DNS, in the order in which to try them. (RFC 2782) */

import type { SrvRecord } from 'node:dns';
import { resolveSrv } from 'node:dns/promises';

export interface SrvLookupOptions {
  /** @throws the error of DNS, such as ENOTFOUND, when there are none */
  readonly resolve?: (name: string) => Promise<readonly SrvRecord[]>;
  /** From 0 to less than 1. */
  readonly random?: () => number;
}

/**
 * @param name such as `_mqtt._tcp.example.com`
 * @returns none when the domain says that it has no such server
 * @throws the error of DNS, such as ENOTFOUND or ENODATA
 */
export async function lookupServers(
  name: string,
  { resolve = resolveSrv, random = Math.random }: SrvLookupOptions = {},
): Promise<{ host: string; port: number }[]> {
  const records = await resolve(name);
  const byPriority = Map.groupBy(records, ({ priority }) => priority);
  const priorities = [...byPriority.keys()].sort((one, other) => one - other);
  return (
    priorities
      .flatMap((priority) => byWeight(byPriority.get(priority)!, random))
      .map(({ name, port }) => ({ host: name.replace(/\.$/, ''), port }))
      // A target of "." says that the service is decidedly not there.
      .filter(({ host }) => host !== '')
  );
}

/** The heavier, the sooner, by chance; those of weight 0 have hardly any. */
function byWeight(records: readonly SrvRecord[], random: () => number): SrvRecord[] {
  const left = [...records].sort((one, other) => one.weight - other.weight);
  const ordered: SrvRecord[] = [];
  while (left.length > 0) {
    const sum = left.reduce((total, { weight }) => total + weight, 0);
    const chosen = Math.floor(random() * (sum + 1));
    let reached = 0;
    const at = left.findIndex(({ weight }) => {
      reached += weight;
      return reached >= chosen;
    });
    ordered.push(...left.splice(at, 1));
  }
  return ordered;
}
