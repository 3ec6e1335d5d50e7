/** A server that speaks no MQTT over WebSocket. */

/** There was a connection, but the server did not make a WebSocket for MQTT of it. */
export class UpgradeError extends Error {
  override readonly name = 'UpgradeError';
}
