/** The protocol versions: the level byte of CONNECT without the bridge bit. */

/** 3 is MQTT 3.1 (`MQIsdp`), 4 is MQTT 3.1.1, 5 is MQTT 5.0. */
export type ProtocolVersion = 3 | 4 | 5;

/** 0 at most once, 1 at least once, 2 exactly once. */
export type QoS = 0 | 1 | 2;
