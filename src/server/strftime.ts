/** Writes a time in the codes of C's strftime, in local time and English. */

/** `strftime('%Y-%m-%d %H:%M', date)` → `2026-11-22 21:39`. An unknown code stays as it is. */
export function strftime(format: string, date: Date): string {
  return format.replace(/%[EO]?([a-zA-Z%])/g, (code, letter: string) => {
    const write = Object.hasOwn(codes, letter) ? codes[letter] : undefined;
    return write === undefined ? code : write(date);
  });
}

const days = ['Sunday', 'Monday', 'Tuesday', 'Wednesday', 'Thursday', 'Friday', 'Saturday'];
const months = [
  'January',
  'February',
  'March',
  'April',
  'May',
  'June',
  'July',
  'August',
  'September',
  'October',
  'November',
  'December',
];

const codes: Readonly<Record<string, (date: Date) => string>> = {
  a: (date) => days[date.getDay()].slice(0, 3),
  A: (date) => days[date.getDay()],
  b: (date) => months[date.getMonth()].slice(0, 3),
  B: (date) => months[date.getMonth()],
  c: (date) => strftime('%a %b %e %H:%M:%S %Y', date),
  C: (date) => padded(Math.floor(date.getFullYear() / 100)),
  d: (date) => padded(date.getDate()),
  D: (date) => strftime('%m/%d/%y', date),
  e: (date) => padded(date.getDate(), 2, ' '),
  F: (date) => strftime('%Y-%m-%d', date),
  g: (date) => padded(isoWeek(date).year % 100),
  G: (date) => String(isoWeek(date).year),
  h: (date) => strftime('%b', date),
  H: (date) => padded(date.getHours()),
  I: (date) => padded(hourOfTwelve(date)),
  j: (date) => padded(dayOfYear(date) + 1, 3),
  k: (date) => padded(date.getHours(), 2, ' '),
  l: (date) => padded(hourOfTwelve(date), 2, ' '),
  m: (date) => padded(date.getMonth() + 1),
  M: (date) => padded(date.getMinutes()),
  n: () => '\n',
  p: (date) => (date.getHours() < 12 ? 'AM' : 'PM'),
  P: (date) => (date.getHours() < 12 ? 'am' : 'pm'),
  r: (date) => strftime('%I:%M:%S %p', date),
  R: (date) => strftime('%H:%M', date),
  s: (date) => String(Math.floor(date.getTime() / 1000)),
  S: (date) => padded(date.getSeconds()),
  t: () => '\t',
  T: (date) => strftime('%H:%M:%S', date),
  u: (date) => String(date.getDay() || 7),
  U: (date) => padded(weekOfYear(date, 0)),
  V: (date) => padded(isoWeek(date).week),
  w: (date) => String(date.getDay()),
  W: (date) => padded(weekOfYear(date, 1)),
  x: (date) => strftime('%m/%d/%y', date),
  X: (date) => strftime('%H:%M:%S', date),
  y: (date) => padded(date.getFullYear() % 100),
  Y: (date) => String(date.getFullYear()),
  z: zoneOffset,
  Z: zoneName,
  '%': () => '%',
};

function padded(value: number, width = 2, fill = '0'): string {
  return String(value).padStart(width, fill);
}

function hourOfTwelve(date: Date): number {
  return date.getHours() % 12 || 12;
}

const dayMilliseconds = 86_400_000;

/** Counts from 0. Between UTC midnights, so that a change of the clocks does not matter. */
function dayOfYear(date: Date): number {
  const today = Date.UTC(date.getFullYear(), date.getMonth(), date.getDate());
  return (today - Date.UTC(date.getFullYear(), 0, 1)) / dayMilliseconds;
}

/** The week of the year when the first `firstDay` of it (0 for Sunday) begins week 1. */
function weekOfYear(date: Date, firstDay: number): number {
  const daysIntoWeek = (date.getDay() + 7 - firstDay) % 7;
  return Math.floor((dayOfYear(date) + 7 - daysIntoWeek) / 7);
}

/** The week of ISO 8601: it begins on Monday and belongs to the year that its Thursday is in. */
function isoWeek(date: Date): { readonly year: number; readonly week: number } {
  const daysSinceMonday = (date.getDay() + 6) % 7;
  const thursday = new Date(
    date.getFullYear(),
    date.getMonth(),
    date.getDate() - daysSinceMonday + 3,
  );
  return { year: thursday.getFullYear(), week: Math.floor(dayOfYear(thursday) / 7) + 1 };
}

function zoneOffset(date: Date): string {
  const minutes = -date.getTimezoneOffset();
  const size = Math.abs(minutes);
  return `${minutes < 0 ? '-' : '+'}${padded(Math.floor(size / 60))}${padded(size % 60)}`;
}

function zoneName(date: Date): string {
  const parts = new Intl.DateTimeFormat('en', { timeZoneName: 'short' }).formatToParts(date);
  return parts.find(({ type }) => type === 'timeZoneName')?.value ?? '';
}
