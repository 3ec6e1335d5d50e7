/** SCRAM-SHA-256, by the example of RFC 7677 and against those who do not keep to it. */

import assert from 'node:assert/strict';
import { createHash, createHmac, pbkdf2Sync } from 'node:crypto';
import { describe, it } from 'node:test';
import type { Challenge, EnhancedAllowance, EnhancedAnswer } from './hooks.ts';
import { deriveScramCredential, type ScramOptions, scramMethod, scramSha256 } from './scram.ts';

// RFC 7677 section 3.
const example = {
  user: 'user',
  password: 'pencil',
  salt: Buffer.from('W22ZaJ0SNY7soEsUEjb6gQ==', 'base64'),
  iterations: 4096,
  clientNonce: 'rOprNGfwEbeRWgbNEkqO',
  serverNonce: '%hvYDpWUa2RaTCAfuxFIlj)hNlF$k0',
  serverFirst:
    'r=rOprNGfwEbeRWgbNEkqO%hvYDpWUa2RaTCAfuxFIlj)hNlF$k0,s=W22ZaJ0SNY7soEsUEjb6gQ==,i=4096',
  clientFinal:
    'c=biws,r=rOprNGfwEbeRWgbNEkqO%hvYDpWUa2RaTCAfuxFIlj)hNlF$k0,' +
    'p=dHzbZapWIk4jUhN+Ute9ytag9zjfMHgsqmmiz7AndVQ=',
  serverFinal: 'v=6rriTRBi23WpRR/wtup+mMhUZUn/dB5nLTJRsjl95G4=',
} as const;

const { iterations, salt } = example;
const known = await deriveScramCredential(example.password, { iterations, salt });

interface Attempt {
  readonly connectName?: string;
  readonly options?: Partial<ScramOptions>;
}

async function begin(
  first: string | Uint8Array | undefined,
  { connectName, options }: Attempt = {},
): Promise<EnhancedAnswer> {
  const { authenticateEnhanced } = scramSha256({
    credentialOf: (name) => (name === example.user ? known : undefined),
    nonce: () => example.serverNonce,
    iterations,
    ...options,
  });
  return await authenticateEnhanced({
    clientId: 'c',
    userName: connectName,
    peer: 'p',
    method: scramMethod,
    data: typeof first === 'string' ? Buffer.from(first) : first,
    isReauthentication: false,
  });
}

const goodFirst = `n,,n=user,r=${example.clientNonce}`;

async function finish(final: string, attempt: Attempt = {}, first = goodFirst) {
  const challenge = (await begin(first, attempt)) as Challenge;
  assert.equal(challenge.type, 'challenge');
  return await challenge.proceed(Buffer.from(final));
}

const reasonOf = (answer: unknown): string => (answer as { reason: string }).reason;

/** The last message of a client that does everything right. */
function finalFor(serverFirst: string, first: string, password: string): string {
  const [, nonce, saltText, count] = /^r=([^,]*),s=([^,]*),i=(\d+)$/.exec(serverFirst)!;
  const [, header, bare] = /^([^,]*,[^,]*,)(.*)$/.exec(first)!;
  const hmac = (key: Uint8Array, text: string) => createHmac('sha256', key).update(text).digest();
  const salted = pbkdf2Sync(password, Buffer.from(saltText, 'base64'), Number(count), 32, 'sha256');
  const clientKey = hmac(salted, 'Client Key');
  const storedKey = createHash('sha256').update(clientKey).digest();
  const withoutProof = `c=${Buffer.from(header).toString('base64')},r=${nonce}`;
  const signature = hmac(storedKey, `${bare},${serverFirst},${withoutProof}`);
  const proof = Buffer.from(clientKey.map((byte, i) => byte ^ signature[i]));
  return `${withoutProof},p=${proof.toString('base64')}`;
}

describe('SCRAM-SHA-256', () => {
  it('goes as in the example of RFC 7677', async () => {
    const challenge = (await begin(goodFirst)) as Challenge;
    assert.equal(String(challenge.data), example.serverFirst);
    const end = (await challenge.proceed(Buffer.from(example.clientFinal))) as EnhancedAllowance;
    assert.equal(end.type, 'allow');
    assert.equal(String(end.data), example.serverFinal);
    assert.deepEqual(end.grant, { userName: 'user' });
  });

  it('leaves other methods to others', () => {
    const { authenticateEnhanced } = scramSha256({ credentialOf: () => undefined });
    const request = { clientId: 'c', userName: undefined, peer: 'p', isReauthentication: false };
    const answer = authenticateEnhanced({ ...request, method: 'SCRAM-SHA-1', data: undefined });
    assert.equal(answer, 'defer');
  });

  it('refuses a wrong password', async () => {
    const final = finalFor(example.serverFirst, goodFirst, 'pen');
    assert.match(reasonOf(await finish(final)), /user name or password is wrong/);
  });

  it('refuses a user that is not there only in the end, and in the same words', async () => {
    const first = goodFirst.replace('user', 'nobody');
    const challenge = (await begin(first)) as Challenge;
    const final = finalFor(String(challenge.data), first, 'pencil');
    const answer = await challenge.proceed(Buffer.from(final));
    assert.match(reasonOf(answer), /user name or password is wrong/);
  });

  it('tells such a user the same salt each time, and the usual iterations', async () => {
    const { authenticateEnhanced } = scramSha256({ credentialOf: () => undefined, iterations });
    const ask = async (name: string) => {
      const data = Buffer.from(`n,,n=${name},r=x`);
      const request = { clientId: 'c', userName: undefined, peer: 'p', method: scramMethod };
      const answer = await authenticateEnhanced({ ...request, data, isReauthentication: false });
      return /s=(.*)$/.exec(String((answer as Challenge).data))![1];
    };
    assert.equal(await ask('nobody'), await ask('nobody'));
    assert.notEqual(await ask('nobody'), await ask('somebody'));
    assert.match(await ask('nobody'), /,i=4096$/);
  });

  it('makes a nonce of its own for each exchange', async () => {
    const options = { nonce: undefined };
    const [one, other] = [await begin(goodFirst, { options }), await begin(goodFirst, { options })];
    assert.notDeepEqual((one as Challenge).data, (other as Challenge).data);
    assert.match(String((one as Challenge).data), /^r=rOprNGfwEbeRWgbNEkqO[A-Za-z0-9+/]{32},/);
  });

  it('reads =2C and =3D in a user name', async () => {
    const names: string[] = [];
    const credentialOf = (name: string) => {
      names.push(name);
      return known;
    };
    const first = 'n,,n=a=2Cb=3Dc,r=x';
    const challenge = (await begin(first, { options: { credentialOf } })) as Challenge;
    const final = finalFor(String(challenge.data), first, example.password);
    assert.equal(((await challenge.proceed(Buffer.from(final))) as { type: string }).type, 'allow');
    assert.deepEqual(names, ['a,b=c']);
  });

  it('takes a client that would have bound the channel had it been offered', async () => {
    const first = goodFirst.replace('n,,', 'y,,');
    const final = finalFor(example.serverFirst, first, example.password);
    assert.equal(((await finish(final, {}, first)) as { type: string }).type, 'allow');
  });

  const refusedFirst: Readonly<
    Record<string, [string | Uint8Array | undefined, RegExp, Attempt?]>
  > = {
    nothing: [undefined, /first message of SCRAM cannot be read/],
    'bytes that are no text': [Uint8Array.of(0xff, 0xfe), /cannot be read/],
    'no nonce': ['n,,n=user', /cannot be read/],
    'an empty nonce': ['n,,n=user,r=', /cannot be read/],
    'an extension that must be understood': ['n,,m=x,n=user,r=x', /cannot be read/],
    'a lone equals sign in the name': ['n,,n=us=er,r=x', /user name of SCRAM cannot be read/],
    'an empty name': ['n,,n=,r=x', /user name of SCRAM cannot be read/],
    'a control character in the name': ['n,,n=us\u0007er,r=x', /user name of SCRAM cannot be read/],
    'channel binding': ['p=tls-exporter,,n=user,r=x', /channel binding is not available/],
    'another identity to act for': ['n,a=root,n=user,r=x', /another user/],
    'more than anybody needs': [`n,,n=user,r=${'x'.repeat(5000)}`, /cannot be read/],
    'another name than in CONNECT': [
      goodFirst,
      /another than that of SCRAM/,
      { connectName: 'root' },
    ],
  };
  for (const [what, [first, reason, attempt]] of Object.entries(refusedFirst)) {
    it(`refuses a first message with ${what}`, async () => {
      assert.match(reasonOf(await begin(first, attempt)), reason);
    });
  }

  it('takes the same name in CONNECT, and itself to act for', async () => {
    const first = goodFirst.replace('n,,', 'n,a=user,');
    assert.equal(((await begin(first, { connectName: 'user' })) as Challenge).type, 'challenge');
  });

  const refusedFinal: Readonly<Record<string, [string, RegExp]>> = {
    nothing: ['', /last message of SCRAM cannot be read/],
    'no proof': [example.clientFinal.replace(/,p=.*$/, ''), /cannot be read/],
    'a proof of another length': [example.clientFinal.replace(/,p=.*$/, ',p=AAAA'), /is wrong/],
    'another header': [example.clientFinal.replace('biws', 'eSws'), /header of SCRAM has changed/],
    'another nonce': [example.clientFinal.replace('$k0', '$k1'), /nonce of SCRAM is another/],
    'something after the proof': [`${example.clientFinal},x=y`, /cannot be read/],
  };
  for (const [what, [final, reason]] of Object.entries(refusedFinal)) {
    it(`refuses a last message with ${what}`, async () => {
      assert.match(reasonOf(await finish(final)), reason);
    });
  }
});

describe('a SCRAM credential', () => {
  it('is another each time, as its salt is', async () => {
    const [one, other] = await Promise.all([
      deriveScramCredential('p', { iterations }),
      deriveScramCredential('p', { iterations }),
    ]);
    assert.notDeepEqual(one.storedKey, other.storedKey);
  });

  it('needs enough iterations', async () => {
    await assert.rejects(deriveScramCredential('p', { iterations: 100 }), /at least 4096/);
  });
});

// RFC 4013 section 3.
