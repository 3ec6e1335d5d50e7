/** Who is let in, who not, how fast, and what changes with new files. */

import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import {
  gatekeeperContract,
  somebody,
  verdictsOf,
} from '../../test/contract/gatekeeper-contract.ts';
import { ManualTimer } from '../../test/harness/manual-timer.ts';
import type { Admission, ClientIdentity, Verdict } from '../broker/ports.ts';
import { reasonCodes } from '../packet/reason-codes.ts';
import { reasonName } from '../packet/reason-name.ts';
import { type AccountRules, Accounts } from './accounts.ts';
import { parseAclFile } from './acl-file.ts';
import { HashQueue } from './hash-queue.ts';
import { PasswordChecks } from './password-checks.ts';
import { parsePasswordFile } from './password-file.ts';
import { hashPassword, passwordHashText } from './password-hash.ts';

const bytes = (text: string) => new TextEncoder().encode(text);

async function line(user: string, password: string): Promise<string> {
  const hash = await hashPassword(bytes(password), { type: 'sha512-pbkdf2', iterations: 10 });
  return `${user}:${passwordHashText(hash)}\n`;
}

const annLine = await line('ann', 'right');
const bobLine = await line('bob', 'word');
const passwords = parsePasswordFile(annLine + bobLine);

const open: AccountRules = { anonymousAllowed: true };
const closed: AccountRules = { anonymousAllowed: false };

function accounts(rules: AccountRules, timer = new ManualTimer()): Accounts {
  return new Accounts(rules, new PasswordChecks(timer));
}

const login = (userName: string, password?: string): Admission => {
  return { ...somebody, userName, password: password === undefined ? undefined : bytes(password) };
};

async function verdictOn(keeper: Accounts, request: Admission): Promise<Verdict> {
  const [verdict] = await verdictsOf(keeper, 'admit', request);
  return verdict;
}

/** 'accept', or the name of the reason code. */
async function answerTo(keeper: Accounts, request: Admission): Promise<string> {
  return named(await verdictOn(keeper, request));
}

function named(verdict: Verdict): string {
  if (verdict.type !== 'refuse') return verdict.type;
  return reasonName(verdict.reasonCode)!;
}

gatekeeperContract('accounts for everybody', () => accounts(open));
gatekeeperContract('accounts for nobody', () => accounts(closed));
gatekeeperContract('accounts with passwords', () => accounts({ ...open, passwords }));
gatekeeperContract('accounts with rules', () => {
  return accounts({ ...open, acl: parseAclFile('topic read home/#') });
});

describe('without a password file', () => {
  it('everybody is let in, with a name or without, where anonymous clients may', async () => {
    for (const request of [somebody, login('ann'), login('ann', 'any')]) {
      assert.equal(await answerTo(accounts(open), request), 'accept');
    }
  });

  it('nobody is, where they may not', async () => {
    for (const request of [somebody, login('ann'), login('ann', 'any')]) {
      assert.equal(await answerTo(accounts(closed), request), 'notAuthorized');
    }
  });
});

describe('with a password file', () => {
  it('a user comes in by the password, and by nothing else', async () => {
    const keeper = accounts({ ...closed, passwords });
    assert.equal(await answerTo(keeper, login('ann', 'right')), 'accept');
    const wrong = [login('ann', 'word'), login('ann', ''), login('ann'), login('Ann', 'right')];
    for (const request of wrong) assert.equal(await answerTo(keeper, request), 'notAuthorized');
  });

  it('nobody comes in by an empty password, although it is that of the file', async () => {
    const hash = await hashPassword(bytes(''), { type: 'sha512-pbkdf2', iterations: 1 });
    const empty = parsePasswordFile(`ann:${passwordHashText(hash)}`);
    assert.deepEqual([empty.users.size, empty.faults], [1, []]);
    const keeper = accounts({ ...closed, passwords: empty });
    assert.equal(await answerTo(keeper, login('ann', '')), 'notAuthorized');
  });

  it('a user that is not in it is refused in the same words as a wrong password', async () => {
    const keeper = accounts({ ...open, passwords });
    const unknown = await verdictOn(keeper, login('carol', 'right'));
    assert.deepEqual(unknown, await verdictOn(keeper, login('ann', 'wrong')));
    assert.deepEqual(unknown, await verdictOn(keeper, login('ann')));
    assert.equal(named(unknown), 'notAuthorized');
  });

  it('anonymous clients are let in where they may be', async () => {
    assert.equal(await answerTo(accounts({ ...open, passwords }), somebody), 'accept');
    assert.equal(await answerTo(accounts({ ...closed, passwords }), somebody), 'notAuthorized');
  });

  it('nobody with a name is let in by a file without users', async () => {
    const keeper = accounts({ ...open, passwords: parsePasswordFile('') });
    assert.equal(await answerTo(keeper, login('ann', 'right')), 'notAuthorized');
    assert.equal(await answerTo(keeper, somebody), 'accept');
  });

  it('a client that the transport vouches for needs no password', async () => {
    const keeper = accounts({ ...closed, passwords });
    const request = { ...login('carol'), isVouchedFor: true };
    assert.equal(await answerTo(keeper, request), 'accept');
  });

  it('no authentication method is known, whoever names one', async () => {
    const request = { ...login('ann', 'right'), authenticationMethod: 'SCRAM-SHA-256' };
    for (const rules of [open, closed, { ...closed, passwords }]) {
      assert.equal(await answerTo(accounts(rules), request), 'badAuthenticationMethod');
    }
  });

  it('an unknown user costs as much hashing as a known one', async () => {
    const hash = await hashPassword(bytes('x'), { type: 'sha512-pbkdf2', iterations: 200_000 });
    const slow = parsePasswordFile(`ann:${passwordHashText(hash)}`);
    const keeper = accounts({ ...closed, passwords: slow });
    const start = performance.now();
    await verdictOn(keeper, login('carol', 'guess'));
    // Nothing does so many iterations faster; without them it takes a tenth of one millisecond.
    assert.ok(performance.now() - start > 5);
  });
});

describe('who guesses', { timeout: 20_000 }, () => {
  /** Answers as they come; the clock stands still until it is moved. */
  function guessing() {
    const timer = new ManualTimer();
    const keeper = accounts({ ...open, passwords }, timer);
    const ask = (request: Admission) => {
      const asked = { answer: undefined as string | undefined, at: 0 };
      const { promise, resolve } = Promise.withResolvers<void>();
      keeper.admit(request, (verdict) => {
        asked.answer = named(verdict);
        asked.at = timer.now();
        resolve();
      });
      return { asked, promise };
    };
    const fail = async (count: number, peer = somebody.peer) => {
      for (let index = 0; index < count; index += 1) {
        await ask({ ...login('ann', 'guess'), peer }).promise;
      }
    };
    /** Everything that can go on without time has gone on. */
    const settle = async () => {
      while (timer.pending === 0) await new Promise((resolve) => setImmediate(resolve));
    };
    return { timer, ask, fail, settle };
  }

  it('waits for the fifth answer, even if that is right then', async () => {
    const { timer, ask, fail, settle } = guessing();
    await fail(4);
    const { asked, promise } = ask(login('ann', 'right'));
    await settle();
    timer.advance(999);
    await new Promise((resolve) => setImmediate(resolve));
    assert.equal(asked.answer, undefined);
    timer.advance(1);
    await promise;
    assert.deepEqual(asked, { answer: 'accept', at: 1000 });
    // And with that, the source is trusted again.
    await fail(1);
  });

  it('is not forgiven by an account of his own', async () => {
    const { timer, ask, fail, settle } = guessing();
    await fail(2);
    await ask(login('bob', 'word')).promise;
    await fail(2);
    await ask(login('bob', 'word')).promise;
    const { asked, promise } = ask(login('ann', 'right'));
    await settle();
    assert.equal(asked.answer, undefined);
    // He himself is let in meanwhile.
    await ask(login('bob', 'word')).promise;
    timer.advance(1000);
    await promise;
    assert.deepEqual(asked, { answer: 'accept', at: 1000 });
  });

  it('does not slow down another address, nor a client without a password', async () => {
    const { ask, fail } = guessing();
    await fail(4);
    await ask({ ...login('ann', 'right'), peer: '192.0.2.9:1' }).promise;
    await ask(somebody).promise;
    await ask({ ...login('carol'), isVouchedFor: true }).promise;
  });

  it('gains nothing by other ports, nor by other addresses of the same network', async () => {
    for (const peer of ['192.0.2.1:2', '[2001:db8::2]:1']) {
      const { timer, ask, fail, settle } = guessing();
      await fail(2, '192.0.2.1:1');
      await fail(2, '192.0.2.1:9');
      await fail(2, '[2001:db8::1]:1');
      await fail(2, '[2001:db8::ffff:1]:1');
      const { asked, promise } = ask({ ...login('ann', 'right'), peer });
      await settle();
      assert.equal(asked.answer, undefined);
      timer.advance(1000);
      await promise;
    }
  });

  it('gains nothing by asking often at once: a few are answered, and ten may wait', async () => {
    const { timer, ask, settle } = guessing();
    const questions = Array.from({ length: 50 }, () => ask(login('ann', 'guess')));
    const answered = (answer: string | undefined) => {
      return questions.filter(({ asked }) => asked.answer === answer).length;
    };
    await settle();
    while (answered(undefined) > 10) await new Promise((resolve) => setImmediate(resolve));
    // Besides the four that are free, one that was begun together with the last of them.
    const early = answered('notAuthorized');
    assert.ok(early >= 4 && early <= 5, `${early} were answered at once`);
    assert.equal(answered('serverBusy'), 50 - 10 - early);
    timer.advance(10_000);
    await Promise.all(questions.map(({ promise }) => promise));
    assert.equal(answered('notAuthorized'), 10 + early);
  });
});

it('a client is told that the server is busy when too many passwords wait', async () => {
  const queue = new HashQueue({ runningMax: 1, waitingMax: 1 });
  const keeper = new Accounts(
    { ...closed, passwords },
    new PasswordChecks(new ManualTimer(), queue),
  );
  const answers = await Promise.all([1, 2, 3].map(() => answerTo(keeper, login('ann', 'right'))));
  assert.deepEqual(answers, ['accept', 'accept', 'serverBusy']);
});

describe('with new files', () => {
  async function admitted(keeper: Accounts, request: Admission): Promise<ClientIdentity> {
    const verdict = await verdictOn(keeper, request);
    assert.equal(verdict.type, 'accept');
    return { ...request, account: verdict.type === 'accept' ? verdict.account : undefined };
  }

  it('a user is still admitted while the line of the user is the same', async () => {
    const keeper = accounts({ ...closed, passwords });
    const ann = await admitted(keeper, login('ann', 'right'));
    assert.equal(keeper.stillAdmits(ann), true);
    keeper.replace({ ...closed, passwords: parsePasswordFile(`# again\n${annLine}`) });
    assert.equal(keeper.stillAdmits(ann), true);
    keeper.replace({ ...closed, passwords: parsePasswordFile(await line('ann', 'new')) });
    assert.equal(keeper.stillAdmits(ann), false);
    keeper.replace({ ...closed, passwords: parsePasswordFile(bobLine) });
    assert.equal(keeper.stillAdmits(ann), false);
    keeper.replace(closed);
    assert.equal(keeper.stillAdmits(ann), false);
    keeper.replace(open);
    assert.equal(keeper.stillAdmits(ann), true);
  });

  it('an anonymous client is, while those may come in', async () => {
    const keeper = accounts(open);
    const anonymous = await admitted(keeper, somebody);
    keeper.replace({ ...open, passwords });
    assert.equal(keeper.stillAdmits(anonymous), true);
    keeper.replace(closed);
    assert.equal(keeper.stillAdmits(anonymous), false);
  });

  it('a client that came in by its name alone is not once there are passwords', async () => {
    const keeper = accounts(open);
    const ann = await admitted(keeper, login('ann', 'right'));
    assert.equal(keeper.stillAdmits(ann), true);
    keeper.replace({ ...open, passwords });
    assert.equal(keeper.stillAdmits(ann), false);
  });

  it('a client that is vouched for is, whatever the files say', async () => {
    const keeper = accounts(open);
    const ann = await admitted(keeper, { ...login('ann'), isVouchedFor: true });
    keeper.replace({ ...closed, passwords: parsePasswordFile('') });
    assert.equal(keeper.stillAdmits(ann), true);
  });

  it('a user whose line goes while the password is checked is refused', async () => {
    const keeper = accounts({ ...closed, passwords });
    const verdict = verdictOn(keeper, login('ann', 'right'));
    keeper.replace({ ...closed, passwords: parsePasswordFile(bobLine) });
    assert.equal(named(await verdict), 'notAuthorized');
  });

  it('the new rules count for those who are in', () => {
    const keeper = accounts({ ...open, acl: parseAclFile('topic read a', 'acl') });
    assert.equal(keeper.mayReceive(somebody, 'a'), true);
    keeper.replace({ ...open, acl: parseAclFile('topic read b', 'acl') });
    assert.equal(keeper.mayReceive(somebody, 'a'), false);
    assert.equal(keeper.mayReceive(somebody, 'b'), true);
    keeper.replace(open);
    assert.equal(keeper.mayReceive(somebody, 'a'), true);
  });
});

describe('the rules of an ACL file', () => {
  const acl = parseAclFile('topic read news\nuser ann\ntopic write log\n', 'acl');
  const keeper = accounts({ ...open, acl });
  const ann = login('ann');

  it('decide who may publish, receive and subscribe', () => {
    assert.equal(keeper.mayPublish(ann, 'log'), reasonCodes.success);
    assert.equal(keeper.mayPublish(ann, 'news'), reasonCodes.notAuthorized);
    assert.equal(keeper.mayPublish(somebody, 'news'), reasonCodes.notAuthorized);
    assert.equal(keeper.mayReceive(somebody, 'news'), true);
    assert.equal(keeper.mayReceive(ann, 'news'), false);
    assert.equal(keeper.maySubscribe(somebody, '#'), reasonCodes.success);
    assert.equal(keeper.maySubscribe(somebody, 'log/#'), reasonCodes.notAuthorized);
    assert.equal(keeper.maySubscribe(ann, 'log'), reasonCodes.notAuthorized);
    assert.equal(accounts(open).maySubscribe(ann, 'log'), reasonCodes.success);
  });

  it('are named', () => {
    assert.equal(keeper.ruleFor(ann, 'publish', 'news'), 'no rule of acl allows it');
    assert.equal(keeper.ruleFor(ann, 'publish', 'log'), 'acl:3 topic write log');
    assert.equal(keeper.ruleFor(somebody, 'receive', 'news'), 'acl:1 topic read news');
    assert.equal(keeper.ruleFor(somebody, 'subscribe', 'news'), 'acl:1 topic read news');
    assert.equal(accounts(open).ruleFor(somebody, 'publish', 'news'), undefined);
  });
});
