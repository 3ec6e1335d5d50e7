/** What pub publishes, and what it tells of it. */

import { adds, clearer, type Invocation, newFlag } from './invocation.ts';

const properties =
  "-D publish content-type text/plain -D publish correlation-data c'o " +
  '-D publish payload-format-indicator 1 -D publish response-topic r/t ' +
  "-D publish user-property a b -D publish user-property a 'c d'";

/** They say it twice, in MQTT 5.0 as if it were another error; ours goes on with what to do. */
function refused(words: string): Pick<Invocation, 'differs'> {
  const line = `Connection error: ${words}\\n`;
  return {
    differs: {
      because: clearer,
      stderr: [
        new RegExp(`^${line}Error: (?:The connection was refused|A network protocol error).*\\n$`),
        new RegExp(`^${line}The server refused the connection.*check the user name.*\\n$`),
      ],
    },
  };
}

export const pubInvocations: readonly Invocation[] = [
  { run: 'pub -t $T -m hello -r', kept: '$T' },
  { run: 'pub -t $T -m hello -r -q 1 -d -i $ID', kept: '$T' },
  { run: 'pub -t $T -m hello -r -q 2 -d -i $ID', kept: '$T' },
  { run: 'pub -t $T -m hello -q 2 -d -i $ID -V 5' },
  { run: 'pub -t $T -m hello -q 1 -d -i $ID -V 31' },
  { run: 'pub -t $T -m hello -d -i $ID' },
  { run: 'pub -t $T -m hello -d --quiet -i $ID' },
  { run: 'pub -t $T -m \'tempéré "27"\' -r -q 1', kept: '$T' },
  { run: "pub -t $T -m '' -r -q 1", given: ['-t $T -m old -r -q 1'], kept: '$T' },
  { run: 'pub -t $T -n -r -q 1', given: ['-t $T -m old -r -q 1'], kept: '$T' },
  { run: 'pub -t $T -n -d -i $ID' },
  { run: 'pub -t $T -s -r -q 1', input: 'a\nb\n', kept: '$T' },
  { run: 'pub -t $T -s -r -q 1', input: Uint8Array.of(0, 255, 10, 13, 0, 1), kept: '$T' },
  { run: 'pub -t $T -s -r -q 1', input: 'x'.repeat(200_000), kept: '$T' },
  { run: 'pub -t $T -f $DIR/file -r -q 1', files: { file: 'from a file\n' }, kept: '$T' },
  { run: 'pub -t $T -f $DIR/empty -r -q 1', files: { empty: '' }, kept: '$T' },
  { run: 'pub -t $T -l -r -q 1', input: 'a\nb\nc\n', kept: '$T' },
  { run: 'pub -t $T -l -d -i $ID', input: 'a\nb\nc\n' },
  { run: 'pub -t $T -l -d -i $ID -q 2', input: 'alone' },
  { run: 'pub -t $T -l -r -q 2', input: 'a\nb', kept: '$T' },
  { run: 'pub -t $T -l -r -q 1', input: `${'long '.repeat(2000)}\n`, kept: '$T' },
  { run: 'pub -t $T -l -d -i $ID', input: '' },
  { run: 'pub -t $T -l -d -i $ID', input: '\n\r\n' },
  { run: 'pub -t $T -m x --repeat 3 -d -i $ID' },
  { run: 'pub -t $T -m x --repeat 3 -q 1 -d -i $ID' },
  { run: 'pub -t $T -m x --repeat 2 --repeat-delay 0.2 -q 2 -d -i $ID' },
  { run: `pub -t $T -m x -r -q 1 ${properties}`, kept: '$T' },
  { run: `pub -t $T -m x -V 5 -d -i $ID -q 1 ${properties}` },
  { run: 'pub -t $T -l -V 5 -d -i $ID -D publish topic-alias 1', input: 'a\nb\n' },
  { run: 'pub -t $T -m x -r -q 1 -D publish message-expiry-interval 100', kept: '$T' },
  { run: 'pub -t $T -m x -V 5 -D connect user-property a b -D disconnect user-property c d' },
  { run: 'pub -t $T -m x -D disconnect reason-string bye -d -i $ID' },
  { run: 'pub -t $T -m x -c -i $ID -d -q 1' },
  { run: 'pub -t $T -m x -c -i $ID -d -q 1 -V 5' },
  { run: 'pub -t $T -m x -x 10 -i $ID -d -V 5' },
  { run: 'pub -t $T -m x -x ∞ -i $ID -V 5' },
  { run: 'pub -t $T -m x -I pre -k 5 -M 1 --nodelay -q 1' },
  { run: 'pub -t a -t $T -m last -r -q 1', kept: '$T' },
  { run: 'pub -t $T -m x --will-topic $T/w --will-payload gone --will-qos 1 --will-retain' },
  { run: 'pub -t $T -m x --will-topic $T/w -D will will-delay-interval 5 -V 5' },
  { run: 'pub -t $T -m x -u ann -P secret' },
  { run: 'pub -t $T -m x -u ann' },
  { run: 'pub -t $T -m x -P secret -V 5' },
  { run: 'pub --topic $T --message x --qos 1 --id $ID --debug --retain', kept: '$T' },
  {
    run: 'pub -t $T -m x -p 1',
    at: 'nowhere',
    ...adds(/^No broker listens at localhost port 1: check/),
  },
  {
    run: 'pub -t $T -m x -h nowhere.invalid',
    at: 'nowhere',
    ...adds(/^The name is not known: nowhere\.invalid/),
  },
  { run: 'pub -t $T -m x', at: 'closed', ...refused('Connection Refused: not authorised.') },
  { run: 'pub -t $T -m x -V 5', at: 'closed', ...refused('Not authorized') },
  { run: 'pub -t $T -m x -V 31', at: 'closed', ...refused('Connection Refused: not authorised.') },
  { run: 'pub -t $T -m x -V 5 -u ann -P wrong --quiet', at: 'closed' },
  { run: 'pub -t $T -l -V 5', input: 'a\n', at: 'closed', ...refused('Not authorized') },
  { run: 'pub -t $T -m x -q 1', at: 'limited' },
  { run: 'pub -t $T -m x -q 1 -V 5', at: 'limited' },
  { run: 'pub -t $T -m x -q 2 -V 5 -d -i $ID', at: 'limited' },
  // Mosquitto's broker and its client disagree there on what follows a refused message.
  { run: 'pub -t $T -m x -q 2 -V 5 --repeat 2', at: 'limited', only: 'Pantala' },
  { run: 'pub -t $T -m x -q 0 -V 5', at: 'limited' },
  { run: 'pub -t $T -m x -q 1 -V 5', at: 'small' },
  { run: 'pub -t $T -m x -q 1', files: { mosquitto_pub: '# mine\n-i $ID\n-d\n' } },
  {
    run: 'pub -t $T',
    files: { mosquitto_pub: '-m two words\n-q 1\r\n\n-r\n' },
    kept: '$T',
  },
  { run: 'pub -t $T -o $DIR/own', files: { own: '-m mine\n-r\n' }, ...newFlag('-o') },
  {
    run: 'pub -t $T -m x -x 10 -d -i $ID -D connect user-property a b',
  },
  {
    run: 'pub -t $T -r',
    files: { mosquitto_pub: '-D publish user-property a b c\n-m x\n' },
    kept: '$T',
    differs: {
      because: `${clearer}: -D works in files, too`,
      exitCode: [1, 0],
      stderr: [/^Error: --property argument given but not enough arguments specified\./, ''],
      kept: ['', /\|a:b c\|/],
    },
  },
];
