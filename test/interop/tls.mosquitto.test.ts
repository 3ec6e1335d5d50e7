/** Mosquitto's command-line tools over TLS, and the mistakes that are made with it. */

import assert from 'node:assert/strict';
import { after, before, describe, it } from 'node:test';
import { checkServerCertificate } from '../../src/certificate/certificate-check.ts';
import { loadTls, type TlsSettings } from '../../src/transport/tls-security.ts';
import { TlsSettingsError } from '../../src/transport/tls-settings-error.ts';
import { CertificateFolder, missingOpenssl } from '../harness/certificate-folder.ts';
import { MosquittoTools, missingTools, type Outcome } from './mosquitto-tools.ts';
import { claimOptions } from './stage.ts';
import { followRecipe, TlsBroker } from './tls-broker.ts';

const missing = missingTools() ?? missingOpenssl();
if (missing !== undefined) it("the broker, for Mosquitto's tools over TLS", { skip: missing });
else describe("the broker, for Mosquitto's tools over TLS,", claimOptions, suite);

function suite(): void {
  let folder: CertificateFolder;
  let recipe: TlsSettings;
  let trusting: readonly string[];
  const showing = (name: string) => [
    ...trusting,
    ...['--cert', folder.file(`${name}.crt`), '--key', folder.file(`${name}.key`)],
  ];

  before(() => {
    folder = new CertificateFolder();
    recipe = followRecipe(folder);
    trusting = ['--cafile', folder.file('ca.crt')];
    // A key without a passphrase, for more of them.
    folder.openssl('rsa', '-in', 'ca.key', '-passin', 'pass:secret', '-out', 'ca.key');
    folder.certificate('client', { by: 'ca', subject: '/O=Example/CN=sensor' });
    folder.certificate('expired', { by: 'ca', days: -1 });
    folder.certificate('revoked', { by: 'ca' });
    folder.certificate('alone', {});
    folder.revocationList('crl.pem', { by: 'ca', revoked: ['revoked'] });
  });

  after(() => folder[Symbol.dispose]());

  it('carries messages after the usual recipe', async () => {
    await using broker = await TlsBroker.start(recipe);
    const tools = toolsAt(broker);
    const args = [...trusting, '-t', 'a/b', '-m', 'kept', '-q', '1', '-r'];
    await succeeded(tools.publish(args));
    const subscribed = tools.start('mosquitto_sub', [...trusting, '-t', 'a/#', '-C', '1']);
    assert.deepEqual(await succeeded(subscribed.outcome), ['kept']);
    const { credentials } = await broker.connected();
    assert.deepEqual(credentials, {
      cipher: 'TLSv1.3/TLS_AES_256_GCM_SHA384',
      identity: undefined,
      subject: undefined,
    });
  });

  it('speaks the versions of TLS that the tools ask for', async () => {
    await using broker = await TlsBroker.start({
      ...recipe,
      ciphersTls13: 'TLS_AES_128_GCM_SHA256',
    });
    const args = [...trusting, '-t', 'a', '-m', 'x', '-q', '1'];
    for (const version of ['tlsv1.2', 'tlsv1.3']) {
      await succeeded(toolsAt(broker).publish([...args, '--tls-version', version]));
      // The tools take the version for the oldest that they speak.
      assert.equal(
        (await broker.connected()).credentials?.cipher,
        'TLSv1.3/TLS_AES_128_GCM_SHA256',
      );
    }
    await using old = await TlsBroker.start({
      ...recipe,
      psk: { hint: 'x', keyOf: () => undefined },
    });
    await failedTool(toolsAt(old).publish([...args, '--tls-version', 'tlsv1.3']));
    assert.equal((await old.failed()).type, 'version too old');
  });

  it('knows them by their certificates', async () => {
    const settings = { requireCertificate: true, identity: 'common-name' } as const;
    await using broker = await TlsBroker.start({ ...recipe, ...settings });
    await succeeded(
      toolsAt(broker).publish([...showing('client'), '-t', 'a', '-m', 'x', '-q', '1']),
    );
    const { credentials } = await broker.connected();
    assert.equal(credentials?.identity, 'sensor');
    assert.equal(credentials?.subject, 'CN=sensor,O=Example');
  });

  it('refuses them for their certificates, and both say why', async () => {
    const settings = { requireCertificate: true, crlfile: folder.file('crl.pem') };
    await using broker = await TlsBroker.start({ ...recipe, ...settings });
    const check = async (args: readonly string[], sentence: RegExp, said?: RegExp) => {
      const shared = ['-d', '-t', 'a', '-m', 'x', '-q', '1'];
      const { exitCode, lines, stderr } = await toolsAt(broker).publish([...args, ...shared]);
      assert.notEqual(exitCode, 0);
      assert.match((await broker.failed()).message, sentence);
      if (said) assert.match(`${lines}${stderr}`, said);
    };
    await check(trusting, /no certificate.*requires one.*--cert and --key/);
    await check(showing('expired'), /has expired: renew it/, /certificate expired/);
    await check(showing('revoked'), /was revoked/, /certificate revoked/);
    await check(showing('alone'), /is self-signed: it has to be signed by the CA/, /unknown ca/);
  });

  it('knows them by their pre-shared keys', async () => {
    const keys = new Map([['sensor', Buffer.from('1234abcd', 'hex')]]);
    const psk = { hint: 'broker', keyOf: (identity: string) => keys.get(identity) };
    await using broker = await TlsBroker.start({ psk });
    const tools = toolsAt(broker);
    const publish = (identity: string, key: string) =>
      tools.publish(['-t', 'a', '-m', 'x', '-q', '1', '--psk-identity', identity, '--psk', key]);
    await succeeded(publish('sensor', '1234abcd'));
    assert.equal((await broker.connected()).credentials?.identity, 'sensor');
    await failedTool(publish('nobody', '1234abcd'));
    assert.match((await broker.failed()).message, /no pre-shared key.*"nobody"/);
    await failedTool(publish('sensor', 'dcba4321'));
    assert.match((await broker.failed()).message, /not the one that belongs.*"sensor"/);
    await failedTool(tools.publish([...trusting, '-t', 'a', '-m', 'x']));
    assert.match((await broker.failed()).message, /pre-shared keys only wants --psk/);
  });

  describe('when somebody has made a mistake,', claimOptions, () => {
    /** What the broker says of a tool that comes to it, and gets nowhere. */
    async function said(settings: TlsSettings, args: readonly string[]): Promise<string> {
      await using broker = await TlsBroker.start(settings);
      await failedTool(toolsAt(broker).publish([...args, '-t', 'a', '-m', 'x']));
      return (await broker.failed()).message;
    }

    it('says that CA and server have the same Common Name', async () => {
      using other = new CertificateFolder();
      const same = '/C=GB/O=Example/CN=localhost';
      const settings = followRecipe(other, { authority: same, server: same });
      assert.match(foundIn(settings), /the same name as its CA.*name of this host as Common Name/);
      const message = await said(settings, ['--cafile', other.file('ca.crt')]);
      assert.match(message, /does not trust this server's certificate.*is self-signed/);
    });

    it('says that the certificate is for another host', async () => {
      using other = new CertificateFolder();
      const settings = followRecipe(other, { server: '/CN=broker.example' });
      const message = await said(settings, ['--cafile', other.file('ca.crt')]);
      assert.match(message, /does not find the host name.*for CN=broker\.example/);
    });

    it('says that the key, or the certificate, is another', () => {
      const refused = (settings: TlsSettings, remedy: RegExp) =>
        assert.throws(
          () => loadTls({ ...recipe, ...settings }),
          (error) => error instanceof TlsSettingsError && remedy.test(error.remedy),
        );
      refused({ keyfile: folder.file('client.key') }, /does not belong to the certificate/);
      refused(
        { certfile: folder.file('ca.crt') },
        /certificate of a CA and not that of the server/,
      );
      refused({ certfile: folder.file('server.key') }, /holds a private key/);
      refused({ certfile: folder.file('server.csr') }, /certificate request.*has yet to sign/);
    });

    it('says that the client has not got the CA', async () => {
      const message = await said(recipe, ['--cafile', folder.file('alone.crt')]);
      assert.match(message, /does not trust.*--cafile.*is signed by O=Example, CN=Example CA/);
    });

    it('says that the client speaks no TLS', async () => {
      assert.match(await said(recipe, []), /MQTT without TLS.*--cafile/);
    });

    it('says that the certificate has expired', async () => {
      folder.certificate('late', { by: 'ca', subject: '/CN=localhost', days: -1 });
      const settings = { certfile: folder.file('late.crt'), keyfile: folder.file('late.key') };
      assert.match(foundIn(settings), /expired on/);
      assert.match(await said(settings, trusting), /because it has expired: renew it/);
    });

    it('says that the certificate is self-signed', async () => {
      folder.certificate('lonely', { subject: '/CN=localhost' });
      const settings = { certfile: folder.file('lonely.crt'), keyfile: folder.file('lonely.key') };
      assert.match(await said(settings, trusting), /does not trust.*is self-signed/);
    });

    it('says that the certificate comes without its intermediate', async () => {
      folder.authority('middle', { by: 'ca' });
      folder.certificate('leaf', { by: 'middle', subject: '/CN=localhost' });
      const settings = { certfile: folder.file('leaf.crt'), keyfile: folder.file('leaf.key') };
      const message = await said(settings, trusting);
      assert.match(message, /signed by CN=middle, whose own certificate is not in certfile/);
      await using broker = await TlsBroker.start({
        ...settings,
        certfile: folder.join('full.crt', ['leaf.crt', 'middle.crt']),
      });
      await succeeded(toolsAt(broker).publish([...trusting, '-t', 'a', '-m', 'x']));
    });
  });
}

function toolsAt({ host, port }: TlsBroker): MosquittoTools {
  return new MosquittoTools({ host, port } as ConstructorParameters<typeof MosquittoTools>[0], 5);
}

async function succeeded(outcome: Promise<Outcome>): Promise<readonly string[]> {
  const { exitCode, stderr, lines } = await outcome;
  assert.equal(exitCode, 0, stderr);
  return lines;
}

async function failedTool(outcome: Promise<Outcome>): Promise<void> {
  assert.notEqual((await outcome).exitCode, 0);
}

/** What the server says of its certificate when it starts. */
function foundIn(settings: TlsSettings): string {
  const { server, authorities } = loadTls(settings);
  const findings = checkServerCertificate({ chain: server!, authorities, now: new Date() });
  return findings.map(({ sentence }) => sentence).join('\n');
}
