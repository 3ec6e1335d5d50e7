/** SCRAM-SHA-256 of the client, by the example of RFC 7677 and against servers that cheat. */

import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { failure } from '../../test/harness/client-stage.ts';
import { mqttStage } from '../../test/harness/mqtt-client-stage.ts';
import { type ScramOptions, scramSha256 } from './scram.ts';

// RFC 7677 section 3.
const example = {
  userName: 'user',
  password: 'pencil',
  nonce: 'rOprNGfwEbeRWgbNEkqO',
  first: 'n,,n=user,r=rOprNGfwEbeRWgbNEkqO',
  serverFirst:
    'r=rOprNGfwEbeRWgbNEkqO%hvYDpWUa2RaTCAfuxFIlj)hNlF$k0,s=W22ZaJ0SNY7soEsUEjb6gQ==,i=4096',
  final:
    'c=biws,r=rOprNGfwEbeRWgbNEkqO%hvYDpWUa2RaTCAfuxFIlj)hNlF$k0,' +
    'p=dHzbZapWIk4jUhN+Ute9ytag9zjfMHgsqmmiz7AndVQ=',
  serverFinal: 'v=6rriTRBi23WpRR/wtup+mMhUZUn/dB5nLTJRsjl95G4=',
} as const;

const bytes = (text: string) => new TextEncoder().encode(text);

function begin(options: Partial<ScramOptions> = {}) {
  const { userName, password, nonce } = example;
  const made = scramSha256({ userName, password, nonce: () => nonce, ...options });
  const { data, authenticator } = made.begin();
  return { first: new TextDecoder().decode(data), authenticator };
}

async function proved() {
  const { authenticator } = begin();
  await authenticator.answer(bytes(example.serverFirst));
  return authenticator;
}

describe('SCRAM-SHA-256 of a client', () => {
  it('goes as in the example of RFC 7677', async () => {
    const { first, authenticator } = begin();
    assert.equal(first, example.first);
    const final = await authenticator.answer(bytes(example.serverFirst));
    assert.equal(new TextDecoder().decode(final), example.final);
    await authenticator.verify!(bytes(example.serverFinal));
  });

  it('writes = and , in user names as RFC 5802 does, and prepares names as SASL does', () => {
    assert.match(begin({ userName: 'a=b,c' }).first, /^n,,n=a=3Db=2Cc,r=/);
    assert.match(begin({ userName: 'I\u00adX\u00aa' }).first, /^n,,n=IXa,r=/);
  });

  it('refuses a name that is empty, and characters that must not be there', () => {
    assert.throws(() => begin({ userName: '' }), RangeError);
    assert.throws(() => begin({ userName: '\u00ad' }), RangeError);
    assert.throws(() => begin({ password: 'a\u0007' }), RangeError);
  });

  it('has another nonce for each exchange', () => {
    const { method, begin: again } = scramSha256({ userName: 'user', password: 'pencil' });
    assert.equal(method, 'SCRAM-SHA-256');
    const [one, other] = [again(), again()].map(({ data }) => new TextDecoder().decode(data));
    assert.match(one, /^n,,n=user,r=[A-Za-z0-9+/]{32}$/);
    assert.notEqual(one, other);
  });

  const cheats: Readonly<Record<string, readonly [string | undefined, RegExp]>> = {
    'says nothing': [undefined, /cannot be read/],
    'says what is no UTF-8': ['\ud800', /cannot be read/],
    'has a nonce of its own': [example.serverFirst.replace('r=r', 'r=x'), /nonce/],
    'adds nothing to the nonce': [example.serverFirst.replace(/%[^,]*/, ''), /nonce/],
    'has no salt': [example.serverFirst.replace(/s=[^,]*/, 's='), /cannot be read/],
    'has a salt that is no base64': [example.serverFirst.replace('s=W', 's=W='), /cannot be read/],
    'needs an extension': [`m=x,${example.serverFirst}`, /cannot be read/],
    'asks for no iterations': [example.serverFirst.replace('4096', '0'), /cannot be read/],
    'asks for 4,095 iterations': [example.serverFirst.replace('4096', '4095'), /fewer than 4096/],
    'asks for 10,000,001': [example.serverFirst.replace('4096', '10000001'), /more than 10000000/],
    'asks for iterations beyond all numbers': [
      example.serverFirst.replace('4096', '9'.repeat(40)),
      /cannot be read/,
    ],
    'says more than anybody reads': [example.serverFirst + ' '.repeat(4096), /cannot be read/],
  };
  for (const [what, [text, says]] of Object.entries(cheats)) {
    it(`gives no proof to a server that ${what}`, async () => {
      const { authenticator } = begin();
      const data = text === undefined ? undefined : Buffer.from(text, 'utf8');
      const cut = what.includes('UTF-8') ? Uint8Array.of(0xff) : data;
      await assert.rejects(async () => authenticator.answer(cut), says);
    });
  }

  it('gives a server one proof, and no second one for another salt', async () => {
    const authenticator = await proved();
    const other = example.serverFirst.replace('s=W', 's=X');
    await assert.rejects(async () => authenticator.answer(bytes(other)), /more than SCRAM/);
  });

  const signatures: Readonly<Record<string, string | undefined>> = {
    'no signature': undefined,
    'the signature of another password': example.serverFinal.replace('v=6', 'v=7'),
    'a signature that is cut short': 'v=6rriTRBi23WpRR8=',
    'a signature with more behind it': `${example.serverFinal.slice(0, -1)}AA==`,
    'an error': 'e=other-error',
  };
  for (const [what, text] of Object.entries(signatures)) {
    it(`takes a server with ${what} for another one`, async () => {
      const authenticator = await proved();
      const verify = async () => authenticator.verify!(text === undefined ? text : bytes(text));
      await assert.rejects(verify, /password|read/);
    });
  }

  it('takes a server that lets it in without a proof for another one', async () => {
    const { authenticator } = begin();
    const verify = async () => authenticator.verify!(bytes(example.serverFinal));
    await assert.rejects(verify, /has not asked for a proof/);
  });

  it('ends the connection to a server that has let it in and proved nothing', async () => {
    const authentication = scramSha256({ userName: 'user', password: 'pencil' });
    const { network, server, client } = mqttStage({ authentication });
    const refused = assert.rejects(client.start(), failure('not authentic'));
    const { properties } = await server.letIn({
      properties: { authenticationMethod: 'SCRAM-SHA-256' },
    });
    assert.equal(properties?.authenticationMethod, 'SCRAM-SHA-256');
    assert.match(new TextDecoder().decode(properties?.authenticationData), /^n,,n=user,r=/);
    await network.settled(refused);
    assert.ok(server.isClosed);
  });
});
