/** Who speaks something else than MQTT is told of. */

import assert from 'node:assert/strict';
import { once } from 'node:events';
import { connect } from 'node:net';
import { describe, it } from 'node:test';
import { LinkEnd } from '../../test/contract/link-contract.ts';
import { listenSockets } from './listen-sockets.ts';
import { socketLinks } from './socket-link.ts';

describe('who comes to a port for MQTT', () => {
  const cases = [
    { name: 'a browser', sent: 'GET / HTTP/1.1\r\n', told: /HTTP.*"protocol websockets"/ },
    { name: 'a program with a form', sent: 'POST / HTTP/1.1\r\n', told: /HTTP/ },
    { name: 'a client with TLS', sent: '\x16\x03\x01', told: /TLS.*"certfile"/ },
    {
      name: 'a proxy',
      sent: 'PROXY TCP4 192.0.2.1',
      told: /PROXY protocol.*"enable_proxy_protocol"/,
    },
    { name: 'a proxy of version 2', sent: '\r\n\r\n\0\r\nQUIT\n!', told: /PROXY protocol/ },
    { name: 'a client of MQTT', sent: '\x10\x0c\x00\x04MQTT', told: undefined },
    { name: 'nobody that anybody knows', sent: '\0', told: undefined },
  ];
  for (const { name, sent, told } of cases) {
    it(`is ${told === undefined ? 'not ' : ''}told of when it is ${name}`, async () => {
      const rejected: string[] = [];
      const server = new LinkEnd();
      const received = Promise.withResolvers<void>();
      server.receive = () => received.resolve();
      const layer = socketLinks(() => server, {
        connectionRejected: (peer, reason) => rejected.push(`${peer} ${reason}`),
      });
      const listener = await listenSockets(layer, { port: 0, host: '127.0.0.1' });
      const socket = connect(listener.port, '127.0.0.1');
      socket.write(sent);
      await received.promise;
      assert.equal(rejected.length, told === undefined ? 0 : 1);
      if (told !== undefined) assert.match(rejected[0], told);
      socket.write(sent);
      socket.destroy();
      await once(socket, 'close');
      await listener.close();
    });
  }
});
