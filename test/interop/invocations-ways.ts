/** Ways to the broker that are not a plain connection to its host and port. */

import { adds, type Invocation, newFlag, since21 } from './invocation.ts';

const hello = '-t $T -m hello -r -q 1';
const here = '-h 127.0.0.1';

const ways: readonly Invocation[] = [
  { run: `pub ${hello} -L mqtt://127.0.0.1:#plain/$T`, kept: '$T' },
  { run: 'pub -m hello -r -q 1 -L mqtt://127.0.0.1:#plain/$T', kept: '$T' },
  { run: 'pub -m hello -r -q 1 -L MQTT://ann:secret@127.0.0.1:#plain/$T', kept: '$T' },
  { run: 'sub -L mqtt://127.0.0.1:#plain/$T -E -d -i $ID' },
  { run: 'rr -L mqtt://127.0.0.1:#plain/$T -e $T -m x -v' },
  { run: `pub ${hello} --unix $SOCKET`, kept: '$T' },
  { run: 'sub -t $T -E --unix $SOCKET' },
  { run: 'pub -t $T -m x --unix $SOCKET.not', ...adds(/^There is no .*socket\.not: check --unix/) },
  { run: `pub ${hello} ${here} -p #plain -A 127.0.0.3`, kept: '$T' },
  { run: `pub ${hello} ${here} -p #plain -A localhost`, kept: '$T' },
  {
    run: `pub -t $T -m x ${here} -p #plain -A 192.0.2.1`,
    ...adds(/^This machine has no address 192\.0\.2\.1: check -A\.\n$/),
  },
  {
    run: `pub -t $T -m x ${here} -p #plain -A nowhere.invalid`,
    ...adds(/^The name is not known: nowhere\.invalid\. Check -A\.\n$/),
  },
  { run: `pub ${hello} ${here} -p #plain --proxy socks5h://127.0.0.1:$PROXY`, kept: '$T' },
  { run: `sub -t $T -E ${here} -p #plain --proxy socks5h://ann:secret@127.0.0.1:$LOGIN` },
  { run: `rr -t $T -e $T -m x -h localhost -p #plain --proxy socks5h://127.0.0.1:$PROXY` },
  {
    run: `pub -t $T -m x ${here} -p 1 --proxy socks5h://127.0.0.1:$PROXY`,
    ...adds(/^The proxy at .* did not connect to 127\.0\.0\.1 port 1 /),
  },
  {
    run: `pub -t $T -m x ${here} -p #plain --proxy socks5h://127.0.0.1:$LOGIN`,
    ...adds(/wants to know who asks\): give --proxy a user name/),
  },
  {
    run: `pub -t $T -m x ${here} -p #plain --proxy socks5h://ann:bad@127.0.0.1:$LOGIN`,
    ...adds(/refused the user name or password\): give --proxy/),
  },
  {
    run: `pub -t $T -m x ${here} -p #plain --proxy socks5h://127.0.0.1:1`,
    ...adds(/^No proxy listens at 127\.0\.0\.1 port 1: check --proxy/),
  },
  {
    run: `pub -t $T -m x ${here} -p #plain --proxy socks5h://nowhere.invalid`,
    ...adds(/^The name is not known: nowhere\.invalid port 1080\. Check --proxy/),
  },
  { run: `pub ${hello} -h localhost -p #tls --cafile @ca.crt`, kept: '$T' },
  { run: `pub ${hello} -h localhost -p #tls --cafile @ca.crt --tls-version tlsv1.3`, kept: '$T' },
  {
    run: 'sub -t $T -E -h localhost -p #tls --cafile @ca.crt --cert @client.crt --key @client.key',
  },
  { run: 'rr -t $T -e $T -m x -h localhost -p #tls --cafile @ca.crt' },
  { run: 'sub -t $T -E -h localhost -p #tls --cafile @ca.crt --proxy socks5h://127.0.0.1:$PROXY' },
  {
    run: 'sub -t $T -h localhost -p #tls --cafile $DIR/nowhere',
    ...adds(/^--cafile '.*nowhere': there is no such file\.\n$/),
  },
  { run: `pub ${hello} ${here} -p #psk --psk abcdef --psk-identity device`, kept: '$T' },
  { run: `sub -t $T -E ${here} -p #psk --psk abcdef --psk-identity device` },
  {
    run: `pub -t $T -m x ${here} -p #psk --psk xyz --psk-identity device`,
    ...adds(/^--psk is a key in hexadecimal digits/),
  },
  {
    run: `pub -t $T -m x ${here} -p #plain --tls-version tlsv1 --cafile @ca.crt`,
    ...adds(/^--tls-version is tlsv1\.2 or tlsv1\.3, not 'tlsv1'\.\n$/),
  },
  {
    run: 'pub -t $T -m x -h nowhere.invalid -S',
    differs: {
      because: `${since21}; Debian has built it without`,
      stderr: [
        /^Error: Unknown option '-S'/,
        /\nThere is no SRV record _mqtt\._tcp\.nowhere\.invalid/,
      ],
    },
  },
  { run: `pub -t $T -m x ${here} -p #plain --no-tls`, ...newFlag('--no-tls') },
];

export const wayInvocations = ways.map((each): Invocation => ({ at: 'nowhere', ...each }));
