/** Hooks in a broker: what they decide, see and change, and what happens when they fail. */

import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { gatekeeperContract } from '../../test/contract/gatekeeper-contract.ts';
import { outcomeOf } from '../../test/harness/outcome.ts';
import { publishOf, TestBroker, type TestClient } from '../../test/harness/test-broker.ts';
import { TestGatekeeper } from '../../test/harness/test-gatekeeper.ts';
import { Anonymous } from '../auth/anonymous.ts';
import type { Gatekeeper, HookFailure } from '../broker/ports.ts';
import { reasonCodes } from '../packet/reason-codes.ts';
import type { Decision, Hooks, PublishQuestion } from './hooks.ts';
import { withHooks } from './with-hooks.ts';

const later = <Value>(value: Value): Promise<Value> =>
  new Promise((resolve) => setImmediate(() => resolve(value)));
const never = new Promise<never>(() => {});
const text = new TextEncoder();

class Stage {
  readonly failures: HookFailure[] = [];
  readonly broker: TestBroker;
  readonly gatekeeper: Gatekeeper;

  constructor(
    hooks: Hooks | readonly Hooks[],
    {
      next = Anonymous.allowed(),
      deadlineSeconds,
    }: { next?: Gatekeeper; deadlineSeconds?: number } = {},
  ) {
    const plugins = [hooks].flat().map((each, i) => ({ name: `plugin ${i + 1}`, hooks: each }));
    const observer = { hookFailed: (failure: HookFailure) => this.failures.push(failure) };
    this.gatekeeper = withHooks(plugins, { gatekeeper: next, observer, deadlineSeconds });
    this.broker = new TestBroker({ gatekeeper: this.gatekeeper });
  }

  /** What has gone wrong, as `plugin hook: message`. */
  get faults(): string[] {
    return this.failures.map(
      ({ plugin, hook, error }) => `${plugin} ${hook}: ${(error as Error).message}`,
    );
  }

  async connect(userName?: string, password?: string): Promise<string[]> {
    const client = this.broker.open();
    const bytes = password === undefined ? undefined : text.encode(password);
    const connack = await this.#first(client, () =>
      client.connect('c', { userName, password: bytes }),
    );
    return [connack];
  }

  async #first(client: TestClient, connect: () => Promise<unknown>): Promise<string> {
    const packet = (await connect()) ?? (await arrival(this.broker, client));
    const { type, reasonCode } = packet as { type: string; reasonCode: number };
    return `${type} ${reasonCode.toString(16).padStart(2, '0')}`;
  }
}

function codesOf(suback: unknown): number[] {
  return (suback as { reasonCodes: number[] }).reasonCodes;
}

/** The next packet, however many turns of the event loop the hooks take. */
async function arrival(broker: TestBroker, client: TestClient): Promise<unknown> {
  for (;;) {
    await later(undefined);
    await broker.settle();
    const [packet] = client.received();
    if (packet !== undefined) return packet;
  }
}

async function until(broker: TestBroker, isThere: () => boolean): Promise<void> {
  while (!isThere()) {
    await later(undefined);
    await broker.settle();
  }
}

gatekeeperContract('plugins that defer', () =>
  withHooks(
    [
      {
        name: 'p',
        hooks: {
          authenticate: () => 'defer',
          authenticateEnhanced: () => later('defer' as const),
          authorize: () => 'defer',
        },
      },
    ],
    { gatekeeper: Anonymous.allowed() },
  ),
);
gatekeeperContract('plugins that throw', () =>
  withHooks(
    [
      {
        name: 'p',
        hooks: {
          authenticate: () => assert.fail('oops'),
          authenticateEnhanced: () => Promise.reject(new Error('oops')),
          authorize: () => assert.fail('oops'),
        },
      },
    ],
    { gatekeeper: Anonymous.allowed() },
  ),
);

it('a refusal without a reason names the plugin in the log, and nothing to the client', async () => {
  const { gatekeeper } = new Stage([{}, { authenticate: () => 'deny' }]);
  const messages: string[] = [];
  const observer = {
    connectionRefused: ({ message }: { message: string }) => messages.push(message),
  };
  const broker = new TestBroker({ gatekeeper, observer });
  const client = broker.open();
  await client.sendBytes('10 ["MQTT" 05 02 003c [] "c"]');
  await broker.settle();
  assert.deepEqual(messages, ['plugin plugin 2']);
  assert.equal(client.receivedHex(), '20 03 00 87 00');
});

describe('authenticate', () => {
  const users: Hooks = {
    authenticate: ({ userName, password }) => {
      if (userName === undefined) return 'defer';
      return new TextDecoder().decode(password) === 'right' ? 'allow' : 'deny';
    },
  };

  it('lets in, refuses with 0x87, or leaves it to what comes after', async () => {
    const stage = new Stage(users, { next: Anonymous.refused() });
    assert.deepEqual(await stage.connect('u', 'right'), ['connack 00']);
    assert.deepEqual(await stage.connect('u', 'wrong'), ['connack 87']);
    assert.deepEqual(await stage.connect(), ['connack 87']);
    assert.deepEqual(await new Stage(users).connect(), ['connack 00']);
  });

  it('lets in to do everything, where nothing says who may do what', async () => {
    const { broker } = new Stage({ authenticate: () => 'allow' }, { next: Anonymous.refused() });
    const client = await broker.connect('c');
    assert.deepEqual(codesOf(await client.subscribe('a')), [0]);
    await client.publish('a', 'x');
    assert.deepEqual(client.payloads(), ['x']);
  });

  it('may answer by a promise', async () => {
    const stage = new Stage({ authenticate: () => later('allow') });
    assert.deepEqual(await stage.connect('u'), ['connack 00']);
  });

  it('is asked in the order of the plugins, until one decides', async () => {
    const asked: number[] = [];
    const asking = (number: number, answer: () => Decision | Promise<Decision>): Hooks => ({
      authenticate() {
        asked.push(number);
        return answer();
      },
    });
    const stage = new Stage([
      asking(1, () => 'defer'),
      asking(2, () => later('defer' as const)),
      asking(3, () => 'deny'),
      asking(4, () => 'allow'),
    ]);
    assert.deepEqual(await stage.connect('u'), ['connack 87']);
    assert.deepEqual(asked, [1, 2, 3]);
  });

  it('is not asked where an authentication method is named', async () => {
    const stage = new Stage({ authenticate: () => 'allow' });
    const client = stage.broker.open();
    await client.connect('c', { properties: { authenticationMethod: 'X' } }).then((connack) => {
      assert.equal((connack as { reasonCode: number }).reasonCode, 0x8c);
    });
  });

  it('may choose the reason code that the client gets', async () => {
    const stage = new Stage({
      authenticate: () => ({ type: 'deny', reasonCode: reasonCodes.banned, reason: 'enough' }),
    });
    const client = stage.broker.open();
    const connack = await client.connect('c');
    assert.deepEqual(connack, {
      type: 'connack',
      sessionPresent: false,
      reasonCode: reasonCodes.banned,
      properties: { reasonString: 'enough' },
    });
  });

  it('may limit how long the client stays', async () => {
    const stage = new Stage({ authenticate: () => ({ type: 'allow', validSeconds: 10 }) });
    const client = await stage.broker.connect('c');
    await stage.broker.advance(11);
    assert.deepEqual(outcomeOf(client), ['disconnect a0', 'closed']);
  });

  it('may note what authorize wants to know', async () => {
    const grants: unknown[] = [];
    const stage = new Stage({
      authenticate: ({ userName }) => ({ type: 'allow', grant: userName?.toUpperCase() }),
      authorize({ client }) {
        grants.push(client.grant);
        return 'allow';
      },
    });
    const client = await stage.broker.connect('c', { userName: 'root' });
    await client.publish('a', 'x');
    assert.deepEqual(grants, ['ROOT']);
  });
});

describe('a hook that fails', () => {
  const failing: Readonly<Record<string, { hook: () => unknown; fault: RegExp }>> = {
    throws: { hook: () => assert.fail('oops'), fault: /plugin 1 authenticate: oops/ },
    rejects: { hook: () => Promise.reject(new Error('oops')), fault: /oops/ },
    'answers nothing': { hook: () => undefined, fault: /the answer was undefined: return 'allow'/ },
    'answers true': { hook: () => true, fault: /the answer was true/ },
    'answers null': { hook: () => null, fault: /the answer was null/ },
    'denies with a code that is none of CONNACK': {
      hook: () => ({ type: 'deny', reasonCode: reasonCodes.topicAliasInvalid }),
      fault: /0x94 cannot stand in CONNACK/,
    },
    'denies with success': {
      hook: () => ({ type: 'deny', reasonCode: 0 }),
      fault: /0x00 cannot stand in CONNACK/,
    },
    'allows for a time that is none': {
      hook: () => ({ type: 'allow', validSeconds: Number.NaN }),
      fault: /validSeconds/,
    },
  };
  for (const [how, { hook, fault }] of Object.entries(failing)) {
    it(`and ${how} refuses the client with 0x80, and is reported`, async () => {
      const stage = new Stage([{ authenticate: hook as never }, { authenticate: () => 'allow' }]);
      assert.deepEqual(await stage.connect('u'), ['connack 80']);
      assert.equal(stage.faults.length, 1);
      assert.match(stage.faults[0], fault);
    });
  }

  it('and is late refuses the client with 0x88; its answer afterwards counts for nothing', async () => {
    const { promise, resolve } = Promise.withResolvers<'allow'>();
    const stage = new Stage({ authenticate: () => promise }, { deadlineSeconds: 0.02 });
    const client = stage.broker.open();
    await client.connect('c');
    await until(stage.broker, () => client.isClosed);
    assert.deepEqual(outcomeOf(client), ['connack 88', 'closed']);
    resolve('allow');
    await later(undefined);
    await stage.broker.settle();
    assert.deepEqual(stage.faults, [
      'plugin 1 authenticate: no answer within 0.02 s: make it faster, or defer',
    ]);
  });

  it('and is late leaves those after it unasked', async () => {
    const { promise, resolve } = Promise.withResolvers<'defer'>();
    let asked = false;
    const stage = new Stage(
      [
        { authenticate: () => promise },
        {
          authenticate() {
            asked = true;
            return 'allow';
          },
        },
      ],
      { deadlineSeconds: 0.02 },
    );
    const client = stage.broker.open();
    await client.connect('c');
    await until(stage.broker, () => client.isClosed);
    resolve('defer');
    await later(undefined);
    assert.equal(asked, false);
  });

  it('when it is told something harms nobody', async () => {
    const stage = new Stage({
      connected: () => assert.fail('first'),
      disconnected: () => Promise.reject(new Error('second')),
      unsubscribe: () => assert.fail('third'),
    });
    const client = await stage.broker.connect('c');
    await client.subscribe('a');
    await client.send({ type: 'unsubscribe', packetId: 2, filters: ['a'] });
    await client.drop();
    await later(undefined);
    assert.deepEqual(stage.faults, [
      'plugin 1 connected: first',
      'plugin 1 unsubscribe: third',
      'plugin 1 disconnected: second',
    ]);
  });
});

describe('authenticateEnhanced', () => {
  const [method, data] = ['X', Uint8Array.of(1)];
  const properties = { authenticationMethod: method, authenticationData: data };
  const hooks: Hooks = {
    authenticateEnhanced(request) {
      if (request.method !== method) return 'defer';
      const { isReauthentication } = request;
      return {
        type: 'challenge',
        data: Uint8Array.of(isReauthentication ? 20 : 10, ...request.data!),
        proceed: (reply) => later(reply?.[0] === 7 ? { type: 'allow', data: reply } : 'deny'),
      };
    },
  };

  async function exchange(reply: number, stage = new Stage(hooks)): Promise<unknown[]> {
    const client = stage.broker.open();
    const first = await client.connect('c', { properties });
    const authenticationData = Uint8Array.of(reply);
    const properties2 = { authenticationMethod: method, authenticationData };
    await client.send({ type: 'auth', reasonCode: 0x18, properties: properties2 });
    return [first, await arrival(stage.broker, client)];
  }

  it('challenges, and lets in with a last word', async () => {
    const [first, last] = await exchange(7);
    assert.deepEqual(first, {
      type: 'auth',
      reasonCode: 0x18,
      properties: { authenticationMethod: method, authenticationData: Uint8Array.of(10, 1) },
    });
    const { reasonCode, properties: said } = last as { reasonCode: number; properties: object };
    assert.equal(reasonCode, 0);
    assert.deepEqual(
      (said as { authenticationData: unknown }).authenticationData,
      Uint8Array.of(7),
    );
  });

  it('refuses a wrong reply', async () => {
    const [, last] = await exchange(8);
    assert.equal((last as { reasonCode: number }).reasonCode, 0x87);
  });

  it('is told of a client that proves itself again', async () => {
    const stage = new Stage(hooks);
    const client = stage.broker.open();
    await client.connect('c', { properties });
    const reply = { authenticationMethod: method, authenticationData: Uint8Array.of(7) };
    await client.send({ type: 'auth', reasonCode: 0x18, properties: reply });
    await arrival(stage.broker, client);
    await client.send({ type: 'auth', reasonCode: 0x19, properties });
    const challenge = await arrival(stage.broker, client);
    const { authenticationData } = (challenge as { properties: typeof reply }).properties;
    assert.deepEqual(authenticationData, Uint8Array.of(20, 1));
  });

  it('leaves a method that no plugin knows to the next, and in the end it is 0x8C', async () => {
    const stage = new Stage([hooks, { authenticateEnhanced: () => 'defer' }]);
    const client = stage.broker.open();
    const connack = await client.connect('c', { properties: { authenticationMethod: 'Y' } });
    assert.equal((connack as { reasonCode: number }).reasonCode, 0x8c);
  });

  it('cannot be left to others in the middle of an exchange', async () => {
    const stage = new Stage({
      authenticateEnhanced: () => ({ type: 'challenge', proceed: () => 'defer' }),
    });
    const [, last] = await exchange(7, stage);
    assert.equal((last as { reasonCode: number }).reasonCode, 0x8c);
  });
});

describe('authorize', () => {
  it('sees the message, the filter and the topic', async () => {
    const seen: unknown[] = [];
    const stage = new Stage({
      authorize({ client, ...question }) {
        seen.push([client.clientId, { ...question }]);
        return 'allow';
      },
    });
    const client = await stage.broker.connect('c');
    await client.subscribe('$share/g/a/+', { qos: 1 });
    await client.publish('a/b', 'x', { qos: 1, retain: true });
    const payload = (seen[1] as [string, PublishQuestion])[1].payload;
    assert.deepEqual(seen.slice(0, 2), [
      ['c', { access: 'subscribe', topic: 'a/+', group: 'g', qos: 1 }],
      [
        'c',
        {
          access: 'publish',
          topic: 'a/b',
          payload,
          qos: 1,
          retain: true,
          properties: undefined,
          isWill: false,
        },
      ],
    ]);
  });

  const deciding = (decide: (topic: string) => unknown): Hooks => ({
    authorize: ({ topic }) => decide(topic) as Decision,
  });
  const ways: Readonly<Record<string, (decision: unknown) => unknown>> = {
    'at once': (decision) => decision,
    later: (decision) => later(decision),
  };
  for (const [when, give] of Object.entries(ways)) {
    it(`decides ${when} on what is published`, async () => {
      const next = new TestGatekeeper({
        publish: (topic) => (topic === 'deferred/no' ? reasonCodes.notAuthorized : 0),
      });
      const decisions: Readonly<Record<string, unknown>> = {
        yes: 'allow',
        no: 'deny',
        full: { type: 'deny', reasonCode: reasonCodes.quotaExceeded, reason: 'full' },
      };
      const stage = new Stage(
        deciding((topic) => give(decisions[topic] ?? 'defer')),
        { next },
      );
      const client = await stage.broker.connect('c');
      const topics = ['yes', 'no', 'full', 'deferred/yes', 'deferred/no'];
      await client.send(
        ...topics.map((topic, i) => publishOf(topic, 'x', { qos: 1, packetId: i + 1 })),
      );
      const answers: string[] = [];
      await until(
        stage.broker,
        () => answers.push(...outcomeOf(client)) > 0 && answers.length >= 5,
      );
      assert.deepEqual(answers, ['puback 10', 'puback 87', 'puback 97', 'puback 10', 'puback 87']);
    });

    it(`decides ${when} on what is subscribed to`, async () => {
      const next = new TestGatekeeper({ subscribe: () => reasonCodes.notAuthorized });
      const stage = new Stage(
        deciding((filter) => give(filter === 'yes' ? 'allow' : 'defer')),
        { next },
      );
      const client = await stage.broker.connect('c');
      const entry = {
        qos: 1,
        noLocal: false,
        retainAsPublished: false,
        retainHandling: 0,
      } as const;
      const subscriptions = ['yes', 'no', 'yes'].map((filter) => ({ filter, ...entry }));
      await client.send({ type: 'subscribe', packetId: 1, subscriptions });
      const suback = client.received()[0] ?? (await arrival(stage.broker, client));
      assert.deepEqual(codesOf(suback), [1, 0x87, 1]);
    });
  }

  it('that throws refuses with 0x83', async () => {
    const stage = new Stage({ authorize: () => assert.fail('oops') });
    const client = await stage.broker.connect('c');
    await client.publish('a', 'x', { qos: 1 });
    assert.deepEqual(outcomeOf(client), ['puback 83']);
    const suback = await client.subscribe('a');
    assert.deepEqual(codesOf(suback), [0x83]);
    assert.deepEqual(stage.faults, ['plugin 1 authorize: oops', 'plugin 1 authorize: oops']);
  });

  it('that is late refuses with 0x83, and the connection goes on', async () => {
    const stage = new Stage(
      { authorize: ({ topic }) => (topic === 'slow' ? never : 'allow') },
      { deadlineSeconds: 0.02 },
    );
    const client = await stage.broker.connect('c');
    await client.send(publishOf('slow', 'x', { qos: 1 }), { type: 'pingreq' });
    const seen: string[] = [];
    await until(stage.broker, () => {
      seen.push(...outcomeOf(client));
      return seen.length === 2;
    });
    assert.deepEqual(seen, ['puback 83', 'pingresp']);
  });

  it('is not asked about a message of QoS 2 that is sent again', async () => {
    let count = 0;
    const stage = new Stage({
      authorize() {
        count++;
        return later('allow');
      },
    });
    const client = await stage.broker.connect('c');
    const packet = publishOf('a', 'x', { qos: 2, packetId: 7 });
    await client.send(packet);
    await arrival(stage.broker, client);
    await client.send({ ...packet, dup: true });
    assert.deepEqual(outcomeOf(client), ['pubrec 00']);
    assert.deepEqual([count, stage.faults], [1, []]);
  });

  it('must answer at once about what a client receives', () => {
    const somebody = { clientId: 'c', userName: undefined, peer: 'p' };
    const stage = new Stage({
      authorize: ({ topic }) =>
        topic === 'promise' ? later('allow' as const) : topic === 'no' ? 'deny' : 'defer',
    });
    const { gatekeeper } = stage;
    assert.equal(gatekeeper.mayReceive?.(somebody, 'yes'), true);
    assert.equal(gatekeeper.mayReceive?.(somebody, 'no'), false);
    assert.equal(gatekeeper.mayReceive?.(somebody, 'promise'), false);
    assert.match(stage.faults[0], /about 'receive' was a promise: answer at once/);
  });

  it('is asked anew about a session whose client comes back with another grant', async () => {
    const stage = new Stage({
      authenticate: ({ password }) => ({ type: 'allow', grant: password?.[0] }),
      authorize: ({ access, client }) =>
        access !== 'receive' || client.grant === 1 ? 'allow' : 'deny',
    });
    const comeBack = (letter: number) =>
      stage.broker.connect('c', {
        cleanStart: false,
        userName: 'u',
        password: Uint8Array.of(letter),
        properties: { sessionExpiryInterval: 100 },
      });
    const before = await comeBack(1);
    await before.subscribe('a');
    await before.publish('a', 'x');
    assert.deepEqual(before.payloads(), ['x']);
    await before.drop();
    const after = await comeBack(2);
    await after.publish('a', 'y');
    assert.deepEqual(after.payloads(), []);
  });

  it('sees the grant of the last authentication, and what waits is decided by it as well', async () => {
    const stage = new Stage({
      authenticate: () => 'allow',
      authenticateEnhanced: ({ isReauthentication }) => {
        return { type: 'allow', grant: { isDemoted: isReauthentication } };
      },
      authorize: ({ client, topic }) => {
        const isDemoted = Object(client.grant).isDemoted === true;
        return isDemoted && topic.startsWith('secret') ? 'deny' : 'allow';
      },
    });
    const { broker } = stage;
    const publisher = await broker.connect('publisher');
    const client = broker.open();
    const authenticationMethod = 'X';
    await client.connect('id', { properties: { authenticationMethod, receiveMaximum: 1 } });
    await broker.settle();
    assert.deepEqual(outcomeOf(client), []);
    await client.subscribe('#', { qos: 1 });
    await publisher.publish('secret/1', 'sent', { qos: 1 });
    await publisher.publish('secret/1', 'waits', { qos: 1, packetId: 2 });
    assert.deepEqual(outcomeOf(client), ['publish sent']);
    await client.send({
      type: 'auth',
      reasonCode: reasonCodes.reauthenticate,
      properties: { authenticationMethod },
    });
    assert.deepEqual(outcomeOf(client), ['auth 00']);
    await publisher.publish('secret/1', 'later', { qos: 1, packetId: 3 });
    await client.send({ type: 'puback', packetId: 1, reasonCode: reasonCodes.success });
    await client.publish('secret/2', 'x', { qos: 1, packetId: 4 });
    assert.deepEqual(outcomeOf(client), ['puback 87']);
    assert.deepEqual(codesOf(await client.subscribe('secret/2')), [0x87]);
  });

  it('is asked about a retained message when it comes, and not again when it goes out', async () => {
    const asked: string[] = [];
    const { broker, faults } = new Stage({
      authenticate: () => ({ type: 'allow', grant: 'trusted' }),
      authorize: ({ access, client, topic }) => {
        if (access === 'receive') return 'defer';
        asked.push(`${access} ${topic} ${client.grant}`);
        return later('allow');
      },
    });
    const publisher = await broker.connect('publisher');
    await publisher.publish('a', 'x', { qos: 1, retain: true });
    assert.equal(Object(await arrival(broker, publisher)).type, 'puback');
    const subscriber = await broker.connect('subscriber');
    await subscriber.send({
      type: 'subscribe',
      packetId: 1,
      subscriptions: [
        { filter: '#', qos: 0, noLocal: false, retainAsPublished: false, retainHandling: 0 },
      ],
      properties: undefined,
    });
    const packets: string[] = [];
    await until(broker, () => packets.push(...outcomeOf(subscriber)) > 0);
    assert.deepEqual(packets, ['suback', 'publish x']);
    assert.deepEqual(asked, ['publish a trusted', 'subscribe # trusted']);
    assert.deepEqual(faults, []);
  });

  it('grants a subscription to one user, and nobody else comes by its messages', async () => {
    const { broker } = new Stage({
      authorize: ({ access, client }) => {
        if (access === 'receive') return 'defer';
        return later(access === 'publish' || client.userName === 'ann' ? 'allow' : 'deny');
      },
    });
    const lasting = { cleanStart: false, properties: { sessionExpiryInterval: 100 } };
    const comeBack = async (userName: string) => {
      const client = broker.open();
      const connack = Object(await client.connect('c', { ...lasting, userName }));
      return { client, isPresent: connack.sessionPresent };
    };
    const { client: ann } = await comeBack('ann');
    ann.write({
      type: 'subscribe',
      packetId: 1,
      subscriptions: [
        { filter: 'a', qos: 1, noLocal: false, retainAsPublished: false, retainHandling: 0 },
      ],
      properties: undefined,
    });
    await arrival(broker, ann);
    await ann.drop();
    const publisher = await broker.connect('publisher');
    const publish = async () => {
      publisher.write(publishOf('a', 'x', { qos: 1 }));
      await arrival(broker, publisher);
    };
    await publish();
    const again = await comeBack('ann');
    assert.deepEqual([again.isPresent, again.client.payloads()], [true, ['x']]);
    const bob = await comeBack('bob');
    await publish();
    assert.deepEqual([bob.isPresent, bob.client.payloads()], [false, []]);
  });

  it('costs the delivery nothing where no plugin has it', () => {
    assert.equal(new Stage({ authenticate: () => 'allow' }).gatekeeper.mayReceive, undefined);
  });

  it('names the plugin as the rule that refused', async () => {
    const stage = new Stage({ authorize: () => ({ type: 'deny', reason: 'never' }) });
    const client = await stage.broker.connect('c');
    await client.publish('a', 'x');
    const somebody = { clientId: 'c', userName: undefined, peer: 'p' };
    assert.equal(stage.gatekeeper.ruleFor?.(somebody, 'publish', 'a'), 'plugin plugin 1: never');
    assert.equal(stage.gatekeeper.ruleFor?.(somebody, 'publish', 'b'), undefined);
  });
});

describe('publish', () => {
  async function delivered(hooks: Hooks | readonly Hooks[], options: object = {}) {
    const stage = new Stage(hooks, options);
    const subscriber = await stage.broker.connect('s');
    await subscriber.subscribe('#', { qos: 2 });
    const publisher = await stage.broker.connect('p');
    await publisher.publish('a', 'x', { qos: 1 });
    const outcome = outcomeOf(publisher);
    if (outcome.length === 0) {
      await until(stage.broker, () => outcome.push(...outcomeOf(publisher)) > 0);
    }
    return { stage, outcome, messages: subscriber.publishes() };
  }
  const shown = ({ topic, payload }: { topic: string; payload: Uint8Array }) =>
    `${topic}: ${new TextDecoder().decode(payload)}`;

  it('that returns nothing lets the message pass', async () => {
    const { outcome, messages } = await delivered({ publish() {} });
    assert.deepEqual([outcome, messages.map(shown)], [['puback 00'], ['a: x']]);
  });

  it('changes the message, each plugin what those before have made of it', async () => {
    const append = (letter: string, give: (change: object) => unknown): Hooks => ({
      publish: ({ topic, payload }) =>
        give({
          type: 'change',
          topic: `${topic}/${letter}`,
          payload: `${new TextDecoder().decode(payload)}${letter}`,
        }) as never,
    });
    const { outcome, messages } = await delivered([
      append('1', (change) => change),
      append('2', (change) => later(change)),
      append('3', (change) => change),
    ]);
    assert.deepEqual([outcome, messages.map(shown)], [['puback 00'], ['a/1/2/3: x123']]);
  });

  it('keeps what a change does not name, and may take properties away', async () => {
    const stage = new Stage({
      publish: ({ topic }) =>
        topic === 'a'
          ? { type: 'change', payload: 'y' }
          : { type: 'change', properties: undefined },
    });
    const client = await stage.broker.connect('c');
    await client.subscribe('#');
    const properties = { contentType: 'text/plain' };
    await client.publish('a', 'x', { properties });
    await client.publish('b', 'x', { properties });
    const [first, second] = client.publishes();
    assert.equal(first.properties?.contentType, 'text/plain');
    assert.equal(second.properties?.contentType, undefined);
  });

  it('refuses the message', async () => {
    const { outcome, messages } = await delivered({
      publish: () => ({ type: 'deny', reasonCode: reasonCodes.payloadFormatInvalid }),
    });
    assert.deepEqual([outcome, messages], [['puback 99'], []]);
  });

  const wrong: Readonly<Record<string, [unknown, RegExp]>> = {
    'an unknown answer': ['allow', /the answer was allow/],
    'a topic with a wildcard': [{ type: 'change', topic: '#' }, /wildcard/],
    'a topic that is no text': [{ type: 'change', topic: 'a\ud800' }, /surrogate/],
    'a higher QoS': [{ type: 'change', qos: 2 }, /QoS 2 is higher/],
    'a payload that is none': [{ type: 'change', payload: 5 }, /the answer was 5/],
    'properties that cannot be sent': [
      { type: 'change', properties: { userProperties: 5 } },
      /the changed message/,
    ],
    'a reason code that PUBACK cannot carry': [
      { type: 'deny', reasonCode: reasonCodes.serverBusy },
      /0x89 cannot stand in PUBACK/,
    ],
  };
  for (const [what, [answer, fault]] of Object.entries(wrong)) {
    it(`with ${what} refuses the message with 0x83`, async () => {
      const { stage, outcome, messages } = await delivered({ publish: () => answer as never });
      assert.deepEqual([outcome, messages], [['puback 83'], []]);
      assert.equal(stage.faults.length, 1);
      assert.match(stage.faults[0], fault);
    });
  }

  it('may set when the message expires', async () => {
    const stage = new Stage({
      publish: () => ({ type: 'change', properties: { messageExpiryInterval: 5 } }),
    });
    const client = await stage.broker.connect('c');
    await client.publish('a', 'x', { retain: true });
    await stage.broker.advance(6);
    await client.subscribe('a');
    assert.deepEqual(client.payloads(), []);
  });

  it('does not see what authorize has refused', async () => {
    let seen = 0;
    const { outcome } = await delivered([
      { publish: () => void seen++ },
      { authorize: () => 'deny' },
    ]);
    assert.deepEqual(outcome, ['puback 87']);
    assert.equal(seen, 0);
  });
});

describe('subscribe', () => {
  const subackFor = async (hooks: Hooks | readonly Hooks[]) => {
    const stage = new Stage(hooks);
    const client = await stage.broker.connect('c');
    const suback = await client.subscribe('a', { qos: 2 });
    return { stage, codes: codesOf(suback) };
  };

  it('lowers the QoS, each plugin what those before have granted', async () => {
    const seen: number[] = [];
    const { codes } = await subackFor([
      { subscribe: () => ({ type: 'change', qos: 1 }) },
      {
        subscribe({ qos }) {
          seen.push(qos);
        },
      },
    ]);
    assert.deepEqual([codes, seen], [[1], [1]]);
  });

  it('refuses', async () => {
    assert.deepEqual((await subackFor({ subscribe: () => 'deny' })).codes, [0x87]);
  });

  it('that raises the QoS is a mistake', async () => {
    const { stage, codes } = await subackFor([
      { subscribe: () => ({ type: 'change', qos: 1 }) },
      { subscribe: () => ({ type: 'change', qos: 2 }) },
    ]);
    assert.deepEqual(codes, [0x83]);
    assert.match(stage.faults[0], /plugin 2 subscribe: .*a lower QoS/);
  });
});

describe('a listener without hooks', () => {
  it('has the gatekeeper as it was', () => {
    const gatekeeper = Anonymous.allowed();
    assert.equal(withHooks([], { gatekeeper }), gatekeeper);
  });

  it('has no interceptor either where hooks only authenticate', () => {
    const plugins = [{ name: 'p', hooks: { authenticate: () => 'allow' as const } }];
    assert.equal(withHooks(plugins, { gatekeeper: Anonymous.allowed() }).interceptor, undefined);
  });
});
