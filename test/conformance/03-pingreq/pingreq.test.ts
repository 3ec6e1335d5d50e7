/** PINGREQ and PINGRESP. */

import { it } from 'node:test';
import { TestBroker } from '../../harness/test-broker.ts';
import { assertReceived } from '../../harness/wire.ts';

for (const version of [3, 4, 5] as const) {
  it(`answers each PINGREQ with PINGRESP in version ${version} [MQTT-3.12.4-1, MQTT3-3.12.4-1]`, async () => {
    const client = await new TestBroker().connect('id', { version });
    await client.sendBytes('c0 00');
    assertReceived(client, 'd0 00');
    await client.sendBytes('c0 00 c0 00');
    assertReceived(client, 'd0 00 d0 00');
  });
}
