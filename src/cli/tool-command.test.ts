/** Where the flags of a client command come from. */

import assert from 'node:assert/strict';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, before, describe, it } from 'node:test';
import { version } from '../server/version.ts';
import { pub } from './pub.ts';
import { testIo } from './test-io.ts';

describe('a client command', () => {
  let folder: string;
  before(() => {
    folder = mkdtempSync(join(tmpdir(), 'pantala-'));
    writeFileSync(join(folder, 'mosquitto_pub'), '-q 7\n');
    writeFileSync(join(folder, 'given'), '-k 3\n');
    writeFileSync(join(folder, 'lines'), '-h\n-t a\n');
    writeFileSync(join(folder, 'fine'), '-o nowhere\n-t a\n');
  });
  after(() => rmSync(folder, { recursive: true }));

  for (const { args, says } of [
    { args: [], says: 'Invalid QoS given: 7' },
    { args: ['-q', '8'], says: 'Invalid QoS given: 7' },
    { args: ['-o', 'given'], says: 'Invalid keepalive given, it must be between 5 and 65535' },
    { args: ['-o', 'lines'], says: '-h argument given but no host specified.' },
    { args: ['-o', 'fine', '-p', 'x'], says: 'Invalid port given: x' },
    { args: ['-m', '-o', '-o', 'fine', '-q', '8'], says: 'Invalid QoS given: 8' },
    { args: ['-o', 'given', '-o', 'fine'], says: 'Duplicate -o argument given.' },
    { args: ['-o'], says: 'Invalid QoS given: 7' },
  ]) {
    it(`reads ${JSON.stringify(args)} after the file with flags that counts`, async () => {
      const { io, stderr } = testIo({ XDG_CONFIG_HOME: folder });
      const placed = args.map((arg) =>
        /^(given|lines|fine)$/.test(arg) ? join(folder, arg) : arg,
      );
      assert.equal(await pub.run(placed, io), 1);
      assert.ok(stderr.text.startsWith(`Error: ${says}`), stderr.text);
    });
  }

  it('tells its version', async () => {
    const { io, stdout } = testIo();
    assert.equal(await pub.run(['--version'], io), 0);
    assert.equal(stdout.text, `pantala pub ${version}\n`);
  });
});
