/** Lists of filters that say what one client may publish and subscribe to. */

import { filterFault, matches, parseShare } from '../topic/topic-filter.ts';
import type { AuthorizeRequest, Decision } from './hooks.ts';

// More than any sane list has; each message is held against all of them.
const filtersMax = 1000;

export class TopicRights {
  readonly #publish: readonly string[];
  readonly #subscribe: readonly string[];

  private constructor(publish: readonly string[], subscribe: readonly string[]) {
    this.#publish = publish;
    this.#subscribe = subscribe;
  }

  /**
   * Reads `{ "publish": [FILTER, …], "subscribe": [FILTER, …] }`; a missing list is empty.
   * In a filter %c stands for the client identifier, and %u for the user name.
   *
   * @throws RangeError for anything else
   */
  static read(
    value: unknown,
    client: { readonly clientId: string; readonly userName: string | undefined },
  ): TopicRights {
    if (typeof value !== 'object' || value === null || Array.isArray(value)) {
      throw new RangeError('topic rights are no object with the lists publish and subscribe');
    }
    const { publish, subscribe } = value as Readonly<Record<string, unknown>>;
    return new TopicRights(
      filtersFrom(publish, 'publish', client),
      filtersFrom(subscribe, 'subscribe', client),
    );
  }

  decide({ access, topic }: Pick<AuthorizeRequest, 'access' | 'topic'>): Decision {
    switch (access) {
      case 'publish':
        return this.#publish.some((filter) => matches(filter, topic)) ? 'allow' : 'deny';
      case 'subscribe':
        return this.#subscribe.some((filter) => covers(filter, topic)) ? 'allow' : 'deny';
      case 'receive':
        return this.#subscribe.some((filter) => matches(filter, topic)) ? 'allow' : 'deny';
      default:
        return access satisfies never;
    }
  }
}

/** Whether every topic that belongs to the filter `asked` belongs to `granted`, too. */
export function covers(granted: string, asked: string): boolean {
  const [grants, asks] = [granted.split('/'), asked.split('/')];
  // [MQTT-4.7.2-1]
  if (asked.startsWith('$') && (grants[0] === '+' || grants[0] === '#')) return false;
  for (const [depth, grant] of grants.entries()) {
    if (grant === '#') return true;
    const ask = asks[depth];
    if (ask === undefined || ask === '#') return false;
    if (grant !== '+' && grant !== ask) return false;
  }
  return asks.length === grants.length;
}

function filtersFrom(
  list: unknown,
  name: string,
  { clientId, userName }: { readonly clientId: string; readonly userName: string | undefined },
): readonly string[] {
  if (list === undefined) return [];
  if (!Array.isArray(list) || list.length > filtersMax) {
    throw new RangeError(`the topic rights '${name}' are no list of at most ${filtersMax} filters`);
  }
  return list.flatMap((filter: unknown) => {
    if (typeof filter !== 'string' || filterFault(filter) !== undefined) {
      throw new RangeError(`the topic rights '${name}' have an entry that is no topic filter`);
    }
    if (parseShare(filter) !== undefined) {
      throw new RangeError(`the topic rights '${name}' have a $share: leave out $share/GROUP/`);
    }
    return substituted(filter, { clientId, userName }) ?? [];
  });
}

/** @returns undefined where a name is missing, or would be more than one level or a wildcard */
function substituted(
  filter: string,
  { clientId, userName }: { clientId: string; userName: string | undefined },
): string | undefined {
  if (!/%[cu]/.test(filter)) return filter;
  const values: Readonly<Record<string, string | undefined>> = { '%c': clientId, '%u': userName };
  let isSafe = true;
  const text = filter.replaceAll(/%[cu]/g, (name) => {
    const value = values[name];
    if (value === undefined || !/^[^$+#/][^+#/]*$/.test(value)) isSafe = false;
    return value ?? '';
  });
  return isSafe ? text : undefined;
}
