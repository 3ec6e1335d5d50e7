/** Tests by which names the program is Mosquitto's. */

import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { main } from './main.ts';
import { programName, programNames } from './program-names.ts';
import { testIo } from './test-io.ts';

describe('a program name', () => {
  for (const { path, name } of [
    { path: '/usr/local/bin/mosquitto_pub', name: 'mosquitto_pub' },
    { path: 'mosquitto', name: 'mosquitto' },
    { path: 'C:\\tools\\mosquitto_sub.cmd', name: 'mosquitto_sub' },
    { path: 'C:\\tools\\Mosquitto_Passwd.EXE', name: 'mosquitto_passwd' },
    { path: '/usr/bin/pantala', name: undefined },
    { path: '/home/mosquitto_pub/main.ts', name: undefined },
    { path: '/bin/mosquitto_pub.sh', name: undefined },
    { path: '/bin/constructor', name: undefined },
    { path: '', name: undefined },
  ]) {
    it(`is ${name} for '${path}'`, () => assert.equal(programName(path), name));
  }

  for (const [name, command] of Object.entries(programNames)) {
    it(`${name} acts as ${command}, and calls itself ${name}`, async () => {
      const { io, stdout } = testIo();
      assert.equal(await main([name, '--help'], io), 0);
      assert.match(stdout.text, new RegExp(`^Usage: ${name} `, 'm'));
    });
  }

  it('is the one that a wrong option is told under', async () => {
    const { io, stderr } = testIo();
    assert.equal(await main(['mosquitto_pub', '--wrong'], io), 1);
    assert.match(stderr.text, /Use 'mosquitto_pub --help' to see usage/);
  });
});
