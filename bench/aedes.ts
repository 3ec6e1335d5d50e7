/** An Aedes broker as its documentation starts one, to compare with: `node bench/aedes.ts PORT`. */

import { createServer, type Socket } from 'node:net';
import process from 'node:process';

interface AedesPackage {
  readonly Aedes: { createBroker(): Promise<{ readonly handle: (socket: Socket) => void }> };
}

// A variable, as the compiler must not look for a package that only `npm run bench` installs.
const name: string = 'aedes';
const { Aedes }: AedesPackage = await import(name);
const broker = await Aedes.createBroker();
createServer({ noDelay: true }, broker.handle).listen(Number(process.argv[2]), '127.0.0.1');
