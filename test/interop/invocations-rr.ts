/** What rr asks, and prints of the response: here its own request comes back to it. */

import {
  adds,
  clearer,
  type Difference,
  fault,
  type Invocation,
  newFlag,
  since21,
} from './invocation.ts';

const goodbye: Difference = {
  because: `${clearer}: ours takes its leave, so that the broker drops the will`,
  stdout: [/hello\n$/, /hello\nClient \$ID sending DISCONNECT\n$/],
};

export const rrInvocations: readonly Invocation[] = [
  { run: 'rr -t $T -e $T -m hello' },
  { run: 'rr -t $T -e $T -m hello -v' },
  { run: 'rr -t $T -e $T -m hello -N' },
  { run: 'rr -t $T -e $T -n -v' },
  { run: 'rr -t $T -e $T -n' },
  {
    run: "rr -t $T -e $T -m hello -F '%t %p %q %r %R %C %D %P' -q 1 -D publish correlation-data abc -D publish user-property a b",
  },
  {
    run: 'rr -t $T -e $T -m hello -F %j -q 2',
    hides: /(?<="tst":")[^"]*/,
    differs: { because: since21, becomes: (text) => text.replace('"retain":0', '"retain":false') },
  },
  { run: 'rr -t $T -e $T -m hello -d -i $ID', differs: goodbye },
  { run: 'rr -t $T -e $T -m hello -d -i $ID -q 1', only: 'Mosquitto', differs: goodbye },
  { run: 'rr -t $T -e $T -m hello -V 311 -F %t:%p:%R' },
  { run: 'rr -t $T -e $T -m hello -V 31 -i $ID' },
  { run: 'rr -t $T -e $T/r -m hello -W 1' },
  { run: 'rr -t $T -e $T/r -m hello -W 1 --quiet' },
  { run: 'rr -t $T -e $T/r -m hello -W 1 -V 311' },
  { run: 'rr -t $T -e $T/r -m hello -v', live: '-t $T/r -m answer' },
  { run: 'rr -t $T -e $T/r -m hello -v -q 2', given: ['-t $T/r -m early -r -q 1'] },
  {
    run: 'rr -t $T -e $T -m hello -R',
    given: ['-t $T -m early -r -q 1'],
    differs: { because: fault, stdout: ['early\n', 'hello\n'] },
  },
  {
    run: 'rr -t $T -e $T -f $DIR/file -v',
    files: { file: 'from a file' },
    differs: { because: fault, stdout: ['$T (null)\n', '$T from a file\n'] },
  },
  {
    run: 'rr -t $T -e $T -s -v',
    input: 'all of it',
    differs: { because: fault, stdout: ['$T (null)\n', '$T all of it\n'] },
  },
  {
    run: 'rr -t $T -e $T -f $DIR/nowhere',
    differs: {
      because: fault,
      exitCode: [0, 1],
      stderr: ['', /^Error: Unable to open file "\$DIR\/nowhere"\.\nError loading input file /],
    },
  },
  {
    run: 'rr -t $T -e $T -m x --latency',
    ...newFlag('--latency', { stdout: /^x\nLatency: \d+\.\d{6}(?:ms|Âµs)\n$/ }),
  },
  {
    run: 'rr -t $T -e $T -m x --retain-handling new -v',
    ...newFlag('--retain-handling', { stdout: '$T x\n' }),
  },
  { run: 'rr -t $T -e $T -m x --pretty -F %J', hides: /(?<="tst":\t?")[^"]*/ },
  {
    run: 'rr -t $T -e $T -m {} --pretty -F %J',
    hides: /(?<="tst":\t?")[^"]*/,
    differs: {
      because: since21,
      becomes: (text) => text.replace('"retain":\t0', '"retain":\tfalse'),
    },
  },
  { run: 'rr -t a -t $T -e $T -m x' },
  { run: 'rr -t $T -e $T -m x --retain-as-published -x 5 -c -i $ID' },
  {
    run: 'rr -t $T -e $T -m x -p 1',
    at: 'nowhere',
    ...adds(/^No broker listens at localhost port 1: check/),
  },
  {
    run: 'rr -t $T -e $T -m x -h nowhere.invalid',
    at: 'nowhere',
    ...adds(/^The name is not known: nowhere\.invalid/),
  },
  {
    run: 'rr -t $T -e $T -m x',
    at: 'closed',
    ...adds(/^The server refused the connection.*check the user/),
  },
  {
    run: 'rr -t $T -e $T -m x -V 311',
    at: 'closed',
    differs: {
      because: fault,
      stderr: [
        'Connection error: Unknown reason\n',
        /^Connection error: Connection Refused: not authorised\.\nThe server refused the connection/,
      ],
    },
  },
  { run: 'rr -t $T -e $T -m x', at: 'limited', only: 'Pantala' },
  { run: 'rr -t $T -e $T -m x -V 311', at: 'limited', only: 'Pantala' },
  // That broker closes the connection.
  {
    run: 'rr -t $T -e $T -m x',
    at: 'limited',
    only: 'Mosquitto',
    ...adds(/^The server closed the/),
  },
  { run: 'rr -t $T -e $T -m x', files: { mosquitto_rr: '-v\n' } },
];
