/** What is wrong with TLS settings is told before anything uses them, with what to do about it. */

import assert from 'node:assert/strict';
import { mkdirSync, symlinkSync } from 'node:fs';
import { after, before, describe, it } from 'node:test';
import { CertificateFolder, missingOpenssl } from '../../test/harness/certificate-folder.ts';
import { loadTls, type TlsSettings } from './tls-security.ts';
import { TlsSettingsError } from './tls-settings-error.ts';

const missing = missingOpenssl();
if (missing !== undefined) it('TLS settings', { skip: missing });
else describe('TLS settings', suite);

function suite(): void {
  let folder: CertificateFolder;
  const file = (name: string) => folder.file(name);
  const pair = (name: string): TlsSettings => ({
    certfile: file(`${name}.crt`),
    keyfile: file(`${name}.key`),
  });
  const forHost = { extensions: ['subjectAltName=DNS:localhost'] };

  before(() => {
    folder = new CertificateFolder();
    folder.authority('ca');
    folder.authority('intermediate', { by: 'ca' });
    folder.certificate('server', { by: 'ca', ...forHost });
    folder.certificate('other', { by: 'ca', ...forHost });
    folder.certificate('leaf', { by: 'intermediate', ...forHost });
    folder.join('chain.crt', ['leaf.crt', 'intermediate.crt']);
    folder.join('backwards.crt', ['intermediate.crt', 'leaf.crt']);
    folder.join('strange.crt', ['leaf.crt', 'other.crt']);
    folder.revocationList('crl.pem', { by: 'ca' });
    mkdirSync(file('folder'));
    folder.write('empty', '');
    folder.write('text', 'Hello.\n');
    folder.write('damaged.crt', folder.read('server.crt').replace(/^M.*$/m, 'MIIB'));
    folder.write('cut.crt', folder.read('server.crt').slice(0, 200));
    folder.openssl('x509', '-in', 'server.crt', '-outform', 'der', '-out', 'server.der');
    folder.openssl(
      'pkey',
      '-in',
      'server.key',
      '-aes128',
      '-passout',
      'pass:x',
      '-out',
      'locked.key',
    );
  });

  after(() => folder[Symbol.dispose]());

  /** The settings are refused with this message, and a remedy that matches. */
  function refused(settings: TlsSettings, message: string, remedy: RegExp): void {
    assert.throws(
      () => loadTls(settings),
      (error) => {
        assert.ok(error instanceof TlsSettingsError, String(error));
        assert.equal(error.message.replaceAll(`${folder.path}/`, ''), message);
        assert.match(error.remedy, remedy);
        assert.match(error.remedy, /^[A-Z"][^\n]*$/, 'a remedy is a sentence');
        return true;
      },
    );
  }

  describe('a certificate', () => {
    const cases: readonly [certfile: string, remedy: RegExp][] = [
      ['nowhere.crt', /no file .*check the path/],
      ['folder', /is a directory/],
      ['empty', /empty/],
      ['text', /not in PEM.*BEGIN CERTIFICATE/],
      ['server.key', /holds a private key/],
      ['server.csr', /certificate request.*openssl x509 -req/],
      ['crl.pem', /revocation list/],
      ['server.der', /in DER.*openssl x509 -inform der/],
      ['damaged.crt', /damaged/],
      ['cut.crt', /damaged.*END/],
    ];
    for (const [name, remedy] of cases) {
      it(`is refused when its file is ${name}, with a remedy`, () => {
        refused(
          { ...pair('server'), certfile: file(name) },
          `Unable to load server certificate "${name}". Check certfile.`,
          remedy,
        );
      });
    }

    it('is refused when its key is too short', () => {
      folder.certificate('short', { by: 'ca', key: ['rsa:1024'] });
      const message = 'Unable to load server certificate "short.crt". Check certfile.';
      refused(pair('short'), message, /2048 bits/);
    });

    it('may be followed by those between it and its root', () => {
      const { warnings, server } = loadTls({ ...pair('leaf'), certfile: file('chain.crt') });
      assert.deepEqual(warnings, []);
      assert.equal(server?.length, 2);
    });
  });

  describe('a key', () => {
    const message = (name: string) => `Unable to load server key file "${name}". Check keyfile.`;
    const cases: readonly [keyfile: string, remedy: RegExp][] = [
      ['nowhere.key', /no file/],
      ['server.crt', /holds a certificate.*BEGIN PRIVATE KEY/],
      ['locked.key', /passphrase.*openssl pkey -in/],
      ['other.key', /does not belong to the certificate/],
    ];
    for (const [name, remedy] of cases) {
      it(`is refused when its file is ${name}, with a remedy`, () => {
        refused({ ...pair('server'), keyfile: file(name) }, message(name), remedy);
      });
    }

    it('is refused in the old form when it is encrypted', () => {
      const options = ['-traditional', '-aes128', '-passout', 'pass:x', '-out', 'old.key'];
      folder.openssl('pkey', '-in', 'server.key', ...options);
      refused({ ...pair('server'), keyfile: file('old.key') }, message('old.key'), /passphrase/);
    });

    it('is refused when the certificate is that of the CA', () => {
      const settings = { ...pair('server'), certfile: file('ca.crt'), cafile: file('ca.crt') };
      refused(settings, message('server.key'), /certificate of a CA and not that of the server/);
    });

    it('is refused when its certificate is not the first in the file', () => {
      const settings = { ...pair('leaf'), certfile: file('backwards.crt') };
      refused(settings, message('leaf.key'), /put that of the server first/);
    });

    it('has to be there where a certificate is', () => {
      const both = 'Both certfile and keyfile must be provided if one of them is set.';
      refused({ certfile: file('server.crt') }, both, /keyfile/);
      refused({ keyfile: file('server.key') }, both, /certfile/);
      refused({}, both, /certfile/);
    });
  });

  describe('authorities', () => {
    it('are refused when their file holds none', () => {
      const settings = { ...pair('server'), cafile: file('server.key') };
      const message = 'Unable to load CA certificates. Check cafile "server.key".';
      refused(settings, message, /holds a private key/);
    });

    it('come from the files in a folder, each once, whatever its name', () => {
      mkdirSync(file('authorities'));
      folder.write('authorities/one.pem', folder.read('ca.crt'));
      folder.write('authorities/two.crt', folder.read('intermediate.crt'));
      folder.write('authorities/readme.txt', 'Not a certificate.');
      const hash = folder.openssl('x509', '-in', 'ca.crt', '-noout', '-hash').trim();
      symlinkSync('one.pem', file(`authorities/${hash}.0`));
      const settings = { ...pair('server'), capath: file('authorities'), requireCertificate: true };
      assert.equal(loadTls(settings).clientCertificate?.authorities.length, 2);
    });

    it('are refused when the folder has none, or is none', () => {
      mkdirSync(file('nobody'));
      const check = (capath: string, remedy: RegExp) =>
        refused(
          { ...pair('server'), capath: file(capath) },
          `Unable to load CA certificates. Check capath "${capath}".`,
          remedy,
        );
      check('nobody', /no certificate of a CA/);
      check('nowhere', /cannot be read/);
    });

    it('have to be there where clients need a certificate', () => {
      const message =
        'Unable to verify client certificates: require_certificate is set without cafile or capath.';
      refused({ ...pair('server'), requireCertificate: true }, message, /cafile/);
    });

    it('are asked for a certificate only where somebody needs it, as with Mosquitto', () => {
      const settings = { ...pair('server'), cafile: file('ca.crt') };
      assert.equal(loadTls(settings).clientCertificate, undefined);
      const named = loadTls({ ...settings, identity: 'common-name' });
      assert.equal(named.clientCertificate?.isRequired, false);
    });
  });

  it('refuses a file that is no revocation list', () => {
    const message = 'Unable to load certificate revocation file "ca.crt". Check crlfile.';
    refused({ ...pair('server'), crlfile: file('ca.crt') }, message, /BEGIN X509 CRL/);
    folder.write('bad.crl', folder.read('crl.pem').replace(/^M.*$/m, 'MIIB'));
    refused(
      { ...pair('server'), crlfile: file('bad.crl') },
      'Unable to load certificate revocation file "bad.crl". Check crlfile.',
      /openssl ca -gencrl/,
    );
  });

  it('refuses DH parameters that are none, or too short', () => {
    const message = (name: string) => `Unable to load DH parameters "${name}". Check dhparamfile.`;
    const check = (name: string, remedy: RegExp) =>
      refused({ ...pair('server'), dhparamfile: file(name) }, message(name), remedy);
    check('server.crt', /openssl dhparam/);
    folder.openssl('dhparam', '-out', 'dh.pem', '512');
    check('dh.pem', /too short/);
  });

  describe('ciphers', () => {
    const check = (settings: TlsSettings, message: string, remedy: RegExp) =>
      refused({ ...pair('server'), ...settings }, message, remedy);

    it('are refused when OpenSSL knows none of them', () => {
      const remedy = /ciphers_tls1.3/;
      check({ ciphers: 'x' }, 'Unable to set TLS ciphers. Check cipher list "x".', remedy);
      const suite = 'TLS_AES_128_GCM_SHA256';
      check({ ciphers: suite }, `Unable to set TLS ciphers. Check cipher list "${suite}".`, remedy);
    });

    it('of TLS 1.3 are refused when one is unknown', () => {
      for (const ciphersTls13 of ['x', 'TLS_NONE', 'TLS_AES_128_GCM_SHA256:AES128-SHA']) {
        const message = `Unable to set TLS 1.3 ciphersuites. Check cipher_tls13 list "${ciphersTls13}".`;
        check({ ciphersTls13 }, message, /TLS_AES_256_GCM_SHA384/);
      }
    });
  });

  it('refuses versions of TLS that are too old, and one that pre-shared keys do not have', () => {
    const tls = (tlsVersion: string) => ({ ...pair('server'), tlsVersion });
    refused(tls('tlsv1.1'), 'Unsupported tls_version "tlsv1.1".', /tlsv1.2/);
    const psk = { hint: 'hint', keyOf: () => undefined };
    const message = 'Unsupported tls_version "tlsv1.3".';
    refused({ ...tls('tlsv1.3'), psk }, message, /Pre-shared keys need TLS 1.2/);
  });

  it('never tells what is in a key', () => {
    const secret = folder.read('server.key').split('\n')[1];
    for (const name of ['certfile', 'cafile', 'crlfile', 'dhparamfile']) {
      assert.throws(
        () => loadTls({ ...pair('server'), [name]: file('server.key') }),
        (error: TlsSettingsError) => !`${error.message}${error.remedy}`.includes(secret),
      );
    }
  });

  it('warn of a revocation list that has expired', () => {
    folder.revocationList('late.pem', { by: 'ca', until: '20210101000000Z' });
    const settings = { ...pair('server'), cafile: file('ca.crt'), requireCertificate: true };
    const { warnings } = loadTls({ ...settings, crlfile: file('late.pem') });
    assert.equal(warnings.length, 1);
    assert.match(warnings[0], /revocation list .* expired on/);
    assert.deepEqual(loadTls({ ...settings, crlfile: file('crl.pem') }).warnings, []);
  });

  it('have intermediates in cafile sent behind the certificate, and not the root', () => {
    folder.join('authorities.pem', ['ca.crt', 'other.crt', 'intermediate.crt']);
    const { server } = loadTls({ ...pair('leaf'), cafile: file('authorities.pem') });
    assert.deepEqual(
      server?.map(({ subject }) => subject),
      ['CN=leaf', 'CN=intermediate'],
    );
  });
}
