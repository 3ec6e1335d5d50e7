/** How a client's address stands in the log. */

/**
 * `::1:1234` for `[::1]:1234`, anything else as it is: Mosquitto writes address, colon, port, and
 * what reads its log takes all before the last colon for the address.
 */
export function loggedPeer(peer: string): string {
  return peer[0] === '[' ? peer.replace(bracketed, '$1') : peer;
}

/** The address alone: `::1` of `[::1]:1234`, `192.0.2.1` of `192.0.2.1:1234`. */
export function loggedAddress(peer: string): string {
  const text = loggedPeer(peer);
  const colon = text.lastIndexOf(':');
  return colon < 0 ? text : text.slice(0, colon);
}

const bracketed = /^\[([^\]]*)\](?=:)/;
