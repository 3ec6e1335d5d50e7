/** A process in the simulation: what it has asked of its machine is forgotten when it dies. */

export class Machine {
  /** When it wants to be woken. */
  wakeAt = Number.POSITIVE_INFINITY;
  wake: (now: number) => void = () => {};
  #isDead = false;

  get isDead(): boolean {
    return this.#isDead;
  }

  die(): void {
    this.#isDead = true;
    this.wakeAt = Number.POSITIVE_INFINITY;
  }
}
