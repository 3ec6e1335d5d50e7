/** First in, first out. */

import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import fc from 'fast-check';
import type { Fifo as Ring } from '../../src/session/fifo.ts';

type Step = 'push' | 'shift' | 'remove even';

type AnyFifo<T> = Pick<Ring<T>, keyof Ring<T>>;

/** What every Fifo does. */
export function fifoContract(Fifo: new <T>() => AnyFifo<T>): void {
  describe('Fifo', () => {
    it('is as an array is, whatever is done with it', () => {
      const steps = fc.array(
        fc.constantFrom<Step>('push', 'push', 'push', 'shift', 'remove even'),
        {
          maxLength: 200,
        },
      );
      fc.assert(
        fc.property(steps, (list) => {
          const fifo = new Fifo<number>();
          let model: number[] = [];
          const isEven = (item: number) => item % 2 === 0;
          for (const [i, step] of list.entries()) {
            if (step === 'push') {
              fifo.push(i);
              model.push(i);
            } else if (step === 'shift') {
              assert.equal(fifo.shift(), model.shift());
            } else {
              assert.deepEqual(fifo.remove(isEven), model.filter(isEven));
              model = model.filter((item) => !isEven(item));
            }
            assert.deepEqual([fifo.length, fifo.peek()], [model.length, model[0]]);
          }
          assert.deepEqual([...fifo], model);
        }),
      );
    });

    it('holds nothing that was taken', () => {
      const fifo = new Fifo<object>();
      for (let i = 0; i < 1000; i++) fifo.push({ i });
      for (let i = 0; i < 1000; i++) fifo.shift();
      assert.deepEqual(
        [fifo.length, fifo.shift(), fifo.peek(), [...fifo]],
        [0, undefined, undefined, []],
      );
    });
  });
}
