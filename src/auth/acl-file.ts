/**
 * Mosquitto's `acl_file`: who may publish to which topics, and get messages of which.
 *
 * What Mosquitto 2.1 makes of it, line by line:
 * - `topic [read|write|readwrite|deny] TOPIC` is for the user of the last `user NAME` above it, and
 *   for clients without a user name where there is none above. Several sections of one user are
 *   one. Without a word for the access it is readwrite; a topic with a blank in it needs the word.
 * - `pattern …` is the same for everybody, wherever it stands. `%c` and `%u` mean client id and
 *   user name where they are a whole level (2.0 replaced them anywhere in one).
 * - `#` as the very first character makes a comment. Words are parted by spaces, not tabs.
 * - The first line that is anything else ends the start.
 *
 * And how it decides on a topic, whatever the order of the lines:
 * 1. by the user's own lines: a `deny` that matches denies, else one that grants the access does;
 * 2. where these say nothing, by the patterns, in the same way. So a line of a user's own that
 *    grants prevails over a pattern that denies. A client whose user name or id has a `+` or `#` in
 *    it gets nothing by patterns; here, nor does one with a `/` by those that have it in them;
 * 3. where these say nothing either, it is denied. Who has no section has no lines of its own.
 *
 * Wildcards do not match topics that begin with `$`: these need a line that begins with it.
 * Subscriptions are not looked at. Every message is, before it goes to a subscriber: reading is
 * what is denied, and a subscription to `#` gets what may be read.
 */

import type { ClientIdentity } from '../broker/ports.ts';
import { filterFault } from '../topic/topic-filter.ts';
import {
  type AclRule,
  type Grant,
  isSubstitution,
  nameFault,
  PatternRules,
  TopicRules,
  type Wish,
} from './acl-rule.ts';
import { type FileFault, linesOf, withoutBlanks } from './file-lines.ts';

/** The rules of one file. */
export class Acl {
  /** What the rules are said to be from. */
  readonly path: string;
  /** In the order of the lines. The rules are those of all lines that are in order. */
  readonly faults: readonly FileFault[];
  readonly #users: ReadonlyMap<string, TopicRules>;
  readonly #anonymous: TopicRules;
  readonly #patterns: PatternRules;

  constructor(path: string, { users, anonymous, patterns, faults }: AclParts) {
    this.path = path;
    this.faults = faults;
    this.#users = users;
    this.#anonymous = anonymous;
    this.#patterns = patterns;
  }

  /**
   * On the path of each message. By one of 3 lines of a user's own it takes 120 ns, by one of 3
   * patterns after these 230. Own lines are found as subscriptions are, in a trie: 185 ns with 100
   * of them, where going through them one by one took 22 µs. Patterns are gone through: the last
   * of 100 takes 4 µs (bench/micro/acl-cases.ts).
   */
  allows(client: ClientIdentity, wish: Wish, topic: string): boolean {
    const rule = this.#deciding(client, wish, topic);
    return rule !== undefined && rule.grant !== 'deny';
  }

  /**
   * Whether a subscription to the filter would ever get anything. Mosquitto lets clients subscribe
   * to what they will get nothing of; here they are told.
   */
  allowsSubscription(client: ClientIdentity, filter: string): boolean {
    const rule = this.#decidingOnFilter(client, filter);
    return rule !== undefined && rule.grant !== 'deny';
  }

  /** The rule by which a subscription is refused, as in `explain`. */
  explainSubscription(client: ClientIdentity, filter: string): string {
    const rule = this.#decidingOnFilter(client, filter);
    return rule === undefined
      ? `no rule of ${this.path} lets it read any topic of the filter`
      : this.#place(rule);
  }

  /** The rule that decides, for people: `acl.conf:12 topic read home/#`. */
  explain(client: ClientIdentity, wish: Wish, topic: string): string {
    const rule = this.#deciding(client, wish, topic);
    if (rule !== undefined) return this.#place(rule);
    const withheld = this.#patterns.withheld(client, wish, topic);
    if (withheld === undefined) return `no rule of ${this.path} allows it`;
    return `${this.#place(withheld)} grants nothing, as the ${nameFault(withheld, client)}`;
  }

  #deciding(client: ClientIdentity, wish: Wish, topic: string): AclRule | undefined {
    return (
      this.#rulesOf(client)?.deciding(wish, topic) ?? this.#patterns.deciding(client, wish, topic)
    );
  }

  #decidingOnFilter(client: ClientIdentity, filter: string): AclRule | undefined {
    return (
      this.#rulesOf(client)?.decidingOnFilter(filter) ??
      this.#patterns.decidingOnFilter(client, filter)
    );
  }

  #place({ line, keyword, grant, filter }: AclRule): string {
    return `${this.path}:${line} ${keyword} ${grant} ${filter}`;
  }

  #rulesOf({ userName }: ClientIdentity): TopicRules | undefined {
    return userName === undefined ? this.#anonymous : this.#users.get(userName);
  }
}

interface AclParts {
  readonly users: ReadonlyMap<string, TopicRules>;
  readonly anonymous: TopicRules;
  readonly patterns: PatternRules;
  readonly faults: readonly FileFault[];
}

/**
 * Reads the text of an ACL file. It throws nothing: what is wrong stands in `faults`.
 *
 * @param path what messages and rules call the file
 */
export function parseAclFile(text: string, path = 'acl_file'): Acl {
  const draft = new AclDraft(path);
  for (const { line, text: entry } of linesOf(text)) draft.read(line, entry);
  return new Acl(path, draft);
}

class AclDraft implements AclParts {
  readonly users = new Map<string, TopicRules>();
  readonly anonymous = new TopicRules();
  readonly patterns = new PatternRules();
  readonly faults: FileFault[] = [];
  readonly #path: string;
  #section: TopicRules = this.anonymous;

  constructor(path: string) {
    this.#path = path;
  }

  read(line: number, text: string): void {
    const [keyword, rest] = firstWord(text);
    if (text.includes('\0')) {
      this.#fault(line, 'Invalid line', `null character.`, 'Is this an ACL file?');
    } else if (keyword === 'user') {
      this.#readUser(line, rest);
    } else if (keyword === 'topic' || keyword === 'pattern') {
      this.#readRule(line, keyword, rest);
    } else {
      const remedy = text.includes('\t')
        ? 'Part the words by spaces: a tab belongs to the word.'
        : "Write 'user NAME', 'topic [read|write|readwrite|deny] TOPIC' or 'pattern …'. " +
          "A comment has its '#' in the first column.";
      this.#fault(line, 'Invalid line', `${shortened(keyword)}.`, remedy);
    }
  }

  #readUser(line: number, rest: string): void {
    const name = withoutBlanks(rest);
    if (name === '') return this.#fault(line, 'Missing username', '', "Write 'user NAME'.");
    this.#section = this.users.get(name) ?? new TopicRules();
    this.users.set(name, this.#section);
  }

  #readRule(line: number, keyword: AclRule['keyword'], rest: string): void {
    const [first, second] = firstWord(rest);
    if (first === '') {
      return this.#fault(line, 'Empty topic', '', `Write '${keyword} read TOPIC', for example.`);
    }
    const hasGrant = withoutBlanks(second) !== '';
    const grant = hasGrant ? first : 'readwrite';
    if (!isGrant(grant)) {
      const remedy =
        'It is one of read, write, readwrite and deny. ' +
        'A topic with a blank in it needs one of them before it.';
      return this.#fault(line, `Invalid topic access type "${shortened(grant)}"`, '', remedy);
    }
    const filter = hasGrant ? withoutBlanks(second) : first;
    if (!hasGrant && isGrant(first)) {
      const message = `'${keyword} ${first}' is about a topic that is called '${first}'`;
      this.#warn(line, message, `Write '${keyword} ${first} TOPIC' if it is the access.`);
    }
    this.#addRule({ line, keyword, grant, filter });
  }

  #addRule(rule: AclRule): void {
    const { line, keyword, filter } = rule;
    // Messages have no such topics; it is not looked at as the shared subscription that it is not.
    if (filter.startsWith('$share')) {
      const remedy = 'Write the topic without $share and the group.';
      return this.#warn(line, `'${shortened(filter)}' is no topic of a message`, remedy);
    }
    const fault = filterFault(filter);
    if (fault !== undefined || Buffer.byteLength(filter) > filterBytesMax) {
      const remedy = sentence(fault ?? `a topic has at most ${filterBytesMax} bytes`);
      return this.#fault(line, `Invalid ACL topic "${shortened(filter)}"`, '', remedy);
    }
    if (keyword === 'pattern') this.#addPattern(rule);
    else this.#section.add(rule);
  }

  #addPattern(rule: AclRule): void {
    this.patterns.add(rule);
    const { line, filter } = rule;
    if (filter.split('/').some(isSubstitution)) return;
    const isPart = filter.includes('%c') || filter.includes('%u');
    const message = isPart
      ? `ACL pattern '${shortened(filter)}' has '%c' or '%u' within a level`
      : `ACL pattern '${shortened(filter)}' does not contain '%c' or '%u'`;
    const remedy = isPart
      ? 'They mean client id and user name as a whole level only, between two slashes.'
      : "It is for everybody as it is. Use 'topic' below a 'user' for one user.";
    this.#warn(line, message, remedy);
  }

  #fault(line: number, what: string, detail: string, remedy: string): void {
    const place = `${what} in acl_file "${this.#path}"`;
    const message = detail === '' ? `${place}.` : `${place}: ${detail}`;
    this.faults.push({ line, severity: 'error', message, remedy });
  }

  #warn(line: number, message: string, remedy: string): void {
    this.faults.push({ line, severity: 'warning', message: `${message}.`, remedy });
  }
}

const filterBytesMax = 65_535;
const grants: readonly string[] = ['read', 'write', 'readwrite', 'deny'] satisfies Grant[];

function isGrant(word: string): word is Grant {
  return grants.includes(word);
}

/** The first word, which only spaces end, and what follows them. */
function firstWord(text: string): [string, string] {
  let start = 0;
  while (text[start] === ' ') start += 1;
  const space = text.indexOf(' ', start);
  if (space === -1) return [text.slice(start), ''];
  return [text.slice(start, space), text.slice(space + 1)];
}

/** No more than fits a log line. */
function shortened(text: string): string {
  return text.length <= 80 ? text : `${text.slice(0, 80)}…`;
}

function sentence(text: string): string {
  return `${text.charAt(0).toUpperCase()}${text.slice(1)}.`;
}
