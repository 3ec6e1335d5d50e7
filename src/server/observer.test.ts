/** Tests the log lines that tools parse, in Mosquitto's words. */

import assert from 'node:assert/strict';
import { PassThrough } from 'node:stream';
import { describe, it } from 'node:test';
import type { ConnectedClient, Observer } from '../broker/ports.ts';
import { reasonCodes } from '../packet/reason-codes.ts';
import { Message } from '../session/message.ts';
import { parseConfig } from './config-file.ts';
import type { denialEvents } from './denial-lines.ts';
import { Log } from './log.ts';
import { logObserver } from './observer.ts';
import type { packetEvents } from './packet-lines.ts';

/** The lines that `act` makes of events, with the log types that `lines` turn on. */
async function logged(act: (observer: Observer) => void, ...lines: string[]): Promise<string[]> {
  const text = ['log_timestamp false', ...lines].join('\n');
  const { log: settings, general } = parseConfig(text, 'pantala.conf');
  const stderr = new PassThrough();
  const log = new Log(settings, { stdout: stderr, stderr });
  act(logObserver(log, general));
  await log.close();
  return (stderr.read()?.toString() ?? '').split('\n').slice(0, -1);
}

type Denials = Observer & ReturnType<typeof denialEvents> & ReturnType<typeof packetEvents>;

const client: ConnectedClient = {
  clientId: 'c',
  userName: undefined,
  peer: '127.0.0.1:5000',
  version: 4,
  cleanStart: true,
  keepAliveSeconds: 60,
  sessionPresent: false,
};

describe('a client that connects', () => {
  const cases: [Partial<ConnectedClient>, string][] = [
    [{}, '127.0.0.1:5000 as c (p4, c1, k60)'],
    [{ version: 3, cleanStart: false }, '127.0.0.1:5000 as c (p3, c0, k60)'],
    [{ version: 5, keepAliveSeconds: 0 }, '127.0.0.1:5000 as c (p5, c1, k0)'],
    [{ userName: 'name' }, "127.0.0.1:5000 as c (p4, c1, k60, u'name')"],
    [{ userName: '' }, "127.0.0.1:5000 as c (p4, c1, k60, u'')"],
    [{ peer: '[::1]:5000' }, '::1:5000 as c (p4, c1, k60)'],
  ];
  for (const [difference, text] of cases) {
    it(`is logged as ${text}`, async () => {
      assert.deepEqual(
        await logged((observer) => observer.clientConnected?.({ ...client, ...difference })),
        [`New client connected from ${text}.`],
      );
    });
  }
});

it('the encryption of a client is logged after it', async () => {
  const cipher = 'TLSv1.3/TLS_AES_256_GCM_SHA384';
  const credentials = { cipher, identity: undefined, subject: undefined };
  assert.deepEqual(
    await logged((observer) => observer.clientConnected?.({ ...client, credentials })),
    [
      'New client connected from 127.0.0.1:5000 as c (p4, c1, k60).',
      'Client c negotiated TLSv1.3 cipher TLS_AES_256_GCM_SHA384',
    ],
  );
});

describe('a client that leaves', () => {
  const cases = [
    ['disconnect', reasonCodes.normalDisconnection, '', ''],
    ['connection lost', reasonCodes.unspecifiedError, '', ': connection closed by client'],
    ['keep-alive timeout', reasonCodes.keepAliveTimeout, '', ': exceeded timeout'],
    ['session taken over', reasonCodes.sessionTakenOver, '', ': session taken over'],
    ['server shutting down', reasonCodes.serverShuttingDown, '', ': server shutting down'],
    ['not authorized', reasonCodes.notAuthorized, '', ': not authorised'],
    ['protocol error', reasonCodes.protocolError, '', ': protocol error'],
    ['protocol error', reasonCodes.malformedPacket, 'why', ': malformed packet (why)'],
    ['protocol error', reasonCodes.packetTooLarge, '', ': oversize packet'],
    ['protocol error', reasonCodes.qosNotSupported, 'QoS 2', ': protocol error (QoS 2)'],
  ] as const;
  for (const [cause, reasonCode, message, text] of cases) {
    it(`after '${cause}' ${reasonCode} is logged as disconnected${text}`, async () => {
      assert.deepEqual(
        await logged((observer) =>
          observer.clientDisconnected?.({ client, cause, reasonCode, message }),
        ),
        [`Client c [127.0.0.1:5000] disconnected${text}.`],
      );
    });
  }
});

describe('a connection that is refused', () => {
  const refuse = (clientId: string | undefined) => (observer: Observer) =>
    observer.connectionRefused?.({
      peer: '[::1]:9',
      clientId,
      reasonCode: reasonCodes.notAuthorized,
      message: '',
    });

  it('is logged with its client identifier', async () => {
    assert.deepEqual(await logged(refuse('c')), ['Client c [::1:9] disconnected: not authorised.']);
  });

  it('is logged with its address when it has named itself nothing', async () => {
    assert.deepEqual(await logged(refuse(undefined)), [
      'Client ::1 [::1:9] disconnected: not authorised.',
    ]);
  });
});

describe('a connection beyond a limit', () => {
  for (const limit of ['connectionsMax', 'allConnectionsMax'] as const) {
    it(`is logged in the same words for ${limit}, as by Mosquitto`, async () => {
      assert.deepEqual(
        await logged((observer) => observer.connectionTurnedAway?.('[::1]:9', limit)),
        ['Client connection from ::1 denied: max_connections exceeded.'],
      );
    });
  }
});

describe('other events', () => {
  it('are silent about clients with connection_messages false', async () => {
    const lines = await logged((observer) => {
      assert.equal(observer.clientConnected, undefined);
      assert.equal(observer.clientDisconnected, undefined);
      assert.equal(observer.connectionRefused, undefined);
      observer.sessionExpired?.('c');
    }, 'connection_messages false');
    assert.deepEqual(lines, ['Expiring client c due to timeout.']);
  });

  it('are built for nobody when nothing is logged', async () => {
    await logged((observer) => assert.deepEqual(observer, {}), 'log_type none');
  });

  it('tell that state cannot be stored, and that it can be again', async () => {
    const lines = await logged((observer) => {
      observer.storeFailed?.({ code: 'ENOSPC', message: 'no space is left on the disk' });
      observer.storeRecovered?.();
      observer.messagesUnreadable?.('c', 3);
    });
    assert.deepEqual(lines, [
      'Error: State cannot be stored (ENOSPC: no space is left on the disk).',
      'Error: Publishers of QoS 1 and 2 are refused or wait until it can; it is tried every second.',
      'State can be stored again.',
      'Error: 3 messages for client c cannot be read any more.',
    ]);
  });

  it('tell once that a client loses messages, and again after its session', async () => {
    const message = new Message('t', new Uint8Array());
    const lines = await logged((observer) => {
      for (const cause of ['queue full', 'slow receiver', 'expired', 'offline'] as const) {
        observer.messageDropped?.('c', message, 0, cause);
      }
      observer.sessionExpired?.('c');
      observer.messageDropped?.('c', message, 1, 'queue full');
    });
    assert.deepEqual(lines, [
      'Outgoing messages are being dropped for client c.',
      'Expiring client c due to timeout.',
      'Outgoing messages are being dropped for client c.',
    ]);
  });

  it('show subscriptions as log types of their own', async () => {
    const act = (observer: Observer) => {
      observer.subscribed?.('c', 'a/#', 1);
      observer.unsubscribed?.('c', 'a/#');
    };
    assert.deepEqual(await logged(act), []);
    assert.deepEqual(await logged(act, 'log_type subscribe'), ['c 1 a/#']);
    assert.deepEqual(await logged(act, 'log_type unsubscribe'), ['c a/#']);
  });

  it('show denials with the rule that decided, at the default level', async () => {
    const lines = await logged((observer) => {
      const events = observer as Denials;
      events.publishDenied(
        client,
        'a/b',
        reasonCodes.notAuthorized,
        'line 3 of acl: topic deny a/#',
      );
      events.publishDenied(
        client,
        'a/b',
        reasonCodes.notAuthorized,
        'line 3 of acl: topic deny a/#',
      );
      events.publishDenied(client, 'a/c', reasonCodes.notAuthorized);
      events.subscribeDenied(client, 'b/#', reasonCodes.quotaExceeded);
    });
    assert.deepEqual(lines, [
      "Denied PUBLISH from c to 'a/b': line 3 of acl: topic deny a/#.",
      "Denied PUBLISH from c to 'a/c'.",
      "Denied SUBSCRIBE from c to 'b/#': reason code 0x97.",
    ]);
  });

  it("show denials as Mosquitto's debug log does, each of them", async () => {
    const publish = {
      type: 'publish',
      topic: 'no/x',
      payload: new Uint8Array(2),
      qos: 1,
      retain: false,
      dup: false,
      packetId: 1,
      properties: undefined,
    } as const;
    const lines = await logged((observer) => {
      const events = observer as Denials;
      events.packetReceived?.('c', publish);
      events.publishDenied(client, 'no/x', reasonCodes.notAuthorized);
      events.publishDenied(client, 'will', reasonCodes.notAuthorized);
      events.subscribeDenied(client, 'b/#', reasonCodes.notAuthorized);
      events.receiveDenied(client, 'secret', 'no line of acl allows it');
    }, 'log_type debug');
    assert.deepEqual(lines, [
      "Received PUBLISH from c (d0, q1, r0, m1, 'no/x', ... (2 bytes))",
      "Denied PUBLISH from c (d0, q1, r0, m1, 'no/x', ... (2 bytes))",
      "Denied PUBLISH from c ('will')",
      "Denied SUBSCRIBE from c ('b/#')",
      "Denied PUBLISH to c ('secret'): no line of acl allows it",
    ]);
  });

  it('show what is in a packet on lines of their own, as Mosquitto does', async () => {
    const will = { topic: 'w', payload: new Uint8Array(3), qos: 0, retain: true } as const;
    const connect = {
      type: 'connect',
      version: 4,
      bridge: false,
      cleanStart: true,
      keepAliveSeconds: 60,
      clientId: 'c',
      userName: undefined,
      password: undefined,
    } as const;
    const subscription = {
      filter: 'a/\tb',
      qos: 1,
      noLocal: false,
      retainAsPublished: false,
      retainHandling: 0,
    } as const;
    const lines = await logged((observer) => {
      observer.packetReceived?.(undefined, { ...connect, will });
      observer.packetReceived?.(undefined, { ...connect, will: undefined });
      observer.packetReceived?.('c', {
        type: 'subscribe',
        packetId: 1,
        subscriptions: [subscription],
      });
      observer.packetReceived?.('c', { type: 'unsubscribe', packetId: 1, filters: ['a'] });
      observer.packetReceived?.('c', { type: 'puback', packetId: 1, reasonCode: 0 });
      observer.packetReceived?.('c', { type: 'pubrel', packetId: 2, reasonCode: 0 });
      observer.packetSent?.('c', { type: 'pubcomp', packetId: 2, reasonCode: 0 });
      observer.packetSent?.('c', { type: 'disconnect', reasonCode: 0x8b });
    }, 'log_type debug');
    assert.deepEqual(lines, [
      'Received CONNECT from <unknown>',
      'Will message specified (3 bytes) (r1, q0).',
      '\tw',
      'Received CONNECT from <unknown>',
      'No will message specified.',
      'Received SUBSCRIBE from c',
      '\ta/\\u0009b (QoS 1)',
      'Received UNSUBSCRIBE from c',
      '\ta',
      'Received PUBACK from c (Mid: 1, RC:0)',
      'Received PUBREL from c (Mid: 2)',
      'Sending PUBCOMP to c (m2)',
      'Sending DISCONNECT to c (rc139)',
    ]);
  });

  it('show packets in the debug log, but never a payload or a password', async () => {
    const payload = new TextEncoder().encode('secret');
    const lines = await logged((observer) => {
      observer.packetReceived?.('c', {
        type: 'publish',
        topic: 't',
        payload,
        qos: 1,
        retain: true,
        dup: false,
        packetId: 7,
        properties: undefined,
      });
      observer.packetSent?.('c', { type: 'puback', packetId: 7, reasonCode: 0 });
      observer.packetSent?.(undefined, { type: 'connack', sessionPresent: true, reasonCode: 0 });
      observer.packetReceived?.('c', { type: 'pingreq' });
    }, 'log_type debug');
    assert.deepEqual(lines, [
      "Received PUBLISH from c (d0, q1, r1, m7, 't', ... (6 bytes))",
      'Sending PUBACK to c (m7, rc0)',
      'Sending CONNACK to <unknown> (1, 0)',
      'Received PINGREQ from c',
    ]);
  });
});
