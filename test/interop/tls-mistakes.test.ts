/** The usual recipe for TLS and its mistakes: what broker and client each say, in one sentence. */

import assert from 'node:assert/strict';
import { spawn } from 'node:child_process';
import { after, before, describe, it } from 'node:test';
import { CertificateFolder, missingOpenssl } from '../harness/certificate-folder.ts';
import { freePort } from './debian-mosquitto.ts';
import { missingTools, type Outcome, RunningTool } from './mosquitto-tools.ts';
import { OurTool } from './our-tools.ts';
import { ServedConfiguration } from './served-configuration.ts';
import { claimOptions } from './stage.ts';
import { followRecipe } from './tls-broker.ts';

/** What the operator's configuration names, and the flags of the client. */
interface Mistake {
  readonly claim: string;
  readonly certificate?: string;
  readonly key?: string;
  /** What the client connects to, in the place of `localhost`. */
  readonly host?: string;
  /** No TLS in the configuration. */
  readonly plain?: true;
  readonly flags?: readonly string[];
  /** What the broker says when it starts. */
  readonly starting?: RegExp;
  /** What it says of the client, where it starts. */
  readonly logged?: RegExp;
  /** What the client says, in the line below Mosquitto's. */
  readonly says?: RegExp;
}

const cafile = ['--cafile', 'ca.crt'];

const mistakes: readonly Mistake[] = [
  {
    claim: 'CA and broker with the same Common Name',
    certificate: 'same',
    starting:
      /has the same name as its CA, 'Example CA'.*make it again, with the name of this host/,
    logged: /does not (accept|trust) this server's certificate.*is self-signed/,
    says: /the same name as the CA.*'Example CA'.*Common Name is the name of the broker's host/,
  },
  {
    claim: 'a certificate for another host',
    certificate: 'elsewhere',
    logged: /for another host name.*for CN=broker\.example|does not find the host name/,
    says: /is for broker\.example, not for 'localhost': connect with -h broker\.example, or/,
  },
  {
    claim: 'an address in the place of a name',
    certificate: 'named',
    host: '127.0.0.1',
    says: /is for broker\.example and localhost, not for '127\.0\.0\.1': connect with -h localhost/,
  },
  {
    claim: 'the key of another certificate',
    key: 'elsewhere',
    starting:
      /key does not belong to the certificate in .*name the key that its certificate request/,
  },
  {
    claim: "the CA's certificate in the place of the broker's",
    certificate: 'ca',
    key: 'server',
    starting:
      /the certificate of a CA and not that of the server: certfile is the one that the CA has/,
  },
  {
    claim: "the CA's certificate with its key",
    certificate: 'ca',
    key: 'ca',
    starting: /holds the certificate of the CA 'Example CA' itself, .*have the CA issue/,
    says: /is for Example CA, not for 'localhost': have a certificate made with/,
  },
  {
    claim: 'a certificate that has expired',
    certificate: 'expired',
    starting: /expired on \d{4}-\d\d-\d\d, and clients refuse it: have a new one made/,
    logged: /expired on \d{4}|has expired: renew it/,
    says: /certificate expired on .* have a new one made, and put it in the broker's certfile/,
  },
  {
    claim: 'a certificate that is self-signed',
    certificate: 'lonely',
    logged: /does not (accept|trust) this server's certificate.*is self-signed/,
    says: /is self-signed, so no CA vouches for it: get that certificate .* give it with --cafile/,
  },
  {
    claim: 'a certificate without its intermediate',
    certificate: 'leaf',
    logged: /is signed by CN=middle, whose own certificate is not in certfile/,
    says: /issued by 'middle'.*if it is an intermediate CA, put its certificate behind the broker's/,
  },
  {
    claim: "another CA's certificate at the client",
    flags: ['--cafile', 'lonely.crt'],
    logged: /does not (accept|trust).*is signed by O=Example, CN=Example CA\)/,
    says: /was issued by 'Example CA', which you do not trust.*give its certificate with --cafile/,
  },
  {
    claim: 'a client without TLS at a port for TLS',
    flags: [],
    logged: /speaks MQTT without TLS, and this port wants TLS: give the client the CA certificate/,
    says: /If this port is for TLS, give --cafile/,
  },
  {
    claim: 'a client with TLS at a port without',
    plain: true,
    logged:
      /rejected, it speaks TLS, and this port does not: have the client connect without TLS \(no --cafile\), or/,
    says: /there is no TLS on this port/,
  },
];

const missing = missingTools() ?? missingOpenssl();
if (missing !== undefined) it('TLS, and its mistakes,', { skip: missing });
else describe('TLS, and its mistakes,', claimOptions, suite);

function suite(): void {
  let folder: CertificateFolder;

  before(() => {
    folder = new CertificateFolder();
    followRecipe(folder);
    folder.openssl('rsa', '-in', 'ca.key', '-passin', 'pass:secret', '-out', 'ca.key');
    folder.certificate('same', {
      by: 'ca',
      subject: '/O=Example/CN=Example CA',
      key: ['rsa:2048'],
    });
    folder.certificate('elsewhere', { by: 'ca', subject: '/CN=broker.example' });
    folder.certificate('named', {
      by: 'ca',
      extensions: ['subjectAltName=DNS:broker.example,DNS:localhost'],
    });
    folder.certificate('expired', { by: 'ca', subject: '/CN=localhost', days: -1 });
    folder.certificate('lonely', { subject: '/CN=localhost' });
    folder.authority('middle', { by: 'ca' });
    folder.certificate('leaf', { by: 'middle', subject: '/CN=localhost' });
  });

  after(() => folder[Symbol.dispose]());

  it('carry a message between our clients and those of Mosquitto, when there are none', async () => {
    const { broker, way: place } = await serveWith(folder, {});
    await using _broker = broker;
    const way = [...place, '--cafile', folder.file('ca.crt'), '-t', 'greeting'];
    const published = await ours('pub', [...way, '-m', 'hello', '-r', '-q', '1']);
    assert.deepEqual([published.exitCode, published.stderr], [0, '']);
    for (const run of [ours, theirs]) {
      assert.deepEqual((await run('sub', [...way, '-C', '1'])).lines, ['hello']);
    }
  });

  for (const mistake of mistakes) {
    it(`tell of ${mistake.claim}`, async () => {
      const { flags = cafile, starting, logged, says } = mistake;
      const { broker, way } = await serveWith(folder, mistake);
      await using _broker = broker;
      if (starting !== undefined) assertSentence(broker.log, starting);
      if (logged === undefined && says === undefined) {
        return assert.equal(broker.exitCode, 1);
      }
      const files = flags.map((flag) => (flag.endsWith('.crt') ? folder.file(flag) : flag));
      const args = [...way, ...files, '-t', 't', '-W', '5'];
      const own = await ours('sub', args);
      assert.notEqual(own.exitCode, 0);
      const [mosquittos, sentence, ...others] = own.stderr.split('\n');
      assert.match(mosquittos, /^Error: /);
      if (says !== undefined) assert.match(sentence, says);
      assert.deepEqual(others, ['']);
      if (logged !== undefined) await broker.logged(logged);
      assert.notEqual((await theirs('sub', args)).exitCode, 0);
    });
  }
}

function assertSentence(log: string, sentence: RegExp): void {
  const lines = log.split('\n').filter((line) => sentence.test(line));
  assert.equal(lines.length, 1, log);
}

function ours(tool: 'pub' | 'sub', args: readonly string[]): Promise<Outcome> {
  return new OurTool(tool, args, '').outcome;
}

function theirs(tool: 'pub' | 'sub', args: readonly string[]): Promise<Outcome> {
  return new RunningTool(spawn(`mosquitto_${tool}`, args, { timeout: 20_000 }), '').outcome;
}

/** A broker with one listener, and the flags that lead to it. */
async function serveWith(folder: CertificateFolder, mistake: Partial<Mistake>) {
  const { certificate = 'server', key = certificate, host = 'localhost', plain } = mistake;
  const port = await freePort('127.0.0.1');
  const tls = [
    `cafile ${folder.file('ca.crt')}`,
    `certfile ${folder.file(`${certificate}.crt`)}`,
    `keyfile ${folder.file(`${key}.key`)}`,
  ];
  const lines = [`listener ${port}`, 'allow_anonymous true', ...(plain ? [] : tls)];
  const file = folder.write(`${port}.conf`, lines.join('\n'));
  const broker = await ServedConfiguration.start(file);
  return { broker, way: ['-h', host, '-p', String(port)] };
}
