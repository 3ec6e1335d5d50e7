/** PINGREQ and PINGRESP: still there (MQTT 5.0 sections 3.12 and 3.13). */

export interface Pingreq {
  readonly type: 'pingreq';
}

export interface Pingresp {
  readonly type: 'pingresp';
}
