/** One line of an ACL file, and sets of them that find the one which decides. */

import type { ClientIdentity } from '../broker/ports.ts';
import { FilterIndex } from '../topic/filter-index.ts';
import { covers, overlaps } from '../topic/filter-overlap.ts';
import { hasWildcard } from '../topic/topic-filter.ts';
import { levelEnd } from '../topic/topic-levels.ts';

/** What a line says of a topic. */
export type Grant = 'read' | 'write' | 'readwrite' | 'deny';

/** What a client wants to do with a topic: get messages, or publish. */
export type Wish = 'read' | 'write';

export interface AclRule {
  /** In the file, from 1. */
  readonly line: number;
  readonly keyword: 'topic' | 'pattern';
  readonly grant: Grant;
  readonly filter: string;
}

/** The `topic` lines of one user, or those for clients without a name. */
export class TopicRules {
  readonly #index = new FilterIndex<AclRule>();
  readonly #rules: AclRule[] = [];
  // For one call of `deciding`; kept here so that no call makes a closure.
  #wish: Wish = 'read';
  #found: AclRule | undefined;
  readonly #visit = (rule: AclRule): void => {
    if (decidesOn(rule, this.#wish)) this.#found = prevailing(this.#found, rule);
  };

  add(rule: AclRule): void {
    this.#index.add(rule.filter, rule);
    this.#rules.push(rule);
  }

  /** The rule by which a subscription to the filter gets nothing or something; else undefined. */
  decidingOnFilter(filter: string): AclRule | undefined {
    return decidingOnFilter(this.#rules, (rule) => rule.filter, filter);
  }

  /** The rule that denies or grants it; undefined when none says anything of it. */
  deciding(wish: Wish, topic: string): AclRule | undefined {
    this.#wish = wish;
    this.#found = undefined;
    this.#index.match(topic, this.#visit);
    return this.#found;
  }
}

/** The `pattern` lines, which are for everybody. */
export class PatternRules {
  readonly #rules: PatternRule[] = [];

  add(rule: AclRule): void {
    this.#rules.push(new PatternRule(rule));
  }

  /** The rule that denies or grants it; undefined when none says anything of it. */
  deciding(client: ClientIdentity, wish: Wish, topic: string): AclRule | undefined {
    let found: AclRule | undefined;
    for (const pattern of this.#rules) {
      const { rule } = pattern;
      if (!decidesOn(rule, wish) || !pattern.matches(client, topic)) continue;
      if (rule.grant === 'deny' || nameFault(rule, client) === undefined) {
        found = prevailing(found, rule);
      }
    }
    return found;
  }

  /** As in `TopicRules`. */
  decidingOnFilter(client: ClientIdentity, filter: string): AclRule | undefined {
    const rules = this.#rules
      .map(({ rule }) => rule)
      .filter((rule) => rule.grant === 'deny' || nameFault(rule, client) === undefined);
    return decidingOnFilter(rules, (rule) => substituted(rule.filter, client), filter);
  }

  /** A rule that would grant it if the client had another name. */
  withheld(client: ClientIdentity, wish: Wish, topic: string): AclRule | undefined {
    const wouldGrant = ({ rule }: PatternRule) => rule.grant !== 'deny' && decidesOn(rule, wish);
    return this.#rules.find((pattern) => wouldGrant(pattern) && pattern.matches(client, topic))
      ?.rule;
  }
}

/**
 * Why a pattern grants nothing to this client, or undefined. A name that stands for a wildcard
 * would open the topics of all others to it, and one with a '/' those below another's: a client
 * called `alice/door` may have nothing of what `pattern home/%c/#` gives to `alice`.
 */
export function nameFault({ filter }: AclRule, client: ClientIdentity): string | undefined {
  const { clientId, userName } = client;
  // Mosquitto denies these to all patterns, whether the name stands in them or not.
  if (userName !== undefined && hasWildcard(userName))
    return `user name '${userName}' has a + or #`;
  if (hasWildcard(clientId)) return `client id '${clientId}' has a + or #`;
  if (userName?.includes('/') && filter.includes('%u')) return `user name '${userName}' has a /`;
  if (clientId.includes('/') && filter.includes('%c')) return `client id '${clientId}' has a /`;
  return undefined;
}

/** `%c` and `%u` count where they are a whole level, as in Mosquitto 2.1. */
export function isSubstitution(level: string): boolean {
  return level === '%c' || level === '%u';
}

class PatternRule {
  readonly rule: AclRule;
  readonly #levels: readonly string[];
  readonly #isForSystem: boolean;
  readonly #needsUser: boolean;

  constructor(rule: AclRule) {
    this.rule = rule;
    this.#levels = rule.filter.split('/');
    this.#isForSystem = rule.filter.startsWith('$');
    this.#needsUser = rule.filter.includes('%u');
  }

  matches({ clientId, userName }: ClientIdentity, topic: string): boolean {
    if (userName === undefined && this.#needsUser) return false;
    // [MQTT-4.7.2-1], whatever the names begin with.
    if (topic.startsWith('$') !== this.#isForSystem) return false;
    let from = 0;
    for (const level of this.#levels) {
      if (level === '#') return true; // the parent level too
      if (from > topic.length) return false;
      if (level === '+') {
        from = levelEnd(topic, from) + 1;
        continue;
      }
      const text = level === '%u' ? userName! : level === '%c' ? clientId : level;
      if (text === '' && isSubstitution(level)) return false;
      if (!topic.startsWith(text, from)) return false;
      from += text.length;
      if (from < topic.length && topic.charCodeAt(from) !== 0x2f) return false;
      from += 1;
    }
    return from > topic.length;
  }
}

/** With the client's names in it; undefined where it lacks one. */
function substituted(filter: string, { clientId, userName = '' }: ClientIdentity) {
  const levels = filter.split('/').map((level) => {
    if (level === '%u') return userName;
    return level === '%c' ? clientId : level;
  });
  const isLacking = filter.split('/').some((level, i) => isSubstitution(level) && levels[i] === '');
  return isLacking ? undefined : levels.join('/');
}

/**
 * A denial of everything that the filter matches, or else a grant of something that it does: what a
 * denial leaves of it is found out message by message.
 */
function decidingOnFilter(
  rules: readonly AclRule[],
  filterOf: (rule: AclRule) => string | undefined,
  filter: string,
): AclRule | undefined {
  let found: AclRule | undefined;
  for (const rule of rules) {
    const its = filterOf(rule);
    if (its === undefined || !decidesOn(rule, 'read')) continue;
    const decides = rule.grant === 'deny' ? covers(its, filter) : overlaps(its, filter);
    if (decides) found = prevailing(found, rule);
  }
  return found;
}

function decidesOn({ grant }: AclRule, wish: Wish): boolean {
  return grant === 'deny' || grant === 'readwrite' || grant === wish;
}

/** A denial before a grant; the first of equals, so that the same rule is named each time. */
function prevailing(found: AclRule | undefined, rule: AclRule): AclRule {
  if (found === undefined) return rule;
  if ((found.grant === 'deny') !== (rule.grant === 'deny')) {
    return found.grant === 'deny' ? found : rule;
  }
  return found.line < rule.line ? found : rule;
}
