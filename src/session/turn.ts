/** One turn of the event loop: what is written during it leaves in one piece at its end. */

import { ByteWriter } from '../packet/byte-writer.ts';

/** Something with bytes that wait for the end of the turn. */
interface Flushable {
  flush(): void;
}

// A buffer that grew beyond this is not worth keeping for the next connection.
const keptBufferBytesMax = 64 * 1024;
const keptBuffersMax = 1024;
const firstBufferBytes = 2 * 1024;

/**
 * Collects the outputs that were written to, and flushes each once at the end of the turn. Sharing
 * one pool of buffers keeps idle connections free of any: a connection has a buffer only while
 * bytes of its own wait. Coalescing is worth more than any other measure on the hot path
 * (docs/decisions/004-coalescing.md).
 */
export class Turn {
  readonly #schedule: (flush: () => void) => void;
  readonly #flush = (): void => this.flush();
  readonly #spare: ByteWriter[] = [];
  #count = 0;
  #dirty: Flushable[] = [];
  #flushing: Flushable[] = [];
  #last: Flushable | undefined;

  /** @param schedule asks the host to call back once, at the end of this turn of its event loop. */
  constructor(schedule: (flush: () => void) => void) {
    this.#schedule = schedule;
  }

  /** Turns that have ended with something to do. */
  get count(): number {
    return this.#count;
  }

  /** Has `output.flush` called at the end of the turn. */
  add(output: Flushable): void {
    if (this.#dirty.length === 0 && this.#last === undefined) this.#schedule(this.#flush);
    this.#dirty.push(output);
  }

  /** The same, but after all others. One may be last. */
  addLast(output: Flushable): void {
    if (this.#dirty.length === 0 && this.#last === undefined) this.#schedule(this.#flush);
    this.#last = output;
  }

  /** Ends the turn: flushes what was added. What is added meanwhile waits for the next. */
  flush(): void {
    const outputs = this.#dirty;
    this.#count++;
    this.#dirty = this.#flushing;
    this.#flushing = outputs;
    const last = this.#last;
    this.#last = undefined;
    for (let i = 0; i < outputs.length; i++) outputs[i].flush();
    outputs.length = 0;
    last?.flush();
  }

  takeBuffer(): ByteWriter {
    return this.#spare.pop() ?? new ByteWriter(firstBufferBytes);
  }

  returnBuffer(buffer: ByteWriter): void {
    if (buffer.bytes.length > keptBufferBytesMax || this.#spare.length >= keptBuffersMax) return;
    buffer.reset();
    this.#spare.push(buffer);
  }
}
