/** What our tools and Mosquitto's are given alike, to be found to do the same with it. */

const allProperties = [
  ['content-type', 'text/plain'],
  ['correlation-data', 'c"o'],
  ['message-expiry-interval', '36000'],
  ['payload-format-indicator', '1'],
  ['response-topic', 'reply/to'],
  ['user-property', 'name', 'value'],
  ['user-property', 'other', 'v"2'],
].flatMap((property) => ['-D', 'publish', ...property]);

const identified = ['-D', 'subscribe', 'subscription-identifier', '7', '-q', '1'];
/** A message with all that a message can have. */
export const fullMessage: readonly string[] = [
  '-m',
  'Hello, "wörld"\t\\ \u{1f40c}',
  '-q',
  '1',
  ...allProperties,
];
const json = ['-m', ' {"t" : 27.0, "l":[1,{"a":[]},{}], "s":"x/y\\u00e9\\n", "n":1e21}'];

/** Of each message, retained, both tools print the same but for the time. */
export const printed: readonly {
  readonly name: string;
  readonly publish: readonly string[];
  readonly sub: readonly string[];
}[] = [
  { name: 'by default', publish: fullMessage, sub: [] },
  { name: 'with -v', publish: fullMessage, sub: ['-v'] },
  { name: 'with -v -N', publish: fullMessage, sub: ['-v', '-N'] },
  {
    name: 'for every code',
    publish: fullMessage,
    sub: [...identified, '-F', '%%|%A|%C|%D|%F|%l|%m|%p|%P|%q|%R|%r|%S|%t|%x|%X'],
  },
  {
    name: 'with widths and precisions',
    publish: fullMessage,
    sub: [
      ...identified,
      '-F',
      '[%5A][%-5A][%05A][%20C][%-20C][%020C][%.4C][%9.4C][%-9.4C][%3F][%03F][%-3F][%5l][%05l]' +
        '[%-5l][%-05l][%5.2l][%5m][%05m][%40p][%-40p][%040p][%.3p][%9q][%9r][%10R][%.2R][%09S]' +
        '[%30t][%030t][%-30t][%.1t][%5D][%20P][%9%]',
    ],
  },
  {
    name: 'for what a message does not have',
    publish: ['-m', 'x'],
    sub: ['-F', '[%A][%05A][%-5A][%5C][%08C][%D][%05E][%05F][%05S][%5S][%P][%R][%m][%05m]'],
  },
  {
    name: 'for escapes',
    publish: fullMessage,
    sub: ['-F', '\\\\ \\0 \\a \\e \\n \\r \\t \\v ü @@'],
  },
  {
    name: 'for the date',
    publish: fullMessage,
    sub: ['-F', '@a @A @b @B @C @d @D @e @F @g @G @h @j @m @n @t @u @U @V @w @W @x @y @Y @z @Z'],
  },
  {
    name: 'for codes that strftime does not know',
    publish: fullMessage,
    sub: ['-F', '@L@f@i@o@q@1@ '],
  },
  { name: 'as JSON', publish: fullMessage, sub: [...identified, '-F', '%j'] },
  { name: 'as pretty JSON', publish: fullMessage, sub: [...identified, '-F', '%j', '--pretty'] },
  { name: 'as JSON with a payload of JSON', publish: json, sub: ['-F', '%J'] },
  { name: 'as pretty JSON with a payload of JSON', publish: json, sub: ['-F', '%J', '--pretty'] },
  { name: 'as JSON with a payload that is none', publish: fullMessage, sub: ['-F', '%t %J|'] },
];

/** Command lines that both tools end with the same exit code and first line on stderr. */
export const endings: readonly (readonly ['pub' | 'sub', ...args: string[]])[] = [
  ['pub', '-t', 'a', '-m', 'x'],
  ['pub', '-t', 'a', '-q', '2', '-n'],
  ['pub', '-t', 'a', '-l'],
  ['pub', '-t', 'a', '-s'],
  ['pub', '-t', 'a', '-f', '/nowhere'],
  ['pub', '-t', 'a/#', '-m', 'x'],
  ['pub', '-t', 'a', '-m', 'x', '-n'],
  ['pub', '--bogus'],
  ['pub', '-t', 'a', '-m', 'x', '-k', '3'],
  ['pub', '-t', 'a', '-m', 'x', '-c'],
  ['pub', '-t', 'a', '-m', 'x', '--repeat', '0'],
  ['pub', '-t', 'a', '-m', 'x', '-D', 'publish', 'nonsense', '1'],
  ['pub', '-t', 'a', '-m', 'x', '-h', 'nowhere.invalid'],
  ['pub', '-t', 'a', '-m', 'x', '-p', '1'],
  ['sub'],
  ['sub', '-t', 'a#'],
  ['sub', '-t', 'a', '-E'],
  ['sub', '-t', 'a', '-C', '0'],
  ['sub', '-t', 'a', '-F', '%z'],
  ['sub', '-t', 'nothing', '-W', '1'],
  ['sub', '-t', 'nothing', '-W', '1', '-V', 'mqttv5'],
  ['sub', '-t', 'a', '-p', '1'],
];
