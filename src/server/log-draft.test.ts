/** Tests log_dest and log_type, which add up. */

import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { allLogTypes, defaultLogTypes } from './log-type.ts';
import { faultsOf, parseLines, unserved } from './test-config.ts';

describe('log_dest', () => {
  it('is stderr by default', () => {
    const { stderr, stdout, topic, file: logFile } = parseLines('').log;
    assert.deepEqual([stderr, stdout, topic, logFile], [true, false, false, undefined]);
  });

  it('adds up', () => {
    const { log } = parseLines('log_dest stdout', 'log_dest topic', 'log_dest file /log/a b.log');
    assert.deepEqual(
      [log.stdout, log.stderr, log.topic, log.file],
      [true, false, true, '/log/a b.log'],
    );
  });

  it('may be syslog, with a facility', () => {
    const { log } = parseLines('log_dest syslog', 'log_facility 3');
    assert.deepEqual([log.syslog, log.facility, log.stderr], [true, 3, false]);
  });

  it('none forgets those before it', () => {
    const { log } = parseLines('log_dest stdout', 'log_dest none');
    assert.deepEqual([log.stderr, log.stdout], [false, false]);
  });

  const wrong: Record<string, string> = {
    log_dest: "Empty 'log_dest' value in configuration.",
    'log_dest printer': "Invalid 'log_dest' value (printer).",
    'log_dest file': 'Empty "log_dest file" value in configuration.',
    'log_dest file a\nlog_dest file b': 'Duplicate "log_dest file" value.',
    'log_dest dlt': unserved('log_dest dlt'),
  };
  for (const [text, message] of Object.entries(wrong)) {
    it(`refuses ${JSON.stringify(text)}: ${message}`, () => {
      assert.equal(faultsOf(() => parseLines(text))[0].message, message);
    });
  }
});

describe('log_type', () => {
  it('is error, warning, notice and information by default', () => {
    assert.deepEqual(parseLines('').log.types, defaultLogTypes);
  });

  it('adds up', () => {
    const { types } = parseLines('log_type error', 'log_type subscribe').log;
    assert.deepEqual([...types], ['error', 'subscribe']);
  });

  it('all is every one, none is nothing', () => {
    assert.deepEqual(parseLines('log_type all').log.types, allLogTypes);
    assert.deepEqual([...parseLines('log_type error', 'log_type none').log.types], []);
  });

  it('refuses what it does not know', () => {
    const [fault] = faultsOf(() => parseLines('log_type gossip'));
    assert.equal(fault.message, "Invalid 'log_type' value (gossip).");
    assert.match(fault.remedy, /subscribe/);
  });
});
