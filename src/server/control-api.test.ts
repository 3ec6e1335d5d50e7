/** The answers of `$CONTROL/broker/v1`, in the words of Mosquitto 2.1. */

import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { answerControl } from './control-api.ts';
import { parseLines } from './test-config.ts';

const { listeners } = parseLines(
  'allow_anonymous true',
  'plugin gate.ts',
  'listener 1883',
  'listener 9001 127.0.0.1',
  'protocol websockets',
  'listener 8883',
  'certfile c',
  'keyfile k',
  'listener 0 /run/mqtt.sock',
);

function ask(payload: unknown, topic = '$CONTROL/broker/v1') {
  const told: string[] = [];
  const text = typeof payload === 'string' ? payload : JSON.stringify(payload);
  const question = { topic, payload: new TextEncoder().encode(text) };
  const answer = answerControl(question, { listeners, version: '1' }, (line) => told.push(line));
  return { topic: answer.topic, answer: JSON.parse(answer.text), told };
}

describe('the control API', () => {
  const wrong: readonly [unknown, string, string][] = [
    ['not JSON', 'Unknown command', 'Payload not valid JSON'],
    ['', 'Unknown command', 'Payload not valid JSON'],
    [{}, 'Unknown command', 'Invalid/missing commands'],
    [null, 'Unknown command', 'Invalid/missing commands'],
    [{ commands: ['command'] }, 'Unknown command', 'Command not an object'],
    [{ commands: [{}] }, 'Unknown command', 'Missing command'],
    [{ commands: [{ command: 'reboot' }] }, 'reboot', 'Unknown command'],
    [{ commands: [{ command: 'constructor' }] }, 'constructor', 'Unknown command'],
    [
      { commands: [{ command: 'listListeners', correlationData: true }] },
      'listListeners',
      'Invalid correlationData data type.',
    ],
  ];
  for (const [payload, command, error] of wrong) {
    it(`answers ${JSON.stringify(payload)} with '${error}'`, () => {
      const { topic, answer } = ask(payload);
      assert.equal(topic, '$CONTROL/broker/v1/response');
      assert.deepEqual(answer, { responses: [{ command, error }] });
    });
  }

  it('lists listeners', () => {
    const { answer, told } = ask({
      commands: [{ command: 'listlisteners', correlationData: 'x' }],
    });
    assert.deepEqual(told, ['listListeners']);
    assert.deepEqual(answer.responses, [
      {
        command: 'listListeners',
        correlationData: 'x',
        data: {
          listeners: [
            { port: 1883, protocol: 'mqtt', tls: false },
            { port: 9001, protocol: 'mqtt+websockets', 'bind-address': '127.0.0.1', tls: false },
            { port: 8883, protocol: 'mqtt', tls: true },
            { port: 0, protocol: 'mqtt', 'socket-path': '/run/mqtt.sock', tls: false },
          ],
        },
      },
    ]);
  });

  it('lists plugins, each once, and answers several commands in their order', () => {
    const { answer } = ask({ commands: [{ command: 'listPlugins' }, { command: 'x' }] });
    const plugins = [{ name: 'gate.ts', version: '1', 'control-endpoints': [] }];
    assert.deepEqual(answer.responses, [
      { command: 'listPlugins', data: { plugins } },
      { command: 'x', error: 'Unknown command' },
    ]);
  });

  it('says of other endpoints that there are none', () => {
    const { topic, answer } = ask({}, '$CONTROL/dynamic-security/v1');
    assert.equal(topic, '$CONTROL/dynamic-security/v1/response');
    assert.deepEqual(answer, { error: 'endpoint not available' });
  });
});
