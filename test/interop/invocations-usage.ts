/** Command lines that come to no connection. */

import { adds, clearer, fault, type Invocation, since21 } from './invocation.ts';

const pointsToHelp: Pick<Invocation, 'differs'> = {
  differs: {
    because: `${clearer}: they print the whole help here, ours says how to see it`,
    stdout: [/^mosquitto_pub is a simple mqtt client/, ''],
    stderr: [
      'Error: Both topic and message must be supplied.\n',
      "Error: Both topic and message must be supplied.\n\nUse 'pub --help' to see usage.\n",
    ],
  },
};

const alsoUnsubscribes: Pick<Invocation, 'differs'> = {
  differs: {
    because: since21,
    stderr: [/to subscribe to\.\n/, /to subscribe to \(-t\) or unsubscribe from \(-U\)\.\n/],
  },
};

/** Both refuse it; what they say of it differs. */
function worded(because: string, theirs: RegExp, ours: RegExp): Pick<Invocation, 'differs'> {
  return { differs: { because, stderr: [theirs, ours] } };
}

/** What is missing behind a flag, or no such thing. */
const flags: readonly Invocation[] = [
  { run: 'pub --bogus' },
  { run: 'sub --bogus' },
  { run: 'rr --bogus' },
  { run: 'pub', ...pointsToHelp },
  { run: 'sub', ...alsoUnsubscribes },
  { run: 'rr' },
  { run: 'pub -t $T', ...pointsToHelp },
  { run: 'pub -m x', ...pointsToHelp },
  { run: 'rr -t $T -m x' },
  { run: 'rr -t $T -e $T/r' },
  { run: 'rr -e $T -m x' },
  ...['-h', '-p', '-u', '-P', '-i', '-I', '-k', '-q', '-t', '-A', '-L', '-V', '-M', '-x'].map(
    (flag): Invocation => ({ run: `pub ${flag}` }),
  ),
  ...['--host', '--port', '--username', '--pw', '--id', '--id-prefix', '--keepalive'].map(
    (flag): Invocation => ({ run: `sub ${flag}` }),
  ),
  ...['--qos', '--topic', '--url', '--protocol-version', '--unix', '--proxy'].map(
    (flag): Invocation => ({ run: `rr ${flag}` }),
  ),
  ...['--cafile', '--capath', '--cert', '--key', '--keyform', '--tls-version', '--ciphers'].map(
    (flag): Invocation => ({ run: `sub -t $T ${flag}` }),
  ),
  ...['--tls-alpn', '--psk', '--psk-identity'].map(
    (flag): Invocation => ({ run: `pub -t $T -n ${flag}` }),
  ),
  ...['--will-topic', '--will-payload', '--will-qos'].map(
    (flag): Invocation => ({ run: `pub -t $T -n ${flag}` }),
  ),
  ...['-m', '-f', '--repeat', '--repeat-delay', '--message', '--file'].map(
    (flag): Invocation => ({ run: `pub -t $T ${flag}` }),
  ),
  ...['-C', '-F', '-T', '-U', '-W', '--random-filter', '--filter-out', '--unsubscribe'].map(
    (flag): Invocation => ({ run: `sub -t $T ${flag}` }),
  ),
  ...['-e', '-F', '-W'].map((flag): Invocation => ({ run: `rr -t $T -m x ${flag}` })),
  // Each tool has its own.
  ...['-C 1', '-E', '-F %p', '-N', '--pretty', '-R', '-T x', '-U x', '-v', '-W 1', '-e x'].map(
    (flag): Invocation => ({ run: `pub -t $T -n ${flag}` }),
  ),
  ...['-f x', '-l', '-m x', '-n', '-r', '-s', '--repeat 2', '-e x'].map(
    (flag): Invocation => ({ run: `sub -t $T ${flag}` }),
  ),
  ...['-C 1', '-E', '-l', '-r', '-T x', '-U x', '--repeat 2', '--retained-only'].map(
    (flag): Invocation => ({ run: `rr -t $T -e $T/r -m x ${flag}` }),
  ),
];

/** What does not go, or not together. */
const values: readonly Invocation[] = [
  { run: 'pub -t $T -m x -q 3' },
  { run: 'pub -t $T -m x -k 4' },
  { run: 'pub -t $T -m x -k 65536' },
  { run: 'pub -t $T -m x -p 70000' },
  { run: 'pub -t $T -m x -M 0' },
  { run: 'pub -t $T -m x -V 4' },
  { run: 'pub -t $T -m x -x abc' },
  { run: 'pub -t $T -m x -x -2' },
  { run: 'pub -t $T -m x -n' },
  { run: 'pub -t $T -s -l' },
  { run: 'pub -t $T -m x --repeat 0' },
  { run: 'pub -t $T -m x --repeat-delay -1' },
  { run: 'pub -t $T/# -m x' },
  { run: 'pub -t $T/+/a -m x' },
  { run: 'pub -t $T -m x -c' },
  { run: 'pub -t $T -m x -c -I pre' },
  { run: 'pub -t $T -m x -i a -I b' },
  { run: 'pub -t $T -m x -V 5 -x -1' },
  { run: 'pub -t $T -m x --will-payload x' },
  { run: 'pub -t $T -m x --will-retain' },
  { run: 'pub -t $T -m x --will-topic $T/#' },
  { run: 'pub -t $T -m x --will-topic $T --will-qos 3' },
  { run: 'pub -t $T -m x --cert a' },
  { run: 'pub -t $T -m x --keyform pem' },
  { run: 'pub -t $T -m x --psk ab' },
  { run: 'pub -t $T -m x --psk ab --cafile @ca.crt' },
  { run: 'pub -t $T -m x --proxy http://h' },
  { run: 'pub -t $T -m x --proxy socks5h://' },
  { run: 'pub -t $T -m x --proxy socks5h://h:99999' },
  { run: 'pub -m x -L mqtt://h' },
  {
    run: 'pub -m x -L http://h/$T',
    ...worded(
      clearer,
      /^Error: unsupported URL scheme\./,
      /^Error: Unsupported URL scheme: write mqtt:/,
    ),
  },
  { run: 'pub -t $T -m x -P secret', ...adds(/^Before MQTT 5\.0, -P needs -u\.\n$/) },
  { run: "pub -t $T -m x -i ''", ...adds(/^Leave -i out, or give it a name\.\n$/) },
  { run: 'pub -t $T -f $DIR/nowhere' },
  { run: 'pub -t $T -s', input: '' },
  { run: 'sub -t $T -C 0' },
  { run: 'sub -t $T -W 0' },
  { run: 'sub -t $T# ' },
  { run: 'sub -t $T -T $T#' },
  { run: 'sub -t $T -U $T#' },
  {
    run: 'sub -t $T -R --retained-only',
    ...worded(
      `${clearer}: ours points to the help`,
      /^\nError: Combining/,
      /^Error: Combining .*\n\nUse/,
    ),
  },
  { run: 'sub -t $T --random-filter 0' },
  {
    run: 'sub -t $T --random-filter 101',
    ...worded(fault, /^Error: Connection refused\n$/, /chance must be between 0\.1-100\.0\n/),
  },
  { run: 'sub -t $T -F %' },
  { run: 'sub -t $T -F %5.' },
  { run: 'sub -t $T -F %z' },
  { run: 'sub -t $T -F @' },
  { run: "sub -t $T -F '\\'" },
  { run: "sub -t $T -F '\\q'" },
  { run: 'rr -t $T/# -e $T -m x' },
  { run: 'rr -t $T -e $T/+ -m x' },
  { run: 'rr -t $T -e $T -m x -n' },
  {
    run: 'rr -t $T -e $T -m x -D publish response-topic a',
    ...adds(/^Give it with -e, and not with -D\.\n$/),
  },
];

const properties: readonly Invocation[] = [
  { run: 'pub -t $T -m x -D publish' },
  { run: 'pub -t $T -m x -D publish user-property a' },
  {
    run: 'pub -t $T -m x -D nonsense content-type a',
    ...worded(since21, /^Error: Invalid command given/, /^Error: Invalid command nonsense given/),
  },
  {
    run: 'pub -t $T -m x -D publish nonsense a',
    ...worded(
      since21,
      /^Error: Invalid property name given/,
      /^Error: Invalid property name nonsense given/,
    ),
  },
  { run: 'pub -t $T -m x -D connect will-delay-interval 1' },
  { run: 'pub -t $T -m x -D publish subscription-identifier 1' },
  { run: 'pub -t $T -m x -D puback user-property a b' },
  { run: 'pub -t $T -m x -D auth user-property a b' },
  {
    run: 'pub -t $T -m x -D publish topic-alias 70000',
    ...worded(
      clearer,
      /property topic-alias\.\n\nUse/,
      /property topic-alias\.\nGive 1 to 65535\.\n\nUse/,
    ),
  },
  {
    run: 'pub -t $T -m x -D publish topic-alias 0',
    ...worded(
      clearer,
      /^Error in PUBLISH properties: A network protocol error/,
      /^Error: Property value \(0\) out of range/,
    ),
  },
  {
    run: 'pub -t $T -m x -D publish content-type a -D publish content-type b',
    ...worded(
      clearer,
      /^Error in PUBLISH properties: Duplicate property in property list\n/,
      /^Error: Duplicate property in PUBLISH properties: content-type\.\n/,
    ),
  },
  {
    run: 'pub -t $T -m x -x 5 -V 5 -D connect session-expiry-interval 5',
    ...worded(
      clearer,
      /^Error in CONNECT properties: Duplicate property in property list\n/,
      /^Error: Duplicate property in CONNECT properties: session-expiry-interval and -x\.\n/,
    ),
  },
];

/** What 2.0.11 does not have, or does otherwise. */
const newer: readonly Invocation[] = [
  {
    run: 'pub -t $T -m x -o',
    ...later('-o', /^Error: -o argument given but no options file spec/),
  },
  { run: 'sub -t $T -o a -o b', ...later('-o', /^Error: Duplicate -o argument given\./) },
  {
    run: 'sub -t $T -o $DIR/nowhere',
    ...later('-o', /^Error: Unable to open options file "\$DIR\/nowhere"\./),
  },
  { run: 'sub -t $T -o $DIR/own', files: { own: '--bogus\n' }, ...later('-o', /option '--bogus'/) },
  {
    run: 'sub -t $T --retain-handling',
    ...later('--retain-handling', /^Error: --retain-handling argument given but no option/),
  },
  {
    run: 'rr -t $T -e $T -m x --retain-handling maybe',
    ...later('--retain-handling', /^Error: Unknown value 'maybe' for --retain-handling\./),
  },
  ...(['pub', 'sub', 'rr'] as const).map(
    (tool): Invocation => ({
      run: `${tool} --version`,
      differs: {
        because: `${clearer}: which program this is, and no failure`,
        exitCode: [1, 0],
        stdout: [/^mosquitto_\w+ version/, new RegExp(`^pantala ${tool} [\\d.]+\\n$`)],
      },
    }),
  ),
  ...(['pub', 'sub', 'rr'] as const).map(
    (tool): Invocation => ({
      run: `${tool} --help`,
      differs: {
        because: `${clearer}: a help of our own, and no failure`,
        exitCode: [1, 0],
        stdout: [/^mosquitto_/, new RegExp(`^Usage: pantala ${tool} `)],
      },
    }),
  ),
  {
    run: 'pub -t $T -m x -p abc',
    ...worded(clearer, /^Error: No such file or directory\n$/, /^Error: Invalid port given: abc\n/),
  },
  {
    run: 'pub -t $T -m x -p 1 -q x',
    ...worded(clearer, /^Error: Connection refused\n$/, /^Error: Invalid QoS given: x\n/),
  },
  {
    run: 'pub -t $T -m x --tls-engine e',
    ...worded(
      'what Node cannot do is refused with a remedy',
      /^Error: .*TLS engine/,
      /give the key as a file in PEM/,
    ),
  },
  {
    run: 'pub -t $T -m x --mptcp',
    ...worded(
      'what Node cannot do is refused with a remedy',
      /^Error: Unknown option/,
      /leave it out/,
    ),
  },
];

/** They do not know the flag yet, and ours does not like what is behind it. */
function later(flag: string, ours: RegExp): Pick<Invocation, 'differs'> {
  return worded(since21, new RegExp(`^Error: Unknown option '${flag}'\\.`), ours);
}

const files: readonly Invocation[] = [
  { run: 'sub -t $T', files: { mosquitto_sub: '--bogus\n' } },
  { run: 'pub -t $T', files: { mosquitto_pub: '-q 3\n-m x\n' } },
  { run: 'rr -t $T', files: { mosquitto_rr: '-e\n' } },
  { run: 'pub -t $T -m x', files: { mosquitto_pub: '-m y\n' } },
];

export const usageInvocations: readonly Invocation[] = [
  ...flags,
  ...values,
  ...properties,
  ...newer,
  ...files,
].map((each) => ({ at: 'nowhere', ...each }));
