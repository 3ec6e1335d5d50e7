/** Tests how `pantala serve` ends when it cannot start: the exit codes and words of Mosquitto. */

import assert from 'node:assert/strict';
import { once } from 'node:events';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { type AddressInfo, createServer } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, describe, it } from 'node:test';
import { certificateFile } from '../../test/harness/certificates.ts';
import { version } from '../server/version.ts';
import { serve } from './serve.ts';
import { testIo } from './test-io.ts';

const folder = mkdtempSync(join(tmpdir(), 'pantala-failures-'));
after(() => rmSync(folder, { recursive: true }));

const file = (name: string) => join(folder, name);
const config = file('pantala.conf');

function configure(...lines: readonly string[]): void {
  writeFileSync(config, lines.join('\n'));
}

async function run(...args: readonly string[]) {
  const { io, stdout, stderr } = testIo();
  const code = await serve.run(args, io);
  assert.equal(stdout.text, '');
  return { code, stderr: stderr.text };
}

const quiet = ['log_timestamp false', 'log_type error'];
const listener = 'listener 1883 127.0.0.1';
const [server, key] = [certificateFile('server.crt'), certificateFile('server.key')];
const otherKey = certificateFile('client.key');
const encrypted = (cert: string, its: string) => [
  ...[...quiet, listener],
  ...[`certfile ${cert}`, `keyfile ${its}`],
];

/** A configuration, and what is said of it, at the start and with --test-config. */
interface Failure {
  readonly lines: readonly string[];
  readonly code: number;
  readonly message: string;
  /** The line that the remedy stands with. */
  readonly at: number;
  readonly remedy: string;
}

const failures: Readonly<Record<string, Failure>> = {
  'an unknown variable': {
    lines: [listener, 'max_qoss 1'],
    code: 3,
    message: "Unknown configuration variable 'max_qoss'.",
    at: 2,
    remedy: "Did you mean 'max_qos'?",
  },
  'an empty value': {
    lines: [listener, 'max_qos'],
    code: 3,
    message: "Empty 'max_qos' value in configuration.",
    at: 2,
    remedy: "Write a value after 'max_qos' or remove the line.",
  },
  'an invalid value': {
    lines: ['allow_anonymous yes'],
    code: 3,
    message: "Invalid 'allow_anonymous' value (yes).",
    at: 1,
    remedy: "Write 'true' or 'false'.",
  },
  'an option without its listener': {
    lines: ['mount_point site1/'],
    code: 3,
    message: "The 'mount_point' option requires a listener to be defined first.",
    at: 1,
    remedy: "Write 'listener PORT [ADDRESS]' above the line.",
  },
  'an engine': {
    lines: [listener, 'tls_engine pkcs11'],
    code: 3,
    message: `Option 'tls_engine' is not served by pantala ${version}.`,
    at: 2,
    remedy:
      'Write the private key to a PEM file and name that in keyfile. ' +
      'What is served stands in docs/configuration.md.',
  },
  'a bridge': {
    lines: ['connection other'],
    code: 3,
    message: `Option 'connection' is not served by pantala ${version}.`,
    at: 1,
    remedy:
      'Bridges are not served yet. Remove the line, or bridge with a program of your own. ' +
      'What is served stands in docs/configuration.md.',
  },
  'a certificate that is not there': {
    lines: encrypted(file('no.crt'), key),
    code: 1,
    message: `Unable to load server certificate "${file('no.crt')}". Check certfile.`,
    at: 4,
    remedy: `There is no file "${file('no.crt')}": check the path.`,
  },
  'a certificate that is none': {
    lines: encrypted(key, key),
    code: 1,
    message: `Unable to load server certificate "${key}". Check certfile.`,
    at: 4,
    remedy:
      'The file holds a private key. ' +
      'A certificate begins with the line "-----BEGIN CERTIFICATE-----".',
  },
  'a key that is not there': {
    lines: encrypted(server, file('no.key')),
    code: 1,
    message: `Unable to load server key file "${file('no.key')}". Check keyfile.`,
    at: 5,
    remedy: `There is no file "${file('no.key')}": check the path.`,
  },
  'the key of another certificate': {
    lines: encrypted(server, otherKey),
    code: 1,
    message: `Unable to load server key file "${otherKey}". Check keyfile.`,
    at: 5,
    remedy:
      `The key does not belong to the certificate in "${server}": ` +
      'name the key that its certificate request was made with.',
  },
  'a list of ciphers with none in it': {
    lines: [...encrypted(server, key), 'ciphers NONSENSE'],
    code: 1,
    message: 'Unable to set TLS ciphers. Check cipher list "NONSENSE".',
    at: 6,
    remedy:
      'No cipher of TLS 1.2 has such a name: "openssl ciphers -tls1_2" lists them, ' +
      'and those of TLS 1.3, which begin with "TLS_", belong to ciphers_tls1.3.',
  },
  'a list of ciphers of TLS 1.3 with none in it': {
    lines: [...encrypted(server, key), 'ciphers_tls1.3 NONSENSE'],
    code: 1,
    message: 'Unable to set TLS 1.3 ciphersuites. Check cipher_tls13 list "NONSENSE".',
    at: 6,
    remedy:
      'Each has to be one of those that begin with "TLS_", such as ' +
      'TLS_AES_256_GCM_SHA384:TLS_CHACHA20_POLY1305_SHA256:TLS_AES_128_GCM_SHA256.',
  },
  'a directory of pages that is none': {
    lines: [...quiet, listener, 'protocol websockets', `http_dir ${config}`],
    code: 1,
    message: `Unable to open http dir "${config}".`,
    at: 5,
    remedy: `Check that '${config}' is a directory that exists and may be read (ENOTDIR).`,
  },
  'a plugin in C': {
    lines: [listener, 'plugin /usr/lib/gate.so'],
    code: 13,
    message: 'Unable to load plugin "/usr/lib/gate.so".',
    at: 2,
    remedy:
      'C libraries cannot be loaded: write it in TypeScript or JavaScript, see docs/plugins.md.',
  },
};

describe('pantala serve ends', () => {
  for (const [name, { lines, code, message, at, remedy }] of Object.entries(failures)) {
    it(`with ${code} because of ${name}`, async () => {
      configure(...lines);
      const stderr = `Error: ${message}\nError found at ${config}:${at}. ${remedy}\n`;
      assert.deepEqual(await run('-c', config), { code, stderr });
      assert.deepEqual(await run('-c', config, '--test-config'), { code, stderr });
    });
  }

  it('with 3 because of several mistakes, and tells of all of them', async () => {
    configure('max_qos 3', listener, 'keepalive 10');
    assert.deepEqual(await run('-c', config), {
      code: 3,
      stderr: [
        "Error: 'max_qos' must be between 0 and 2 inclusive.",
        `Error found at ${config}:1. Write a number from 0 to 2.`,
        "Error: Unknown configuration variable 'keepalive'.",
        `Error found at ${config}:3. See docs/configuration.md for all names.`,
        '',
      ].join('\n'),
    });
  });

  it('with 3 because of a configuration file that cannot be opened', async () => {
    const missing = file('missing.conf');
    const expected = {
      code: 3,
      stderr:
        `Error: Unable to open config file '${missing}'.\n` +
        `Check that '${missing}' is a file that exists and may be read (ENOENT).\n`,
    };
    assert.deepEqual(await run('-c', missing), expected);
    assert.deepEqual(await run('--test-config', '-c', missing), expected);
  });

  it('with 1 because of a port that is in use', async () => {
    await using blocker = createServer();
    blocker.listen(0, '127.0.0.1');
    await once(blocker, 'listening');
    const { port } = blocker.address() as AddressInfo;
    configure(...quiet, `listener ${port} 127.0.0.1`);
    assert.deepEqual(await run('-c', config), {
      code: 1,
      stderr:
        `Error: Address already in use: port ${port} of 127.0.0.1. ` +
        'Stop the program that uses it or take another.\n',
    });
  });

  it('with 13 because of a plugin that is not there', async () => {
    const missing = file('missing.ts');
    configure(...quiet, listener, `plugin ${missing}`);
    assert.deepEqual(await run('-c', config), {
      code: 13,
      stderr: `Error: Unable to load plugin "${missing}".\nThere is no such file: check the name.\n`,
    });
  });
});
