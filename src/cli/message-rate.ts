/** How many messages come in a second, told each second. */

export class MessageRate implements Disposable {
  readonly #timer: NodeJS.Timeout;
  #messages = 0;

  constructor(print: (line: string) => void) {
    this.#timer = setInterval(() => {
      print(`${this.#messages} msgs/s\n`);
      this.#messages = 0;
    }, 1000);
  }

  count(): void {
    this.#messages += 1;
  }

  [Symbol.dispose](): void {
    clearInterval(this.#timer);
  }
}
