/** Asks the service of respond.ts for a sum: `node examples/request.ts 1 2 3` */

import process from 'node:process';
import { ClientError, connect } from 'pantala';

const numbers = process.argv.slice(2).map(Number);

await using client = await connect(process.env.MQTT_URL ?? 'mqtt://localhost');
try {
  const response = await client.request('services/add', JSON.stringify(numbers), { timeout: 5000 });
  console.log(response.json());
} catch (error) {
  if (!(error instanceof ClientError) || error.failure !== 'no response') throw error;
  console.error('nobody answers: is examples/respond.ts running?');
  process.exitCode = 1;
}
