/** What SIGUSR2 prints: who has subscribed to what, as a tree, in Mosquitto's form. */

/** One subscription, as the tree shows it. */
export interface ListedSubscription {
  readonly clientId: string;
  /** As the client wrote it, with `$share/…` where it is shared. */
  readonly filter: string;
  readonly qos: number;
}

/** One level of filters. */
interface Branch {
  readonly branches: Map<string, Branch>;
  /** `(client, QoS)` of each who has subscribed to exactly this. */
  readonly subscribers: string[];
}

/**
 * Lines, a level of a filter each, indented by its depth; ordinary subscriptions first, then the
 * shared ones, whose groups are levels as well.
 */
export function subscriptionTree(subscriptions: Iterable<ListedSubscription>): string {
  const ordinary = newBranch();
  const shared = newBranch();
  for (const { clientId, filter, qos } of subscriptions) {
    const root = filter.startsWith('$share/') ? shared : ordinary;
    let branch = root;
    for (const level of levelsOf(filter)) branch = childOf(branch, level);
    branch.subscribers.push(`(${clientId}, ${qos})`);
  }
  const lines: string[] = [];
  print(ordinary, 0, lines);
  print(shared, 0, lines);
  return lines.map((line) => `${line}\n`).join('');
}

/** A filter may have 32,768 levels; what is deeper than anybody reads stays in one line. */
function levelsOf(filter: string): string[] {
  const levels = filter.split('/');
  if (levels.length <= levelsMax) return levels;
  return [...levels.slice(0, levelsMax - 1), levels.slice(levelsMax - 1).join('/')];
}

const levelsMax = 200;

function newBranch(): Branch {
  return { branches: new Map(), subscribers: [] };
}

function childOf(branch: Branch, level: string): Branch {
  const known = branch.branches.get(level);
  if (known !== undefined) return known;
  const made = newBranch();
  branch.branches.set(level, made);
  return made;
}

function print({ branches }: Branch, depth: number, lines: string[]): void {
  for (const [level, branch] of branches) {
    const indent = ' '.repeat((depth + 2) * 2);
    lines.push(printable([indent + level, ...branch.subscribers].join(' ')));
    print(branch, depth + 1, lines);
  }
}

/** Filters and client identifiers cannot steer the terminal that the tree is printed on. */
function printable(line: string): string {
  return line.replaceAll(/\p{Cc}/gu, '\u{fffd}');
}
