/** Who gets a message: by identifiers where the server names them, else by topic. */

import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { published } from '../../test/harness/mqtt-client-stage.ts';
import { IncomingMessage } from './incoming-message.ts';
import type { Sink } from './message-stream.ts';
import { SubscriptionTable } from './subscription-table.ts';

class Recorder implements Sink {
  readonly waiting = 0;
  readonly texts: string[] = [];

  push(message: IncomingMessage): void {
    this.texts.push(message.text());
  }

  end(): void {}
}

function stage() {
  const table = new SubscriptionTable(() => 0.5);
  let count = 0;
  const route = (topic: string, identifiers?: readonly number[]) => {
    const packet = published(topic, String(++count), { identifiers });
    const nobody = { taken() {} };
    const backlog = { add() {}, remove() {} };
    return table.route(new IncomingMessage(packet, topic, nobody, backlog));
  };
  const [a, b] = [new Recorder(), new Recorder()];
  return { table, route, a, b };
}

describe('a message goes', () => {
  it('to the readers of the subscription that the server names, and to no others', () => {
    const { table, route, a, b } = stage();
    const { identifier } = table.add('x/+', a, {});
    table.add('x/#', b, {});
    assert.equal(route('x/y', [identifier]), 'given');
    assert.deepEqual([a.texts, b.texts], [['1'], []]);
  });

  it('once to a reader of two subscriptions that it is for', () => {
    const { table, route, a, b } = stage();
    const one = table.add('x/+', a, {}).identifier;
    const two = table.add('x/#', a, {}).identifier;
    table.add('x/#', b, {});
    assert.notEqual(one, two);
    route('x/y', [one, two]);
    assert.deepEqual([a.texts, b.texts], [['1'], ['1']]);
  });

  it('by its topic where the server names nothing, shared subscriptions too', () => {
    const { table, route, a, b } = stage();
    table.add('$share/g/x/+', a, {});
    table.add('x/y', b, {});
    assert.equal(route('x/y'), 'given');
    assert.equal(route('x/z'), 'given');
    assert.deepEqual([a.texts, b.texts], [['1', '2'], ['1']]);
  });

  it('by its topic where the identifiers are of an earlier program', () => {
    const { table, route, a } = stage();
    table.add('x', a, {});
    assert.equal(route('x', [1]), 'given');
    assert.equal(route('y', [1]), 'unclaimed');
  });

  it('to those who have come and gone since its topic was looked up last', () => {
    const { table, route, a, b } = stage();
    table.add('x', a, {});
    route('x');
    table.add('#', b, {});
    route('x');
    table.remove('x', a);
    route('x');
    assert.deepEqual(
      [a.texts, b.texts],
      [
        ['1', '2'],
        ['2', '3'],
      ],
    );
  });

  it('to whoever wants everything as well', () => {
    const { table, route, a, b } = stage();
    table.add('x', a, {});
    table.addForEverything(b);
    route('x');
    assert.equal(route('y'), 'given');
    table.removeForEverything(b);
    assert.equal(route('y'), 'unclaimed');
    assert.deepEqual([a.texts, b.texts], [['1'], ['1', '2']]);
  });

  it('nowhere when it is late: for a subscription that was ended', () => {
    const { table, route, a } = stage();
    const { identifier } = table.add('x/+', a, {});
    assert.equal(table.remove('x/+', a)?.filter, 'x/+');
    assert.equal(route('x/y', [identifier]), 'late');
    assert.equal(route('x/y'), 'late');
    assert.equal(route('y'), 'unclaimed');
    assert.deepEqual(a.texts, []);
  });
});

describe('the table', () => {
  it('has one entry for two readers of a filter, until the last has gone', () => {
    const { table, a, b } = stage();
    assert.equal(table.add('x', a, {}), table.add('x', b, {}));
    assert.equal(table.remove('x', a), undefined);
    assert.equal(table.remove('x', a), undefined);
    assert.equal(table.entries().length, 1);
    assert.ok(table.remove('x', b));
    assert.deepEqual([table.entries(), [...table.sinks()]], [[], []]);
  });

  it('asks for what the one with the most wants, and lets nobody get less than before', () => {
    const { table, a, b } = stage();
    table.add('x', a, { qos: 2, retainAsPublished: true });
    const { options } = table.add('x', b, { qos: 0, noLocal: true });
    assert.deepEqual([options.qos, options.noLocal], [2, false]);
  });

  it('remembers no more than 1,000 filters that were ended, the latest', () => {
    const { table, route, a } = stage();
    for (let i = 0; i <= 1000; i++) {
      table.add(`x/${i}`, a, {});
      table.remove(`x/${i}`, a);
    }
    assert.equal(route('x/0'), 'unclaimed');
    assert.equal(route('x/1'), 'late');
  });

  it('has no identifier twice, nor one beyond what MQTT allows', () => {
    const table = new SubscriptionTable(() => 1 - 2 ** -53);
    const { identifier } = table.add('x', new Recorder(), {});
    assert.ok(identifier < 268_435_455 - 100_000_000, String(identifier));
    assert.equal(table.add('y', new Recorder(), {}).identifier, identifier + 1);
  });
});
