/** The time at which a message arrived, and how Mosquitto's tools print it. */

import { strftime } from '../server/strftime.ts';

export class Moment {
  readonly #date: Date;
  /** Nanoseconds since its second began, as far as the clock tells them. */
  readonly nanoseconds: number;

  /** @param milliseconds since 1970, with fractions */
  constructor(milliseconds: number) {
    this.#date = new Date(milliseconds);
    this.nanoseconds = Math.floor((milliseconds % 1000) * 1000) * 1000;
  }

  static now(): Moment {
    return new Moment(performance.timeOrigin + performance.now());
  }

  /** In the codes of C's strftime. */
  strftime(format: string): string {
    return strftime(format, this.#date);
  }

  /** `2026-11-22T21:39:05+0100` */
  get iso(): string {
    return this.strftime('%Y-%m-%dT%H:%M:%S%z');
  }

  /** `2026-11-22T21:39:05.123456+0100` */
  get isoWithMicroseconds(): string {
    const micros = String(this.nanoseconds / 1000).padStart(6, '0');
    return `${this.strftime('%Y-%m-%dT%H:%M:%S')}.${micros}${this.strftime('%z')}`;
  }

  /** `1795386969.278887000` */
  get unix(): string {
    return `${this.strftime('%s')}.${String(this.nanoseconds).padStart(9, '0')}`;
  }
}
