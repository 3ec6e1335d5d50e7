/** What a store has to remember of a message while deliveries of it are in its care. */

export interface Custody {
  /** Deliveries of QoS 1 and 2 that its publisher's acknowledgement still waits for. */
  readonly partsCount: number;
}
