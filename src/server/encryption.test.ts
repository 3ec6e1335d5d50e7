/** Tests what is said of the files of encryption when they are read. */

import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { certificateFile } from '../../test/harness/certificates.ts';
import { parseConfig } from './config-file.ts';
import { loadMaterials } from './materials.ts';

/** The notes on a listener with these options. */
function notesOn(...lines: readonly string[]): string[] {
  const config = parseConfig(lines.join('\n'), 'pantala.conf');
  return loadMaterials(config).notes.map(({ type, text }) => `${type}: ${text}`);
}

function pair(name: string, key = 'server'): string[] {
  return [`certfile ${certificateFile(`${name}.crt`)}`, `keyfile ${certificateFile(`${key}.key`)}`];
}

const caFile = certificateFile('ca.crt');

describe('a certificate', () => {
  it('that is in order is not told of', () => {
    assert.deepEqual(notesOn('listener 8883', ...pair('server'), `cafile ${caFile}`), []);
  });

  it('is told of with its file, the fact and the remedy', () => {
    const path = certificateFile('expired.crt');
    assert.deepEqual(notesOn('listener 8883', ...pair('expired'), `cafile ${caFile}`), [
      `warning: Warning: ${path}: the certificate of the server 'localhost' expired on 2021-01-01, ` +
        'and clients refuse it: have a new one made.',
    ]);
  });

  it('is told of once, however many listeners have it', () => {
    const notes = notesOn('listener 1', ...pair('early'), 'listener 2', ...pair('early'));
    assert.equal(notes.length, 1);
    assert.match(notes[0], /becomes valid on 2099-01-01/);
  });

  it('without its intermediate is told of, unless cafile has it', () => {
    const cafile = (name: string) => `cafile ${certificateFile(name)}`;
    const [note] = notesOn('listener 8883', ...pair('leaf'), cafile('ca.crt'));
    assert.match(note, /'Test Intermediate'.*append its certificate to certfile/);
    assert.deepEqual(notesOn('listener 8883', ...pair('leaf'), cafile('intermediate.crt')), []);
  });

  it('of a CA that clients come with is told of where they need one', () => {
    const old = certificateFile('ca-expired.crt');
    const listener = ['listener 8883', ...pair('server'), `cafile ${old}`];
    const told = (...more: readonly string[]) =>
      notesOn(...listener, ...more).filter((note) => note.includes(`${old}: `));
    assert.deepEqual(told(), []);
    assert.match(
      told('require_certificate true')[0],
      /the CA 'Old CA' expired on 2021-01-01, and every client/,
    );
  });
});
