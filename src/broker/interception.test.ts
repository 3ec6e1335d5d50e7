/** An interceptor sees packets before they take effect, changes and refuses them, now or later. */

import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { outcomeOf } from '../../test/harness/outcome.ts';
import {
  publishOf,
  TestBroker,
  type TestBrokerOptions,
  type TestClient,
} from '../../test/harness/test-broker.ts';
import { type GatekeeperRules, TestGatekeeper } from '../../test/harness/test-gatekeeper.ts';
import { type InterceptorRules, TestInterceptor } from '../../test/harness/test-interceptor.ts';
import type { Packet } from '../packet/packet.ts';
import { type ReasonCode, reasonCodes } from '../packet/reason-codes.ts';
import type { Interceptor, PublishVerdict } from './ports.ts';

const text = new TextEncoder();

interface Scene {
  readonly broker: TestBroker;
  readonly interceptor: TestInterceptor;
  readonly publisher: TestClient;
  readonly subscriber: TestClient;
}

type SceneOptions = TestBrokerOptions & {
  readonly clientVersion?: 4 | 5;
  readonly gatekeeperRules?: GatekeeperRules;
};

/** A subscriber to everything, and a publisher whose packets the interceptor answers slowly. */
async function scene(
  rules: InterceptorRules = {},
  { clientVersion = 5, gatekeeperRules, ...options }: SceneOptions = {},
): Promise<Scene> {
  const interceptor = new TestInterceptor(rules);
  const gatekeeper = new TestGatekeeper(gatekeeperRules, interceptor);
  const broker = new TestBroker({ gatekeeper, ...options });
  const subscriber = await broker.connect('subscriber');
  await subscriber.subscribe('#', { qos: 2 });
  const publisher = await broker.connect('publisher', {
    version: clientVersion,
    keepAliveSeconds: 4,
  });
  return { broker, interceptor, publisher, subscriber };
}

async function slowScene(rules: InterceptorRules = {}, options: SceneOptions = {}): Promise<Scene> {
  const made = await scene(rules, options);
  made.interceptor.isSlow = true;
  return made;
}

function refuse(reasonCode: ReasonCode, reason?: string): () => PublishVerdict {
  return () => ({ type: 'refuse', reasonCode, ...(reason && { reason }) });
}

/** Answers what waits, until nothing does. */
async function answerAll({ broker, interceptor }: Scene): Promise<void> {
  while (interceptor.waitingCount > 0) {
    interceptor.answer();
    await broker.settle();
  }
}

describe('a message that is answered at once', () => {
  it('takes no turn of the event loop more than without an interceptor', async () => {
    const turns = await Promise.all(
      [scene(), scene({}, { gatekeeper: new TestGatekeeper() })].map(async (making) => {
        const { broker, publisher, subscriber } = await making;
        const before = broker.turns;
        await publisher.publish('a', 'x', { qos: 1 });
        assert.deepEqual(subscriber.payloads(), ['x']);
        return broker.turns - before;
      }),
    );
    assert.equal(turns[0], turns[1]);
  });

  it('is shown whole, with the topic that an alias stands for', async () => {
    const { publisher, interceptor } = await scene();
    const properties = { topicAlias: 1, contentType: 'text/plain' };
    await publisher.publish('a/b', 'x', { qos: 1, retain: true, properties });
    await publisher.publish('', 'y', { qos: 0, properties: { topicAlias: 1 } });
    const [first, second] = interceptor.publications;
    assert.equal(first.client.clientId, 'publisher');
    assert.deepEqual(
      { ...first, client: undefined, payload: new TextDecoder().decode(first.payload) },
      {
        client: undefined,
        topic: 'a/b',
        payload: 'x',
        qos: 1,
        retain: true,
        properties: { contentType: 'text/plain' },
        isWill: false,
      },
    );
    assert.equal(second.topic, 'a/b');
  });

  it('is not asked about under $SYS, which nobody may publish to', async () => {
    const { publisher, interceptor } = await scene();
    await publisher.publish('$SYS/broker/x', 'x', { qos: 1 });
    assert.deepEqual(outcomeOf(publisher), ['puback 87']);
    assert.equal(interceptor.publications.length, 0);
  });

  it('is the interceptor’s to decide, not the gatekeeper’s', async () => {
    const gatekeeperRules = { publish: () => reasonCodes.notAuthorized };
    const { publisher, subscriber } = await scene({}, { gatekeeperRules });
    await publisher.publish('a', 'x', { qos: 1 });
    assert.deepEqual(outcomeOf(publisher), ['puback 00']);
    assert.deepEqual(subscriber.payloads(), ['x']);
  });
});

describe('a refused message', () => {
  const rules = { publish: refuse(reasonCodes.payloadFormatInvalid, 'no JSON') };

  it('is answered with code and reason in PUBACK and PUBREC of MQTT 5.0', async () => {
    const { publisher, subscriber } = await scene(rules);
    await publisher.send(publishOf('a', 'x', { qos: 1, packetId: 1 }));
    await publisher.send(publishOf('a', 'x', { qos: 2, packetId: 2 }));
    const answers = publisher.received();
    const reasonCode = reasonCodes.payloadFormatInvalid;
    const properties = { reasonString: 'no JSON' };
    assert.deepEqual(answers, [
      { type: 'puback', packetId: 1, reasonCode, properties },
      { type: 'pubrec', packetId: 2, reasonCode, properties },
    ]);
    assert.deepEqual(subscriber.payloads(), []);
  });

  it('is acknowledged in MQTT 3.1.1, which has no word for it', async () => {
    const { publisher, subscriber } = await scene(rules, { clientVersion: 4 });
    await publisher.send(publishOf('a', 'x', { qos: 1, packetId: 1 }));
    await publisher.send(publishOf('a', 'x', { qos: 2, packetId: 2 }));
    assert.deepEqual(outcomeOf(publisher), ['puback 00', 'pubrec 00']);
    await publisher.send({ type: 'pubrel', packetId: 2, reasonCode: 0 });
    assert.deepEqual(outcomeOf(publisher), ['pubcomp 00']);
    assert.deepEqual(subscriber.payloads(), []);
  });

  it('as it exceeds a quota is no reason to end the connection of an MQTT 3.1.1 client', async () => {
    const full = { publish: refuse(reasonCodes.quotaExceeded) };
    const { publisher } = await scene(full, { clientVersion: 4 });
    await publisher.send(publishOf('a', 'x', { qos: 1, packetId: 1 }));
    await publisher.send(publishOf('a', 'x', { qos: 2, packetId: 2 }));
    assert.deepEqual(outcomeOf(publisher), ['puback 00', 'pubrec 00']);
  });

  it('is dropped with QoS 0, and its client stays', async () => {
    const { publisher, subscriber } = await scene(rules);
    await publisher.publish('a', 'x');
    assert.deepEqual(outcomeOf(publisher), []);
    assert.deepEqual(subscriber.payloads(), []);
  });

  it('is told to the observer', async () => {
    const denied: string[] = [];
    const observer = { publishDenied: (_: unknown, topic: string) => denied.push(topic) };
    const { publisher } = await scene(rules, { observer });
    await publisher.publish('a', 'x');
    assert.deepEqual(denied, ['a']);
  });
});

describe('a changed message', () => {
  const change = { topic: 'b', payload: text.encode('changed') };

  function changed(
    over: Partial<Extract<PublishVerdict, { type: 'change' }>> = {},
    faults: string[] = [],
  ): InterceptorRules {
    const rejected = (fault: string) => faults.push(fault);
    return {
      publish: ({ qos, retain, properties }) => ({
        type: 'change',
        ...change,
        qos,
        retain,
        properties,
        rejected,
        ...over,
      }),
    };
  }

  it('goes on in place of the one that was sent', async () => {
    const properties = { contentType: 'text/plain' };
    const { publisher, subscriber } = await scene(changed({ properties }));
    await publisher.publish('a', 'x', { qos: 1 });
    assert.deepEqual(outcomeOf(publisher), ['puback 00']);
    const [{ topic, payload, qos, properties: got }] = subscriber.publishes();
    assert.deepEqual([topic, new TextDecoder().decode(payload), qos], ['b', 'changed', 1]);
    assert.equal(got?.contentType, 'text/plain');
  });

  it('may have a lower QoS, and is acknowledged with its own', async () => {
    const { publisher, subscriber } = await scene(changed({ qos: 0 }));
    await publisher.publish('a', 'x', { qos: 2 });
    assert.deepEqual(outcomeOf(publisher), ['pubrec 00']);
    assert.deepEqual(
      subscriber.publishes().map(({ qos }) => qos),
      [0],
    );
  });

  it('may be retained, and expires with the one that was sent where that is left alone', async () => {
    const { broker, publisher } = await scene(changed({ retain: true }));
    await publisher.publish('a', 'x', { properties: { messageExpiryInterval: 10 } });
    const late = await broker.connect('late');
    await late.subscribe('b');
    assert.deepEqual(late.payloads(), ['changed']);
    await broker.advance(11);
    await late.subscribe('b');
    assert.deepEqual(late.payloads(), []);
  });

  const refused: Readonly<Record<string, [Partial<typeof change> & object, RegExp]>> = {
    'a topic that is none': [{ topic: 'a/+' }, /wildcard/],
    'an empty topic': [{ topic: '' }, /empty/],
    'a topic under $SYS': [{ topic: '$SYS/x' }, /\$SYS/],
    'a payload beyond the largest packet': [{ payload: new Uint8Array(101) }, /at most 100/],
  };
  for (const [what, [over, fault]] of Object.entries(refused)) {
    it(`is refused with ${what}, and the interceptor is told why`, async () => {
      const faults: string[] = [];
      const options = { limits: { packetBytesMax: 100 } };
      const { publisher, subscriber } = await scene(changed(over, faults), options);
      await publisher.publish('a', 'x', { qos: 1 });
      assert.deepEqual(outcomeOf(publisher), ['puback 83']);
      assert.deepEqual(subscriber.payloads(), []);
      assert.equal(faults.length, 1);
      assert.match(faults[0], fault);
    });
  }

  it('is refused with a higher QoS, which nobody would acknowledge', async () => {
    const faults: string[] = [];
    const { publisher } = await scene(changed({ qos: 2 }, faults));
    await publisher.publish('a', 'x', { qos: 1 });
    assert.deepEqual(outcomeOf(publisher), ['puback 83']);
    assert.match(faults[0], /QoS 2 is higher/);
  });

  it('is refused where it is to be retained and nothing is', async () => {
    const features = { retainAvailable: false };
    const { publisher } = await scene(changed({ retain: true }), { features });
    await publisher.publish('a', 'x', { qos: 1 });
    assert.deepEqual(outcomeOf(publisher), ['puback 83']);
  });
});

describe('while an answer is awaited', () => {
  it('nothing more of the client is read, and all of it is in order afterwards', async () => {
    const made = await slowScene();
    const { publisher, subscriber, interceptor } = made;
    await publisher.send(
      publishOf('a', '1', { qos: 1, packetId: 1 }),
      publishOf('a', '2', { qos: 0 }),
      { type: 'pingreq' },
      publishOf('a', '3', { qos: 2, packetId: 3 }),
    );
    assert.equal(interceptor.publications.length, 1);
    assert.equal(publisher.far.isPaused, true);
    assert.deepEqual(outcomeOf(publisher), []);
    await answerAll(made);
    assert.deepEqual(subscriber.payloads(), ['1', '2', '3']);
    assert.deepEqual(outcomeOf(publisher), ['puback 00', 'pingresp', 'pubrec 00']);
    assert.equal(publisher.far.isPaused, false);
  });

  it('the client still gets what others publish', async () => {
    const { broker, publisher, interceptor } = await scene();
    await publisher.subscribe('news');
    interceptor.isSlow = true;
    await publisher.publish('a', 'x');
    interceptor.isSlow = false;
    const other = await broker.connect('other');
    await other.publish('news', 'yes');
    assert.deepEqual(publisher.payloads(), ['yes']);
  });

  it('keep-alive does not end the connection, and does afterwards', async () => {
    const made = await slowScene();
    const { broker, publisher } = made;
    await publisher.publish('a', 'x', { qos: 1 });
    await broker.advance(60);
    assert.equal(publisher.isClosed, false);
    await answerAll(made);
    assert.deepEqual(outcomeOf(publisher), ['puback 00']);
    await broker.advance(13);
    assert.deepEqual(outcomeOf(publisher), ['disconnect 8d', 'closed']);
  });

  it('the message expires as if it had not waited', async () => {
    const made = await slowScene();
    const { broker, publisher, subscriber } = made;
    await publisher.publish('a', 'x', { properties: { messageExpiryInterval: 10 } });
    await broker.advance(4);
    await answerAll(made);
    const [{ properties }] = subscriber.publishes();
    assert.equal(properties?.messageExpiryInterval, 6);
  });

  const endings: Readonly<Record<string, (made: Scene) => Promise<unknown>>> = {
    'its session is taken over': ({ broker }) => broker.connect('publisher'),
    'the broker shuts down': async ({ broker }) => {
      broker.broker.shutDown();
      await broker.settle();
    },
  };
  for (const [ending, end] of Object.entries(endings)) {
    it(`${ending}: the answer has no effect`, async () => {
      const made = await slowScene();
      await made.publisher.publish('a', 'x', { qos: 2 });
      await end(made);
      made.publisher.received();
      await answerAll(made);
      assert.deepEqual(made.subscriber.payloads(), []);
      assert.deepEqual(
        made.publisher.received().map(({ type }) => type),
        [],
      );
    });
  }

  it('what a client has sent before it went is read to the end', async () => {
    const will = { topic: 'will', payload: text.encode('x'), qos: 0, retain: false } as const;
    const made = await slowScene();
    const { broker, interceptor, subscriber } = made;
    interceptor.isSlow = false;
    const client = await broker.connect('c', { will: { ...will, properties: undefined } });
    interceptor.isSlow = true;
    await client.send(publishOf('a', '1'), publishOf('a', '2'), {
      type: 'disconnect',
      reasonCode: 0,
      properties: undefined,
    });
    await client.drop();
    assert.equal(broker.broker.connectionCount, 3);
    await answerAll(made);
    assert.deepEqual(subscriber.payloads(), ['1', '2']);
    assert.deepEqual(interceptor.events.slice(-1), ['c disconnected: disconnect']);
    assert.equal(broker.broker.connectionCount, 2);
  });

  it('a client that went without a word leaves its will behind what it had sent', async () => {
    const will = { topic: 'will', payload: text.encode('bye'), qos: 0, retain: false } as const;
    const made = await slowScene();
    const client = await made.broker.connect('c', { will: { ...will, properties: undefined } });
    await client.send(publishOf('a', '1'));
    await client.drop();
    await answerAll(made);
    assert.deepEqual(made.subscriber.payloads(), ['1', 'bye']);
    assert.deepEqual(made.interceptor.events.slice(-1), ['c disconnected: connection lost']);
  });

  it('a client that went keeps nobody from taking its identifier', async () => {
    const made = await slowScene();
    const { broker, publisher, subscriber } = made;
    await publisher.publish('a', 'x');
    await publisher.drop();
    await broker.connect('publisher');
    await answerAll(made);
    assert.deepEqual(subscriber.payloads(), []);
    assert.equal(broker.broker.connectionCount, 2);
  });

  it('a message of QoS 2 whose client comes back is delivered once, when it is sent again', async () => {
    const made = await slowScene();
    const { broker, publisher, subscriber, interceptor } = made;
    const packet = publishOf('a', 'x', { qos: 2, packetId: 7 });
    await publisher.send(packet);
    await publisher.drop();
    const again = await broker.connect('publisher', {
      cleanStart: false,
      properties: { sessionExpiryInterval: 100 },
    });
    await again.send({ ...packet, dup: true });
    await answerAll(made);
    assert.deepEqual(outcomeOf(again), ['pubrec 00']);
    assert.deepEqual(subscriber.payloads(), ['x']);
    await again.send({ ...packet, dup: true });
    assert.equal(interceptor.publications.length, 2, 'a duplicate of what was taken is not asked');
    assert.deepEqual(outcomeOf(again), ['pubrec 00']);
    assert.deepEqual(subscriber.payloads(), []);
  });

  it('a second answer counts for nothing', async () => {
    const twice: (() => void)[] = [];
    const interceptor: Interceptor = {
      publish(_, answer) {
        twice.push(() => answer({ type: 'pass' }));
        return undefined;
      },
    };
    const broker = new TestBroker({ gatekeeper: new TestGatekeeper({}, interceptor) });
    const client = await broker.connect('c');
    await client.send(
      publishOf('a', '1', { qos: 1, packetId: 1 }),
      publishOf('a', '2', { qos: 1, packetId: 2 }),
    );
    const [first] = twice;
    first();
    first();
    await broker.settle();
    first();
    await broker.settle();
    assert.deepEqual(outcomeOf(client), ['puback 10']);
    assert.equal(twice.length, 2);
  });

  it('a message beyond Receive Maximum ends the connection as without an interceptor', async () => {
    const made = await slowScene({}, { limits: { inflightMessagesMax: 1 } });
    const { publisher } = made;
    await publisher.send(
      publishOf('a', '1', { qos: 2, packetId: 1 }),
      publishOf('a', '2', { qos: 2, packetId: 2 }),
    );
    await answerAll(made);
    assert.deepEqual(outcomeOf(publisher), ['pubrec 00', 'disconnect 93', 'closed']);
  });
});

describe('a subscription', () => {
  const subscribe: Packet = {
    type: 'subscribe',
    packetId: 5,
    subscriptions: ['a', '$share/g/b', 'c'].map((filter) => ({
      filter,
      qos: 2,
      noLocal: false,
      retainAsPublished: false,
      retainHandling: 0,
    })),
  };
  const verdicts: readonly ReasonCode[] = [1, 2, reasonCodes.notAuthorized];

  for (const isSlow of [false, true]) {
    it(`is granted, lowered or refused one by one, ${isSlow ? 'later' : 'at once'}`, async () => {
      const made = await scene({
        subscribe: (asked) => (asked.length === 3 ? verdicts : asked.map(({ qos }) => qos)),
      });
      const { publisher, interceptor, subscriber } = made;
      interceptor.isSlow = isSlow;
      await publisher.send(subscribe);
      await answerAll(made);
      assert.deepEqual(publisher.received(), [
        { type: 'suback', packetId: 5, reasonCodes: verdicts, properties: undefined },
      ]);
      interceptor.isSlow = false;
      await subscriber.publish('a', 'x', { qos: 2, packetId: 9 });
      assert.equal(publisher.publishes()[0]?.qos, 1);
      const asked = interceptor.requests.at(-1)!;
      assert.deepEqual(
        asked.map(({ filter, group }) => [filter, group]),
        [
          ['a', undefined],
          ['b', 'g'],
          ['c', undefined],
        ],
      );
    });
  }

  it('waits like a message: what follows is read afterwards', async () => {
    const made = await slowScene();
    const { publisher } = made;
    await publisher.send(subscribe, { type: 'pingreq' });
    assert.deepEqual(outcomeOf(publisher), []);
    await answerAll(made);
    assert.deepEqual(
      publisher.received().map(({ type }) => type),
      ['suback', 'pingresp'],
    );
  });
});

describe('a will', () => {
  const will = {
    topic: 'gone',
    payload: text.encode('bye'),
    qos: 1,
    retain: false,
    properties: undefined,
  } as const;

  async function leave(rules: InterceptorRules, { isSlow = false } = {}): Promise<Scene> {
    const made = await scene(rules);
    const client = await made.broker.connect('mortal', { will });
    made.interceptor.isSlow = isSlow;
    await client.drop();
    return made;
  }

  it('is asked about like any message', async () => {
    const { interceptor, subscriber } = await leave({});
    assert.equal(interceptor.publications[0].isWill, true);
    assert.equal(interceptor.publications[0].client.clientId, 'mortal');
    assert.deepEqual(subscriber.payloads(), ['bye']);
  });

  it('can be refused', async () => {
    const { subscriber } = await leave({ publish: refuse(reasonCodes.notAuthorized) });
    assert.deepEqual(subscriber.payloads(), []);
  });

  it('can be changed', async () => {
    const { subscriber } = await leave({
      publish: (publication) => ({
        type: 'change',
        ...publication,
        payload: text.encode('changed'),
        rejected: assert.fail,
      }),
    });
    assert.deepEqual(subscriber.payloads(), ['changed']);
  });

  it('waits for an answer that comes later, and holds up nobody', async () => {
    const made = await leave({}, { isSlow: true });
    made.interceptor.isSlow = false;
    await made.publisher.publish('a', 'first');
    await answerAll(made);
    assert.deepEqual(made.subscriber.payloads(), ['first', 'bye']);
  });
});

describe('an interceptor', () => {
  it('is told of clients that come and go, and of what they unsubscribe', async () => {
    const { broker, interceptor } = await scene();
    interceptor.events.splice(0);
    const client = await broker.connect('c');
    await client.subscribe('a');
    await client.send({ type: 'unsubscribe', packetId: 2, filters: ['a', 'b'] });
    await client.drop();
    assert.deepEqual(interceptor.events, [
      'c connected',
      'c unsubscribed a',
      'c disconnected: connection lost',
    ]);
  });
});

describe('an interceptor of clients below a mount point', () => {
  it('sees topics and filters with it, and what is unsubscribed as it was written', async () => {
    const { broker, interceptor } = await scene();
    const listener = broker.broker.listener({ mountPoint: 'here/' });
    const client = await broker.connect('c', {}, { listener });
    interceptor.events.splice(0);
    const filters = ['a/+', '$share/g/a'];
    for (const filter of filters) await client.subscribe(filter);
    await client.publish('a', 'x');
    await client.send({ type: 'unsubscribe', packetId: 9, filters });
    assert.deepEqual(interceptor.events, ['c unsubscribed a/+', 'c unsubscribed $share/g/a']);
    const asked = interceptor.requests.slice(-2).flat();
    assert.deepEqual(
      asked.map(({ filter, group }) => [filter, group]),
      [
        ['here/a/+', undefined],
        ['here/a', 'g'],
      ],
    );
    assert.equal(interceptor.publications.at(-1)?.topic, 'here/a');
  });
});

describe('a client whose acceptance expires', () => {
  const expiring = new TestGatekeeper({ admit: () => ({ type: 'accept', validSeconds: 60 }) });

  it('is sent away with 0xA0 when the time is over', async () => {
    const broker = new TestBroker({ gatekeeper: expiring });
    const client = await broker.connect('c');
    await broker.advance(59);
    assert.equal(client.isClosed, false);
    await broker.advance(2);
    assert.deepEqual(outcomeOf(client), ['disconnect a0', 'closed']);
  });

  it('leaves no deadline behind when it goes before', async () => {
    const broker = new TestBroker({ gatekeeper: expiring });
    const client = await broker.connect('c');
    await client.drop();
    assert.equal(broker.broker.nextDeadline, undefined);
  });
});
