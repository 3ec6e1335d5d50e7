import { BrowserPackage } from './test/harness/browser-package.ts';
import { gzipSync } from 'node:zlib';
import { readFileSync, writeFileSync } from 'node:fs';
using built = new BrowserPackage();
const gz = (c: string) => gzipSync(c, { level: 9 }).length;
const test = readFileSync('test/browser-bundle.test.ts', 'utf8');
const page = /const page = `\n([^]*?)`;/.exec(test)?.[1] ?? '';
for (const [n, p] of Object.entries({ page: page+(process.argv[2]??''), bare: "export { connect, ClientError } from 'pantala';", rc: "export { connect, ClientError, reasonCodes } from 'pantala';", idb: page+"\nexport { indexedDbOutbox, OutboxInUseError } from 'pantala';", scram: page+"\nexport { scramSha256 } from 'pantala';" })) { const b = await built.bundle(p); console.log(n, b.length, gz(b)); writeFileSync(`/tmp/sz/${n}.min.js`, b); }
