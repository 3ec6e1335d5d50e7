/** Trust without regard to dates asks for everything else. */

import assert from 'node:assert/strict';
import { X509Certificate } from 'node:crypto';
import { after, before, describe, it } from 'node:test';
import {
  CertificateFolder,
  type CertificateRequest,
  missingOpenssl,
} from '../../test/harness/certificate-folder.ts';
import { isTrustedButForDates } from './certificate-trust.ts';

const forServers = 'extendedKeyUsage=serverAuth';
const forClients = 'extendedKeyUsage=clientAuth';

const missing = missingOpenssl();
if (missing !== undefined) it('trust but for dates', { skip: missing });
else describe('trust but for dates', suite);

function suite(): void {
  let folder: CertificateFolder;
  const read = (name: string) => new X509Certificate(folder.read(`${name}.crt`));
  const authority = (...more: readonly string[]): CertificateRequest => ({
    by: 'ca',
    extensions: ['keyUsage=critical,keyCertSign', ...more],
  });

  before(() => {
    folder = new CertificateFolder();
    folder.authority('ca');
  });

  after(() => folder[Symbol.dispose]());

  /** Whether a client is trusted whose certificate these have signed, one after the other. */
  function isTrustedBelow(names: readonly string[], request: CertificateRequest = {}): boolean {
    folder.certificate('client', { by: names.at(-1), days: -1, ...request });
    return isTrustedButForDates(read('client'), names.slice(1).map(read), [read('ca')]);
  }

  it('is given to what the authority has signed, and those that it has', () => {
    folder.authority('one', { by: 'ca', days: -1 });
    folder.authority('two', { by: 'one' });
    assert.equal(isTrustedBelow(['ca']), true);
    assert.equal(isTrustedBelow(['ca', 'one', 'two']), true);
    assert.equal(isTrustedButForDates(read('client'), [read('two')], [read('ca')]), false);
  });

  it('is not given to those who only have the name of one', () => {
    folder.authority('double', { subject: '/CN=ca' });
    assert.equal(isTrustedBelow(['double']), false);
  });

  it('is not passed on by who is no authority', () => {
    folder.certificate('plain', { by: 'ca' });
    folder.certificate('none', authority('basicConstraints=critical,CA:false'));
    for (const name of ['plain', 'none']) assert.equal(isTrustedBelow(['ca', name]), false);
  });

  it('goes no further than the authority allows', () => {
    folder.authority('last', authority('basicConstraints=critical,CA:true,pathlen:0'));
    folder.authority('beyond', { by: 'last' });
    assert.equal(isTrustedBelow(['ca', 'last']), true);
    assert.equal(isTrustedBelow(['ca', 'last', 'beyond']), false);
  });

  it('is not given to what is for another use, nor by an authority that is', () => {
    folder.authority('servers', authority('basicConstraints=critical,CA:true', forServers));
    assert.equal(isTrustedBelow(['ca', 'servers']), false);
    assert.equal(isTrustedBelow(['ca'], { extensions: [forServers] }), false);
    assert.equal(isTrustedBelow(['ca'], { extensions: ['keyUsage=keyEncipherment'] }), false);
    for (const use of ['keyUsage=digitalSignature', 'keyUsage=keyEncipherment,keyAgreement']) {
      assert.equal(isTrustedBelow(['ca'], { extensions: [use, forClients] }), true, use);
    }
  });

  it('is not given where something is demanded that is not understood', () => {
    const names = 'nameConstraints=permitted;DNS:example.com';
    folder.authority('narrow', authority('basicConstraints=critical,CA:true', names));
    assert.equal(isTrustedBelow(['ca', 'narrow']), false);
    const strange = ['1.3.6.1.4.1.99999.1=critical,ASN1:NULL'];
    assert.equal(isTrustedBelow(['ca'], { extensions: strange }), false);
  });

  it('is not given to short keys, nor by them', () => {
    const curve = (name: string) => ['ec', '-pkeyopt', `ec_paramgen_curve:${name}`];
    const short = [['rsa:1024'], curve('prime192v1'), curve('secp192k1'), curve('sect193r1')];
    for (const key of short) {
      assert.equal(isTrustedBelow(['ca'], { key }), false, key.join(' '));
      folder.authority('short', { by: 'ca', key });
      assert.equal(isTrustedBelow(['ca', 'short']), false, key.join(' '));
    }
    for (const key of [['rsa:2048'], curve('secp224r1'), curve('sect233k1'), ['ed25519']]) {
      assert.equal(isTrustedBelow(['ca'], { key }), true, key.join(' '));
    }
  });

  it('measures a key whose point is compressed, too', () => {
    for (const [curve, isTrusted] of [
      ['prime192v1', false],
      ['secp224r1', true],
    ] as const) {
      folder.openssl('ecparam', '-genkey', '-name', curve, '-out', 'client.key');
      const compressed = ['-conv_form', 'compressed', '-out', 'client.key'];
      folder.openssl('ec', '-in', 'client.key', ...compressed);
      folder.openssl('req', '-new', '-key', 'client.key', '-subj', '/CN=c', '-out', 'client.csr');
      folder.sign('client', { by: 'ca' });
      assert.equal(
        read('client').publicKey.export({ type: 'spki', format: 'der' }).length < 64,
        true,
      );
      assert.equal(isTrustedButForDates(read('client'), [], [read('ca')]), isTrusted, curve);
    }
  });

  it('is not given to broken hashes', () => {
    folder.authority('rsa', { key: ['rsa:2048'] });
    folder.certificate('client', {});
    const isTrusted = (by: string, ...options: readonly string[]) => {
      const signer = ['-CA', `${by}.crt`, '-CAkey', `${by}.key`, '-CAcreateserial'];
      const files = ['-in', 'client.csr', '-out', 'client.crt'];
      folder.openssl('x509', '-req', ...files, ...signer, ...options);
      return isTrustedButForDates(read('client'), [], [read(by)]);
    };
    const pss = ['-sigopt', 'rsa_padding_mode:pss'];
    for (const hash of ['-sha1', '-md5', '-ripemd160']) {
      assert.equal(isTrusted('rsa', hash), false, hash);
    }
    assert.equal(isTrusted('ca', '-sha1'), false);
    assert.equal(isTrusted('rsa', '-sha1', ...pss), false);
    assert.equal(isTrusted('rsa', '-sha256', ...pss), true);
    assert.equal(isTrusted('rsa', '-sha224'), true);
  });

  it('is not given to a key that OpenSSL cannot read', () => {
    folder.certificate('client', { by: 'ca' });
    const { raw } = read('client');
    // A point of a curve begins with 4, 2 or 3.
    raw[raw.indexOf(Buffer.from('03420004', 'hex')) + 3] = 9;
    assert.equal(isTrustedButForDates(new X509Certificate(raw), [], [read('ca')]), false);
  });

  it('ends although authorities vouch for one another', () => {
    const isAuthority = ['basicConstraints=critical,CA:true'];
    folder.certificate('left', { extensions: isAuthority });
    folder.certificate('right', { extensions: isAuthority });
    const alone = [read('left'), read('right')];
    folder.sign('left', { by: 'right', extensions: isAuthority });
    const left = read('left');
    folder.write('left.crt', alone[0].toString());
    folder.sign('right', { by: 'left', extensions: isAuthority });
    folder.certificate('client', { by: 'right' });
    const sent = [read('right'), left, ...alone];
    assert.equal(isTrustedButForDates(read('client'), [...sent, ...sent], [read('ca')]), false);
  });
}
