/** What a run fails with: one of the promises that the broker has not kept. */

/** What the simulation checks. */
export const promises = {
  atLeastOnce: 'a message of QoS 1 arrives at least once',
  exactlyOnce: 'a message of QoS 2 arrives exactly once',
  atMostOnce: 'a message of QoS 0 arrives once where its connection lasts',
  owed: 'a client gets what it has subscribed to, once, and nothing else',
  flags: 'a message arrives as it was published, with the flags that its subscription asks for',
  redelivery:
    'what is unacknowledged is sent again once per connection, with DUP and its packet id',
  order: 'messages of one publisher, topic and QoS arrive in their order',
  expiry: 'an expired message is not sent',
  window: 'no more messages are in flight than the receiver takes',
  packetIds: 'a packet id stands for one message at a time',
  memory: 'what is kept for a client has its limit',
  drops: 'a message is dropped only for the cause that is reported',
  shared: 'a shared subscription gives each message to one member',
  retained: 'a new subscription gets the last retained message of each topic',
  durable: 'what was acknowledged is there after a crash, and nothing that never was',
  sessions: 'a session is there, or gone, when the specification says so',
  answers: 'every request has its answer',
  wire: 'the bytes that arrive are the packets that left, in their order',
  wellBehaved: 'a client that keeps to the rules is not sent away',
  robustness: 'no exception leaves the broker, and it comes to rest',
  accounts: 'what $SYS says agrees with what is there',
} as const;

export type PromiseName = keyof typeof promises;

export class BrokenPromise extends Error {
  override readonly name = 'BrokenPromise';
  readonly promise: PromiseName;
  readonly clientId: string | undefined;

  constructor(promise: PromiseName, clientId: string | undefined, message: string) {
    super(message);
    this.promise = promise;
    this.clientId = clientId;
  }
}
