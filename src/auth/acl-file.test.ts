/** ACL files: how they are read, and how they decide. */

import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import fc from 'fast-check';
import type { ClientIdentity } from '../broker/ports.ts';
import { type Acl, parseAclFile } from './acl-file.ts';
import type { Wish } from './acl-rule.ts';

interface Who {
  readonly userName?: string;
  readonly clientId?: string;
}

const identity = ({ userName, clientId = 'c' }: Who = {}): ClientIdentity => {
  return { clientId, userName, peer: '192.0.2.1:1' };
};

interface Check extends Who {
  readonly acl: string;
  readonly topic: string;
  /** What is allowed: letters of `rw`. */
  readonly allowed: string;
}

/** A test whose name is the file on one line. */
function check({ acl, topic, allowed, ...who }: Check): void {
  const name = who.userName === undefined ? 'somebody' : `'${who.userName}'`;
  const id = who.clientId === undefined ? '' : ` as '${who.clientId}'`;
  const words = { '': 'nothing', r: 'reading', w: 'writing', rw: 'both' }[allowed];
  it(`[${acl.trim().replaceAll('\n', '; ')}] allows ${name}${id} ${words} of '${topic}'`, () => {
    const rules = parseAclFile(acl);
    assert.deepEqual(rules.faults, []);
    assert.equal(allowedBy(rules, who, topic), allowed);
  });
}

function allowedBy(rules: Acl, who: Who, topic: string): string {
  const may = (wish: Wish) => rules.allows(identity(who), wish, topic);
  return `${may('read') ? 'r' : ''}${may('write') ? 'w' : ''}`;
}

describe('the access of a line', () => {
  check({ acl: 'topic read a/b', topic: 'a/b', allowed: 'r' });
  check({ acl: 'topic write a/b', topic: 'a/b', allowed: 'w' });
  check({ acl: 'topic readwrite a/b', topic: 'a/b', allowed: 'rw' });
  check({ acl: 'topic a/b', topic: 'a/b', allowed: 'rw' });
  check({ acl: 'topic deny a/b', topic: 'a/b', allowed: '' });
  check({ acl: '', topic: 'a/b', allowed: '' });
  check({ acl: 'topic read a\ntopic write a', topic: 'a', allowed: 'rw' });
});

describe('the topic of a line', () => {
  check({ acl: 'topic a/b', topic: 'a/c', allowed: '' });
  check({ acl: 'topic a/b', topic: 'a/b/c', allowed: '' });
  check({ acl: 'topic a/+', topic: 'a/c', allowed: 'rw' });
  check({ acl: 'topic a/+', topic: 'a', allowed: '' });
  check({ acl: 'topic a/#', topic: 'a', allowed: 'rw' });
  check({ acl: 'topic a/#', topic: 'a/b/c', allowed: 'rw' });
  check({ acl: 'topic #', topic: 'a/b/c', allowed: 'rw' });
  check({ acl: 'topic read living room/#', topic: 'living room/lamp', allowed: 'r' });
  check({ acl: 'topic   read   living room/#  ', topic: 'living room/lamp', allowed: 'r' });
  check({ acl: '  topic a', topic: 'a', allowed: 'rw' });
  check({ acl: 'topic a\t', topic: 'a', allowed: 'rw' });
  check({ acl: 'topic %u', topic: '%u', userName: undefined, allowed: 'rw' });
});

describe('topics that begin with $ need a line that does', () => {
  check({ acl: 'topic #', topic: '$SYS/uptime', allowed: '' });
  check({ acl: 'topic +/uptime', topic: '$SYS/uptime', allowed: '' });
  check({ acl: 'topic read $SYS/#', topic: '$SYS/uptime', allowed: 'r' });
  check({ acl: 'topic read $SYS/#', topic: 'SYS/uptime', allowed: '' });
  check({
    acl: 'user u\ntopic read #\npattern read %u/#',
    topic: '$u/a',
    userName: '$u',
    allowed: '',
  });
  check({ acl: 'pattern write $x/%c/#', topic: '$x/c/state', allowed: 'w' });
});

describe('a section', () => {
  const acl =
    'topic everybody\nuser ann\ntopic hers\nuser bob c\ntopic his\nuser ann\ntopic more\n';
  check({ acl, topic: 'everybody', allowed: 'rw' });
  check({ acl, topic: 'everybody', userName: 'ann', allowed: '' });
  check({ acl, topic: 'hers', userName: 'ann', allowed: 'rw' });
  check({ acl, topic: 'more', userName: 'ann', allowed: 'rw' });
  check({ acl, topic: 'his', userName: 'ann', allowed: '' });
  check({ acl, topic: 'his', userName: 'bob c', allowed: 'rw' });
  check({ acl, topic: 'hers', allowed: '' });
  check({ acl, topic: 'everybody', userName: '', allowed: '' });
  check({ acl, topic: 'hers', userName: 'carol', allowed: '' });
  check({ acl: 'user ann\r\ntopic read a\r\n# no\r\n', topic: 'a', userName: 'ann', allowed: 'r' });
});

describe('a denial prevails, wherever it stands', () => {
  check({ acl: 'topic a/#\ntopic deny a/b', topic: 'a/b', allowed: '' });
  check({ acl: 'topic deny a/b\ntopic a/#', topic: 'a/b', allowed: '' });
  check({ acl: 'topic deny a/#\ntopic readwrite a/b', topic: 'a/b', allowed: '' });
  check({ acl: 'topic a/#\ntopic deny a/b', topic: 'a/c', allowed: 'rw' });
  check({ acl: 'pattern %c/#\npattern deny %c/x', topic: 'c/x', allowed: '' });
  check({ acl: 'pattern deny %c/x\npattern %c/#', topic: 'c/y', allowed: 'rw' });
});

describe('own lines prevail over patterns', () => {
  check({ acl: 'topic a/c\npattern deny a/%c', topic: 'a/c', allowed: 'rw' });
  check({ acl: 'topic deny a/c\npattern a/%c', topic: 'a/c', allowed: '' });
  check({ acl: 'topic read a/c\npattern write a/%c', topic: 'a/c', allowed: 'rw' });
  check({ acl: 'topic read a/c\npattern deny a/%c', topic: 'a/c', allowed: 'r' });
});

describe('a pattern', () => {
  const acl = 'user ann\npattern readwrite home/%u/%c/#';
  check({ acl, topic: 'home/ann/x/a', userName: 'ann', clientId: 'x', allowed: 'rw' });
  check({ acl, topic: 'home/ann/x', userName: 'ann', clientId: 'x', allowed: 'rw' });
  check({ acl, topic: 'home/ann/y/a', userName: 'ann', clientId: 'x', allowed: '' });
  check({ acl, topic: 'home/bob/x/a', userName: 'bob', clientId: 'x', allowed: 'rw' });
  check({ acl, topic: 'home/annx/x/a', userName: 'ann', clientId: 'x', allowed: '' });
  check({ acl, topic: 'home/an/x/a', userName: 'ann', clientId: 'x', allowed: '' });
  check({ acl, topic: 'home/%u/x/a', clientId: 'x', allowed: '' });
  check({ acl, topic: 'home//x/a', userName: '', clientId: 'x', allowed: '' });
  check({ acl: 'pattern +/%c', topic: 'a/c', allowed: 'rw' });
  check({ acl: 'pattern +/%c', topic: 'a/c/d', allowed: '' });
  check({ acl: 'pattern %c/+', topic: 'c', allowed: '' });
  check({ acl: 'pattern %c/+', topic: 'c/', allowed: 'rw' });
  check({ acl: 'pattern %c', topic: '%c', allowed: '' });
  check({ acl: 'pattern read a b/%c', topic: 'a b/c', allowed: 'r' });
});

describe('a name with special characters gets nothing that is not its own', () => {
  const acl = 'pattern home/%u/#\npattern tele/%c/#\npattern read public/%c';
  for (const name of ['+', '#', 'a+', 'a/#']) {
    check({ acl, topic: `home/${name}/x`, userName: name, allowed: '' });
    check({ acl, topic: `tele/${name}/x`, clientId: name, allowed: '' });
    check({ acl, topic: 'home/ann/x', userName: 'ann', clientId: name, allowed: '' });
  }
  check({ acl, topic: 'home/ann/door', userName: 'ann/door', allowed: '' });
  check({ acl, topic: 'home/ann/door/x', userName: 'ann/door', allowed: '' });
  check({ acl, topic: 'tele/c/x', clientId: 'c/x', allowed: '' });
  check({ acl, topic: 'tele/c', userName: 'ann/door', allowed: 'rw' });
  check({ acl: 'topic home/#\npattern home/%u', topic: 'home/a', clientId: '+', allowed: 'rw' });
  check({ acl: 'user a/b\ntopic x\npattern %u', topic: 'x', userName: 'a/b', allowed: 'rw' });

  it('and a pattern without its name in it is for it as well', () => {
    const rules = parseAclFile('pattern tele/%c/#\npattern tele/#');
    assert.equal(allowedBy(rules, { clientId: 'c/x' }, 'tele/c/x'), 'rw');
  });

  it('and a denial of its name holds', () => {
    const rules = parseAclFile('pattern home/#\npattern deny home/%c');
    assert.equal(allowedBy(rules, { clientId: 'a/b' }, 'home/a/b'), '');
    assert.equal(allowedBy(rules, { clientId: 'a/b' }, 'home/a/c'), 'rw');
  });
});

describe('a subscription', () => {
  const acl = parseAclFile(
    [
      'topic read public/#',
      'user ann',
      'topic read home/+/temperature',
      'topic deny home/cellar/#',
      'topic write log',
      'pattern read room/%u/%c',
      'pattern deny closed/#',
      'pattern read closed/lobby',
    ].join('\n'),
    'acl',
  );
  const ann = identity({ userName: 'ann', clientId: 'phone' });
  const cases: readonly [ClientIdentity, string, string | undefined][] = [
    [ann, '#', undefined],
    [ann, 'home/#', undefined],
    [ann, 'home/attic/+', undefined],
    [ann, 'home/attic/humidity', 'no rule of acl lets it read any topic of the filter'],
    [ann, 'home/cellar/temperature', 'acl:4 topic deny home/cellar/#'],
    [ann, 'home/cellar/#', 'acl:4 topic deny home/cellar/#'],
    [ann, 'log', 'no rule of acl lets it read any topic of the filter'],
    [ann, 'room/ann/#', undefined],
    [ann, 'room/bob/#', 'no rule of acl lets it read any topic of the filter'],
    [ann, 'closed/lobby', 'acl:7 pattern deny closed/#'],
    [ann, 'public/news', 'no rule of acl lets it read any topic of the filter'],
    [ann, '$SYS/#', 'no rule of acl lets it read any topic of the filter'],
    [identity(), 'public/news', undefined],
    [identity(), 'room/#', 'no rule of acl lets it read any topic of the filter'],
  ];
  for (const [client, filter, rule] of cases) {
    const name = client.userName ?? 'somebody';
    it(`of ${name} to ${filter} is ${rule === undefined ? 'granted' : `refused: ${rule}`}`, () => {
      assert.equal(acl.allowsSubscription(client, filter), rule === undefined);
      if (rule !== undefined) assert.equal(acl.explainSubscription(client, filter), rule);
    });
  }
});

describe('a line that is wrong', () => {
  const faulty: Readonly<Record<string, string>> = {
    topic: 'Empty topic in acl_file "acl".',
    'pattern  ': 'Empty topic in acl_file "acl".',
    'topic rw a/b': 'Invalid topic access type "rw" in acl_file "acl".',
    'topic living room': 'Invalid topic access type "living" in acl_file "acl".',
    'topic a/#/b': 'Invalid ACL topic "a/#/b" in acl_file "acl".',
    'topic read a+': 'Invalid ACL topic "a+" in acl_file "acl".',
    user: 'Missing username in acl_file "acl".',
    'users ann': 'Invalid line in acl_file "acl": users.',
    ' # comment': 'Invalid line in acl_file "acl": #.',
    'topic\tread\ta': 'Invalid line in acl_file "acl": topic\tread\ta.',
    'topic a\0': 'Invalid line in acl_file "acl": null character.',
  };
  for (const [line, message] of Object.entries(faulty)) {
    it(`is told with its number and a remedy: ${JSON.stringify(line)}`, () => {
      const rules = parseAclFile(`topic read x\n${line}\ntopic write y\n`, 'acl');
      const [fault, ...others] = rules.faults;
      assert.deepEqual(others, []);
      assert.deepEqual([fault.line, fault.severity, fault.message], [2, 'error', message]);
      assert.match(fault.remedy, /[.?…]$/);
      assert.equal(allowedBy(rules, {}, 'x') + allowedBy(rules, {}, 'y'), 'rw');
    });
  }

  const dubious: Readonly<Record<string, string>> = {
    'topic read': "'topic read' is about a topic that is called 'read'.",
    'pattern a/b': "ACL pattern 'a/b' does not contain '%c' or '%u'.",
    'pattern a/x%c': "ACL pattern 'a/x%c' has '%c' or '%u' within a level.",
    'topic $share/g/a': "'$share/g/a' is no topic of a message.",
  };
  for (const [line, message] of Object.entries(dubious)) {
    it(`is warned of where it means something else: ${line}`, () => {
      const [fault] = parseAclFile(`\n${line}`, 'acl').faults;
      assert.deepEqual([fault.line, fault.severity, fault.message], [2, 'warning', message]);
    });
  }
});

describe('the rule that decides', () => {
  const acl = parseAclFile(
    'user ann\ntopic read home/#\ntopic deny home/safe\npattern write tele/%c/#\n',
    'acl.conf',
  );
  const told = (wish: Wish, topic: string, who: Who = { userName: 'ann' }) => {
    return acl.explain(identity(who), wish, topic);
  };

  it('is told with its place', () => {
    assert.equal(told('read', 'home/a'), 'acl.conf:2 topic read home/#');
    assert.equal(told('read', 'home/safe'), 'acl.conf:3 topic deny home/safe');
    assert.equal(told('write', 'tele/c/x'), 'acl.conf:4 pattern write tele/%c/#');
  });

  it('is told to be missing', () => {
    assert.equal(told('write', 'home/a'), 'no rule of acl.conf allows it');
    assert.equal(told('read', 'home/a', {}), 'no rule of acl.conf allows it');
  });

  it('is told with the reason why it does not count', () => {
    assert.equal(
      told('write', 'tele/a/b/x', { clientId: 'a/b' }),
      "acl.conf:4 pattern write tele/%c/# grants nothing, as the client id 'a/b' has a /",
    );
    assert.equal(
      told('write', 'tele/c/x', { userName: 'a+' }),
      "acl.conf:4 pattern write tele/%c/# grants nothing, as the user name 'a+' has a + or #",
    );
  });
});

/** What the rules of the head of acl-file.ts come to, said without any index. */
function naive(
  rules: readonly NaiveRule[],
  who: Required<Who>,
  wish: Wish,
  topic: string,
): boolean {
  const { userName, clientId } = who;
  const judge = (candidates: readonly NaiveRule[]): boolean | undefined => {
    if (candidates.some(({ grant }) => grant === 'deny')) return false;
    return candidates.some(({ grant }) => grant === wish || grant === 'readwrite') || undefined;
  };
  const own = rules.filter(({ user, levels }) => user === userName && naiveMatch(levels, topic));
  const patterns = rules.filter(({ user, levels, grant }) => {
    if (user !== undefined) return false;
    if (grant !== 'deny' && /[+#]/.test(userName + clientId)) return false;
    if (grant !== 'deny' && levels.includes('%u') && userName.includes('/')) return false;
    if (grant !== 'deny' && levels.includes('%c') && clientId.includes('/')) return false;
    if (topic.startsWith('$') !== levels[0].startsWith('$')) return false;
    const filled = levels.flatMap((level) => {
      if (level === '%u') return userName === '' ? ['nobody has this'] : userName.split('/');
      return level === '%c' ? clientId.split('/') : [level];
    });
    // Names are not wildcards, whatever they look like.
    const isWild = levels.flatMap((level) => {
      const { length } =
        level === '%u' ? userName.split('/') : level === '%c' ? clientId.split('/') : [0];
      return Array.from({ length }, () => level === '+' || level === '#');
    });
    return naiveMatch(filled, topic, isWild);
  });
  return judge(own) ?? judge(patterns) ?? false;
}

interface NaiveRule {
  /** Undefined for a pattern. */
  readonly user: string | undefined;
  readonly grant: string;
  readonly levels: readonly string[];
}

function naiveMatch(
  levels: readonly string[],
  topic: string,
  isWild?: readonly boolean[],
): boolean {
  if (topic.startsWith('$') && !levels[0].startsWith('$')) return false;
  const names = topic.split('/');
  for (const [depth, level] of levels.entries()) {
    const wild = isWild?.[depth] ?? true;
    if (wild && level === '#') return true;
    if (depth >= names.length) return false;
    if (!(wild && level === '+') && level !== names[depth]) return false;
  }
  return names.length === levels.length;
}

describe('any ACL file', () => {
  const level = fc.constantFrom('a', 'b', '+', '$s', '', 'a b');
  const patternLevel = fc.oneof(level, fc.constantFrom('%u', '%c', 'x%u'));
  const filterOf = (levels: fc.Arbitrary<string>) => {
    return fc
      .tuple(fc.array(levels, { minLength: 1, maxLength: 3 }), fc.boolean())
      .map(([some, isOpen]) => (isOpen ? [...some, '#'] : some))
      .filter((some) => some.join('/').trim() === some.join('/') && some.join('/') !== '');
  };
  const grant = fc.constantFrom('read', 'write', 'readwrite', 'deny');
  const rule = fc.oneof(
    fc.record({ user: fc.constantFrom('a', 'b', 'a/b'), grant, levels: filterOf(level) }),
    fc.record({ user: fc.constant(undefined), grant, levels: filterOf(patternLevel) }),
  );
  const name = fc.constantFrom('a', 'b', 'a/b', '+', '#', '$s', 'a b');
  const topic = fc
    .array(fc.constantFrom('a', 'b', '$s', '', 'c', 'a b', '+', '#'), {
      minLength: 1,
      maxLength: 4,
    })
    .map((levels) => levels.join('/'));

  it('decides as its rules do when they are gone through one by one', () => {
    const cases = fc.record({
      rules: fc.array(rule, { maxLength: 6 }),
      userName: name,
      clientId: name,
      topic,
    });
    fc.assert(
      fc.property(cases, ({ rules, topic: wanted, ...who }) => {
        const lines = rules.map(({ user, grant: access, levels }) => {
          const text = `${access} ${levels.join('/')}`;
          return user === undefined ? `pattern ${text}` : `user ${user}\ntopic ${text}`;
        });
        const acl = parseAclFile(lines.join('\n'));
        assert.deepEqual(
          acl.faults.filter(({ severity }) => severity === 'error'),
          [],
        );
        for (const wish of ['read', 'write'] as const) {
          const expected = naive(rules, who, wish, wanted);
          assert.equal(acl.allows(identity(who), wish, wanted), expected, `${wish}`);
          const told = acl.explain(identity(who), wish, wanted);
          assert.equal(
            /^acl_file:\d+ \S+ (read|write)/.test(told) && !told.includes('grants nothing'),
            expected,
            told,
          );
        }
      }),
      { numRuns: 3000 },
    );
  });
});
