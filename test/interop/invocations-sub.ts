/** What sub prints, and when it ends. */

import {
  adds,
  type Difference,
  type Expected,
  fault,
  type Invocation,
  newFlag,
  since21,
} from './invocation.ts';

const kept = '-t $T -r -q 1';
const full =
  `${kept} -m 'Hello "wörld"' -D publish content-type text/plain -D publish correlation-data c"o ` +
  '-D publish payload-format-indicator 1 -D publish response-topic reply/to ' +
  '-D publish user-property name value -D publish user-property name v2';

/** Of a message with everything, in this format. */
function format(text: string, more = '', differs?: Difference): Invocation {
  const run = `sub -t $T -C 1 -q 1 -V 5 -F '${text}'${more}` as const;
  return { run, given: [full], ...(differs && { differs }) };
}

/** Of a plain message with this payload. */
function payload(text: string, flags: string, differs?: Difference): Invocation {
  const run = `sub -t $T -C 1 ${flags}` as const;
  return { run, given: [`${kept} -m '${text}'`], ...(differs && { differs }) };
}

/** In JSON 2.1 writes the retain flag as a flag, and one object for each user property. */
const json: Pick<Invocation, 'hides' | 'differs'> = {
  hides: /(?<="tst":\t?)"[^"]*"/,
  differs: {
    because: since21,
    becomes: (text) =>
      text
        .replace(/"retain":(\t?)([01])/, (_, tab, flag) => `"retain":${tab}${flag === '1'}`)
        .replace(/"user-properties":\{(.*?)\}/, (_, pairs: string) => {
          return `"user-properties":[${pairs.split(',').map((pair) => `{${pair}}`)}]`;
        }),
  },
};

/** What 2.1 formats otherwise. */
function newer(theirs: Expected, ours: Expected): Difference {
  return { because: since21, stdout: [theirs, ours] };
}

function unknown(code: string, ours: Expected, told: Expected = ''): Difference {
  const complaint = new RegExp(`^Error: Invalid format specifier '${code}'\\.\\n`);
  return { because: since21, exitCode: [1, 0], stdout: ['', ours], stderr: [complaint, told] };
}

const formats: readonly Invocation[] = [
  format(
    '%%|%A|%C|%D|%F|%l|%m|%p|%P|%q|%R|%r|%S|%t|%x|%X',
    ' -D subscribe subscription-identifier 7',
  ),
  format('[%5A][%-5A][%05A][%20C][%-20C][%020C][%.4C][%9.4C][%-9.4C]'),
  format('[%3F][%03F][%-3F][%5l][%05l][%-5l][%-05l][%5.2l][%5m][%05m]'),
  format('[%40p][%-40p][%040p][%.3p][%9q][%9r][%10R][%.2R][%20P][%9%]'),
  format('[%30t][%030t][%-30t][%.1t][%5D][%8.0t]'),
  format('[%3p][%-3p][%03p]'),
  format('[%3x][%8x][%012x]', '', newer(/^\[ 48\]/, /^\[48656c\]\[48656c6c6f202277\]\[/)),
  format('[%60x][%-60x][%060X]', '', newer(/2022\]\n$/, /00048656C6C6F202277C3B6726C6422\]\n$/)),
  format('\\\\ \\0 \\a \\e \\n \\r \\t \\v ü @@ %%'),
  format('@Y-@m-@d @e @F @a @A @b @B @C @y @j @u @w @U @V @W @G @g @x @n@t'),
  format('@L@f@i@o@q@1@ '),
  format('%9S|%09S', ' -D subscribe subscription-identifier 268435455'),
  {
    run: "sub -t $T -C 1 -F '[%A][%05A][%-5A][%5C][%D][%05F][%5S][%P][%R][%m][%05m]'",
    given: [`${kept} -m x`],
  },
  payload('x', "-F '[%08C][%9R][%08S]'"),
  payload('x', '-F %t -N'),
  payload('x', "-F '' "),
  payload('', '-F %l:%p:%x -W 1'),
  payload('abc', '-F %.2x', newer('616263\n', '61 62 63\n')),
  payload('abc', '-F %.2:X', unknown(':', '61:62:63\n')),
  payload('abcd', '-F %f', unknown('f', '16777999408082104352768.000000\n')),
  payload('abcdefgh', '-F %.1d', unknown('d', /^8540883223036124\d+\.0\n$/)),
  payload('abc', '-F %f', unknown('f', '\n', /^requested float printing, but non-float data/)),
  { ...format('%j'), ...json },
  format(
    '%j',
    ' --pretty',
    newer(/"retain":\t1,/, /"retain":\ttrue,.*\[\{\n\t{4}"name":\t"value"/s),
  ),
  {
    ...payload('{"t" : 27.0, "l":[1,{"a":[]},{}], "s":"x/y\\u00e9\\n", "n":1e21}', '-F %J'),
    ...json,
  },
  { ...payload('{"t" : 27.0, "l":[1,{"a":[]},{}], "n":1e21}', '-F %J --pretty'), ...json },
  payload('no json', '-F %J'),
  payload('no json', '-F %t:%J| --quiet'),
  { ...payload('no json', '-F %j'), ...json },
];

const prints: readonly Invocation[] = [
  payload('hello', ''),
  payload('hello', '-v'),
  payload('hello', '-N'),
  payload('hello', '-v -N'),
  payload('hello', '--verbose -q 2'),
  payload('two\nlines', ''),
  {
    run: 'sub -t $T/# -C 3 -v',
    given: ['a', 'b', 'c'].map((name) => `-t $T/${name} -m ${name} -r -q 1`),
  },
  {
    run: 'sub -t $T/a -t $T/b -C 2 -v',
    given: ['a', 'b'].map((name) => `-t $T/${name} -m ${name} -r -q 1`),
  },
  {
    run: 'sub -t $T/# -T $T/a -C 1 -v',
    given: ['a', 'b'].map((name) => `-t $T/${name} -m ${name} -r -q 1`),
  },
  {
    run: 'sub -t $T/# -T $T/+ -W 1',
    given: ['a', 'b'].map((name) => `-t $T/${name} -m ${name} -r -q 1`),
  },
  { run: 'sub -t $T -C 2 -v', live: '-t $T -m x' },
  { run: 'sub -t $T -C 1 -v', live: '-t $T -n' },
  { run: 'sub -t $T -C 1 -v -N', live: '-t $T -n' },
  { run: 'sub -t $T -C 1', live: '-t $T -n' },
  { run: "sub -t $T -C 1 -F '%l|%p|%x|%5p|%05x'", live: '-t $T -n' },
  { run: 'sub -t $T -C 1 -F %j', live: '-t $T -n', ...json },
  { run: 'sub -t $T -R -C 1 -F %r%p', given: [`${kept} -m old`], live: '-t $T -m new' },
  { run: 'sub -t $T -R -C 1 -F %r%p -V 5', given: [`${kept} -m old`], live: '-t $T -m new' },
  { run: 'sub -t $T --retained-only -v', given: [`${kept} -m old`], live: '-t $T -m new' },
  {
    run: 'sub -t $T/# --retained-only -T $T/a -v',
    given: ['-t $T/a -m a -r -q 1', '-t $T/b -m b -r -q 1'],
    live: '-t $T/c -m new',
  },
  { run: 'sub -t $T --remove-retained -C 1', given: [`${kept} -m old`], kept: '$T' },
  { run: 'sub -t $T --remove-retained --retained-only', given: [`${kept} -m old`], kept: '$T' },
  { run: 'sub -t $T --remove-retained -T $T -W 1', given: [`${kept} -m old`], kept: '$T' },
  { run: 'sub -t $T --retain-as-published -V 5 -C 1 -F %r%p', live: '-t $T -m new -r' },
  { run: 'sub -t $T -V 5 -C 1 -R -F %r%p', live: '-t $T -m new -r' },
];

const ends: readonly Invocation[] = [
  { run: 'sub -t $T -E' },
  { run: 'sub -t $T -E -d -i $ID' },
  { run: 'sub -t $T -t $T/b -E -d -i $ID -q 2 -V 5' },
  { run: 'sub -t $T -E -d -i $ID -V 31 -q 1' },
  { run: 'sub -t $T -E -d --quiet -i $ID' },
  { run: 'sub -t $T -E -c -i $ID -d' },
  { run: 'sub -t $T -E -V 5 -d -i $ID --retain-as-published' },
  { run: 'sub -t $T -U $T/u -E -i $ID' },
  {
    run: 'sub -t $T -C 1 -d -i $ID -q 2 -F %p',
    given: ['-t $T -r -q 2 -m x'],
    differs: {
      because: 'ours acknowledges what it has printed, not before',
      stdout: [/sending PUBCOMP \(m1\)\nx\n/, /\nx\nClient \$ID sending PUBREC \(m1, rc0\)\n/],
    },
  },
  {
    run: 'sub -t $T -C 1 -d -i $ID -q 1 -F %p',
    given: ['-t $T -r -q 1 -m x'],
    differs: {
      because: 'ours acknowledges what it has printed, not before',
      stdout: [/sending PUBACK \(m1, rc0\)\nx\n/, /\nx\nClient \$ID sending PUBACK \(m1, rc0\)\n/],
    },
  },
  { run: 'sub -t $T -W 1' },
  { run: 'sub -t $T -W 1 --quiet' },
  { run: 'sub -t $T -W 1 -V 5 -d -i $ID' },
  { run: 'sub -t $T -W 1 -C 5', given: [`${kept} -m x`] },
  { run: 'sub -t $T -E -D subscribe user-property a b -D unsubscribe user-property a b -U $T' },
  { run: 'sub -t $T -E -x 5 -V 5 -i $ID' },
  { run: 'sub -t $T -C 1 -q 1 -i $ID -I x', given: [] },
  {
    run: 'sub -t $T -p 1',
    at: 'nowhere',
    ...adds(/^No broker listens at localhost port 1: check/),
  },
  {
    run: 'sub -t $T -h nowhere.invalid',
    at: 'nowhere',
    ...adds(/^The name is not known: nowhere\.invalid/),
  },
  { run: 'sub -t $T', at: 'closed', ...adds(/^The server refused the connection.*check the user/) },
  {
    run: 'sub -t $T -V 5',
    at: 'closed',
    ...adds(/^The server refused the connection.*check the user/),
  },
  { run: 'sub -t $T -V 31 --quiet', at: 'closed' },
  {
    run: 'sub -t $T -V 5 -d -i $ID',
    at: 'closed',
    differs: {
      because: `${fault}: whoever is refused has nothing more to say [MQTT-3.2.2-7]`,
      stdout: [/CONNACK \(135\)\nClient \$ID sending DISCONNECT\n$/, /CONNACK \(135\)\n$/],
      stderr: [
        /^Connection error: Not authorized\n$/,
        /^Connection error: Not authorized\nThe server refused/,
      ],
    },
  },
  { run: 'sub -t $T', at: 'limited' },
  { run: 'sub -t $T -V 5', at: 'limited' },
  { run: 'sub -t $T -t ok/$T -V 5 -E -d -i $ID', at: 'limited' },
  {
    run: 'sub -U $T -E -i $ID',
    differs: {
      because: since21,
      exitCode: [1, 0],
      stderr: [/^Error: You must specify a topic/, ''],
    },
  },
  {
    run: 'sub -t $T --retain-handling never -W 1',
    given: [`${kept} -m x`],
    differs: {
      because: since21,
      exitCode: [1, 27],
      stdout: ['', 'x\n'],
      stderr: [/^Error: Unknown option/, 'Timed out\n'],
    },
  },
  {
    run: 'sub -t $T --retain-handling never -V 5 -C 1 -F %r%p',
    given: [`${kept} -m old`],
    live: '-t $T -m new',
    ...newFlag('--retain-handling', { stdout: '0new\n' }),
  },
  {
    run: 'sub -t $T --message-rate -W 2',
    live: '-t $T -m x',
    differs: {
      because: since21,
      exitCode: [1, 27],
      stdout: ['', /^(?:\d+ msgs\/s\n)+$/],
      stderr: [/^Error: Unknown option '--message-rate'/, 'Timed out\n'],
    },
  },
  { run: 'sub -t $T -C 1', files: { mosquitto_sub: '-v\n-q 1\n' }, given: [`${kept} -m x`] },
];

export const subInvocations: readonly Invocation[] = [...formats, ...prints, ...ends];
