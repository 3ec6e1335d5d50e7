/** A name server that knows one thing: at which port of this machine MQTT is served. */

import { createSocket } from 'node:dgram';
import { once } from 'node:events';

export interface SrvNameServer extends AsyncDisposable {
  readonly port: number;
}

/** Answers each question for SRV records with `localhost` and the port of the service. */
export async function startSrvNameServer(servicePort: number): Promise<SrvNameServer> {
  const socket = createSocket('udp4');
  socket.on('message', (query, { port, address }) => {
    socket.send(answerTo(query, servicePort), port, address);
  });
  socket.bind(0, '127.0.0.1');
  await once(socket, 'listening');
  return {
    port: socket.address().port,
    async [Symbol.asyncDispose]() {
      socket.close();
      await once(socket, 'close');
    },
  };
}

const questionAt = 12;
const target = Buffer.from('\x09localhost\x00', 'latin1');

/** The question again, and one record. (RFC 1035 section 4, RFC 2782) */
function answerTo(query: Buffer, servicePort: number): Buffer {
  const nameEnd = query.indexOf(0, questionAt) + 1;
  const question = query.subarray(questionAt, nameEnd + 4);
  const header = Buffer.alloc(questionAt);
  query.copy(header, 0, 0, 2);
  // An answer of an authority, without an error; one question, one answer.
  header.set([0x85, 0x80, 0, 1, 0, 1], 2);
  const record = Buffer.alloc(18);
  // The name of the question, type SRV, class IN.
  record.set([0xc0, questionAt, 0, 33, 0, 1], 0);
  record.writeUInt32BE(60, 6);
  record.writeUInt16BE(6 + target.length, 10);
  record.writeUInt16BE(servicePort, 16);
  return Buffer.concat([header, question, record, target]);
}
