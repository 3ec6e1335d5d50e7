/**
 * About eight letters and digits that nobody else has.
 *
 * @param random gives a number from 0 up to 1
 */
export function randomDigits(random: () => number): string {
  return Math.floor(random() * 2 ** 40).toString(36);
}
