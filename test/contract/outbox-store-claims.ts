/** What every OutboxStore promises, without anything that only Node has: browsers prove it, too. */

import type { OutboxStore } from '../../src/client/ports.ts';

/** Where a store keeps its records. */
export interface OutboxPlace {
  /** Another store in the same place, which is not loaded yet. */
  store(): OutboxStore;
}

type Contents = readonly (readonly [key: number, value: string])[];

export const outboxStoreClaims: Readonly<Record<string, (place: OutboxPlace) => Promise<void>>> = {
  'is empty at first': async (place) => {
    const store = place.store();
    equal(await store.load(), []);
    await store.close();
    equal(await contents(place), []);
  },

  'has what was put, by the order of keys': async (place) => {
    await change(place, (store) => {
      for (const key of [70_000, 2, 2 ** 40, 1, 65_536, 0]) store.put(key, bytes(`at ${key}`));
    });
    const keys = [0, 1, 2, 65_536, 70_000, 2 ** 40];
    equal(
      await contents(place),
      keys.map((key) => [key, `at ${key}`]),
    );
  },

  'has the last value that a key was given, until it is removed': async (place) => {
    await change(place, (store) => {
      store.put(1, bytes('a'));
      store.put(2, bytes('b'));
      store.put(1, bytes('c'));
      store.remove(2);
      store.remove(3);
    });
    equal(await contents(place), [[1, 'c']]);
    await change(place, (store) => {
      store.remove(1);
      store.put(1, bytes('d'));
      store.put(4, bytes('e'));
      store.remove(4);
    });
    equal(await contents(place), [[1, 'd']]);
    await change(place, (store) => store.remove(1));
    equal(await contents(place), []);
  },

  'has the caller change its bytes as soon as they are put': async (place) => {
    const lent = bytes('before');
    await change(place, (store) => {
      store.put(1, lent);
      lent.fill(0);
    });
    equal(await contents(place), [[1, 'before']]);
  },

  'gives bytes that are the caller’s': async (place) => {
    await change(place, (store) => store.put(1, bytes('kept')));
    const store = place.store();
    for (const { value } of await store.load()) value.fill(0);
    store.put(2, bytes('more'));
    await store.close();
    equal(await contents(place), [
      [1, 'kept'],
      [2, 'more'],
    ]);
  },

  'keeps values of any size': async (place) => {
    const sizes = [0, 1, 300, 70_000, 3_000_000];
    await change(place, (store) => {
      for (const size of sizes) store.put(size, new Uint8Array(size).fill(7));
    });
    const store = place.store();
    const records = await store.load();
    equal(
      records.map(({ value }) => value.length),
      sizes,
    );
    equal(
      records.every(({ value }) => value.every((byte) => byte === 7)),
      true,
    );
    await store.close();
  },

  'flushes what was put until then, whoever else flushes': async (place) => {
    const store = place.store();
    await store.load();
    const flushes = Array.from({ length: 50 }, (_, index) => {
      store.put(1, bytes(`round ${index}`));
      store.put(100 + index, bytes('x'));
      return store.flush();
    });
    await Promise.all([...flushes, store.flush()]);
    await store.flush();
    await store.close();
    const found = await contents(place);
    equal(found.length, 51);
    equal(found[0], [1, 'round 49']);
  },

  'goes through many changes and stays what it is': async (place) => {
    const model = new Map<number, string>();
    for (let life = 0; life < 4; life++) {
      const store = place.store();
      equal(textsOf(await store.load()), sorted(model));
      for (let step = 0; step < 400; step++) {
        const key = (life * 31 + step * 17) % 50;
        const text = `${life} ${step} `.repeat(1 + ((step * 13) % 700));
        if (step % 3 === 2) {
          model.delete(key);
          store.remove(key);
        } else {
          model.set(key, text);
          store.put(key, bytes(text));
        }
        if (step % 40 === 0) await store.flush();
      }
      await store.close();
    }
    equal(await contents(place), sorted(model));
  },

  'has no second user at the same time': async (place) => {
    const first = place.store();
    await first.load();
    first.put(1, bytes('mine'));
    const second = place.store();
    const refusal = await second.load().then(
      () => undefined,
      (error) => error,
    );
    equal(refusal instanceof Error, true);
    await first.close();
    equal(await contents(place), [[1, 'mine']]);
  },
};

async function change(place: OutboxPlace, make: (store: OutboxStore) => void): Promise<void> {
  const store = place.store();
  await store.load();
  make(store);
  await store.flush();
  await store.close();
}

async function contents(place: OutboxPlace): Promise<Contents> {
  const store = place.store();
  const records = await store.load();
  await store.close();
  return textsOf(records);
}

function textsOf(records: Awaited<ReturnType<OutboxStore['load']>>): Contents {
  return records.map(({ key, value }) => [key, new TextDecoder().decode(value)]);
}

function sorted(model: ReadonlyMap<number, string>): Contents {
  return [...model].sort(([one], [other]) => one - other);
}

function bytes(text: string): Uint8Array {
  return new TextEncoder().encode(text);
}

function equal(actual: unknown, expected: unknown): void {
  const [found, wanted] = [JSON.stringify(actual), JSON.stringify(expected)];
  if (found === wanted) return;
  throw new Error(`${found.slice(0, 500)}, where it should be ${wanted.slice(0, 500)}`);
}
