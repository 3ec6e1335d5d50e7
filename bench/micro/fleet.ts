/** A fleet of 100,000 clients with ten subscriptions each, for benches at that scale. */

export const clients = 100_000;
const places = ['berlin', 'kyoto', 'lagos', 'lima', 'oslo', 'pune', 'quito', 'rome'];

/** One client's ten subscriptions: exact ones, '+' at all depths, '#', its own and shared ones. */
export function filtersOf(client: number): string[] {
  const place = places[client % places.length];
  const id = idOf(client);
  return [
    `fleet/${place}/${id}/command`,
    `fleet/${place}/${id}/config`,
    `fleet/${place}/${id}/firmware/version`,
    `inbox/${id}`,
    `fleet/${place}/${id}/sensor/+/calibrate`,
    `fleet/+/${id}/ping`,
    `${id}/+/status`,
    `fleet/${place}/${id}/job/#`,
    `group/${client % 5_000}/#`,
    `alarm/${place}/floor/${client % 1_000}/+`,
  ];
}

/** Topics of a fleet in a fixed order without pattern, each of few receivers. */
export function publishedTopic(turn: number, size = clients): string {
  const client = (turn * 7_919) % size;
  const place = places[client % places.length];
  const id = idOf(client);
  const topics = [
    `fleet/${place}/${id}/command`,
    `fleet/${place}/${id}/sensor/temperature/calibrate`,
    `fleet/${place}/${id}/job/17/start`,
    `${id}/engine/status`,
    `nobody/listens/${id}`,
  ];
  return received(topics[turn % topics.length]);
}

/** As the packet reader makes them: flat strings, each its own. */
export function received(text: string): string {
  return Buffer.from(text).toString();
}

function idOf(client: number): string {
  return `device-${client.toString(36).padStart(6, '0')}`;
}
