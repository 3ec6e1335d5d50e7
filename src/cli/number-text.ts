/** Numbers as C's printf writes them. */

// What JavaScript gives at most; behind them nobody reads on.
const decimalsMax = 100;
// From here on JavaScript writes an exponent.
const exponentFrom = 1e21;

/** `%.6f`: as many decimals as are asked for, and never an exponent. */
export function fixedNumber(value: number, decimals = 6): string {
  if (Number.isNaN(value)) return 'nan';
  if (!Number.isFinite(value)) return value < 0 ? '-inf' : 'inf';
  const most = Math.min(decimals, decimalsMax);
  const zeros = '0'.repeat(decimals - most);
  if (Math.abs(value) < exponentFrom) {
    const text = toNearestEven(Math.abs(value), most) + zeros;
    return value < 0 || Object.is(value, -0) ? `-${text}` : text;
  }
  return decimals === 0 ? String(BigInt(value)) : `${BigInt(value)}.${'0'.repeat(decimals)}`;
}

/** `toFixed`, but for what lies right in the middle: C goes to the even digit, JavaScript up. */
function toNearestEven(value: number, decimals: number): string {
  const exact = value.toFixed(decimalsMax);
  const end = exact.length - decimalsMax + decimals;
  if (!/^50*$/.test(exact.slice(end))) return value.toFixed(decimals);
  const down = decimals === 0 ? exact.slice(0, end - 1) : exact.slice(0, end);
  return Number(down.at(-1)) % 2 === 0 ? down : value.toFixed(decimals);
}

/** `%.15g`: without trailing zeros, with an exponent where that is shorter. */
export function generalNumber(value: number, digits: number): string {
  if (value === 0) return Object.is(value, -0) ? '-0' : '0';
  const [mantissa, exponentText] = value.toExponential(digits - 1).split('e');
  const exponent = Number(exponentText);
  if (exponent >= -4 && exponent < digits) {
    return withoutZeros(value.toFixed(Math.max(0, digits - 1 - exponent)));
  }
  const sign = exponent < 0 ? '-' : '+';
  return `${withoutZeros(mantissa)}e${sign}${String(Math.abs(exponent)).padStart(2, '0')}`;
}

function withoutZeros(text: string): string {
  return text.includes('.') ? text.replace(/\.?0+$/, '') : text;
}
