/** A disk that is slow, full for a while, and cut off at any moment, as chance has it. */

import type { Store, StoredRecord, StoreFault } from '../../src/broker/ports.ts';
import { MemoryStore } from '../../src/storage/memory.ts';
import type { Random } from './random.ts';

interface Commit {
  readonly changes: Uint8Array<ArrayBuffer>;
  readonly done: (fault: StoreFault | undefined) => void;
  /** Made or failed; the broker has not heard of it. */
  isDecided: boolean;
  fault: StoreFault | undefined;
}

interface Read {
  readonly from: Uint8Array<ArrayBuffer>;
  readonly to: Uint8Array<ArrayBuffer>;
  readonly answer: (records: readonly StoredRecord[]) => void;
  /** The commits that it has to see. */
  readonly commitsBefore: number;
  /** As the disk had it at some moment, which may be long before the answer. */
  found: readonly StoredRecord[] | undefined;
}

export interface DiskPace {
  /** How likely each thing goes on in one round. */
  readonly chance: number;
  /** Records in one answer, at most. */
  readonly pageRecords: number;
}

const diskFull: StoreFault = { code: 'ENOSPC', message: 'no space left on the simulated disk' };
const slowChance = 0.04;

export class SimulatedDisk implements Store {
  isFull = false;
  isSlow = false;
  readonly #pace: DiskPace;
  readonly #tellOutcome: (fault: StoreFault | undefined) => void;
  readonly #records = new MemoryStore(() => {});
  #commits: Commit[] = [];
  #reads: Read[] = [];
  #doneCount = 0;
  #retriesCount = 0;
  #isRetry = false;
  // All that were handed over, and those of them that are decided.
  #handed = 0;
  #decided = 0;

  /** @param tellOutcome is called just before the broker hears of a commit */
  constructor(pace: DiskPace, tellOutcome: (fault: StoreFault | undefined) => void) {
    this.#pace = pace;
    this.#tellOutcome = tellOutcome;
  }

  /** Something that was asked of it is not answered. */
  get isBusy(): boolean {
    return this.#commits.length + this.#reads.length > 0;
  }

  /** Commits that it was given; one that is given again after a fault is the same. */
  get handedCount(): number {
    return this.#handed - this.#retriesCount;
  }

  /** Commits that the broker knows to be safe. */
  get doneCount(): number {
    return this.#doneCount;
  }

  /** Hands over all that it has. */
  get records(): MemoryStore['records'] {
    return this.#records.records;
  }

  commit(changes: Uint8Array<ArrayBuffer>, done: Commit['done']): void {
    this.#handed++;
    if (this.#isRetry) this.#retriesCount++;
    // Not copied, so that changes that are written over too early show.
    this.#commits.push({ changes, done, isDecided: false, fault: undefined });
  }

  read(from: Read['from'], to: Read['to'], answer: Read['answer']): void {
    const commitsBefore = this.#handed;
    this.#reads.push({ from, to, answer, commitsBefore, found: undefined });
  }

  /** Goes on with some of what it was asked. @returns the calls that tell of it, in their order */
  work(random: Random): (() => void)[] {
    return this.#goOn(random, this.isSlow ? slowChance : this.#pace.chance);
  }

  /** Goes on with all of it. */
  hurry(random: Random): (() => void)[] {
    return this.#goOn(random, 1);
  }

  /** The broker is gone: what it was not told of was done, or was not. */
  breakOff(random: Random): void {
    for (const commit of this.#commits) {
      if (!commit.isDecided && !this.isFull && random.chance(0.5)) this.#decide(commit);
      // Commits are made in their order.
      if (!commit.isDecided) break;
    }
    this.#commits = [];
    this.#reads = [];
    this.#decided = this.#handed;
    this.#doneCount = this.handedCount;
    this.#isRetry = false;
  }

  #goOn(random: Random, chance: number): (() => void)[] {
    const answers: (() => void)[] = [];
    const [commit] = this.#commits;
    if (commit?.isDecided && random.chance(chance)) {
      this.#commits.shift();
      answers.push(() => {
        this.#isRetry = commit.fault !== undefined;
        if (!this.#isRetry) this.#doneCount++;
        this.#tellOutcome(commit.fault);
        commit.done(commit.fault);
      });
    } else if (commit !== undefined && !commit.isDecided && random.chance(chance)) {
      this.#decide(commit);
    }
    const reads = this.#reads;
    this.#reads = [];
    for (const read of reads) {
      if (read.found !== undefined && random.chance(chance)) {
        const { answer, found } = read;
        answers.splice(random.between(0, answers.length), 0, () => answer(found));
        continue;
      }
      if (read.commitsBefore <= this.#decided && random.chance(chance)) this.#find(read);
      this.#reads.push(read);
    }
    return answers;
  }

  #decide(commit: Commit): void {
    commit.isDecided = true;
    this.#decided++;
    if (this.isFull) commit.fault = diskFull;
    else this.#records.apply(commit.changes);
  }

  #find(read: Read): void {
    read.found ??= this.#records.find(read.from, read.to).slice(0, this.#pace.pageRecords);
  }
}
