/** What the chapters of the two specifications that hold normative statements are about. */

type Chapters = Readonly<Record<string, string>>;

const packets: Chapters = {
  '3.1': 'CONNECT',
  '3.2': 'CONNACK',
  '3.3': 'PUBLISH',
  '3.4': 'PUBACK',
  '3.5': 'PUBREC',
  '3.6': 'PUBREL',
  '3.7': 'PUBCOMP',
  '3.8': 'SUBSCRIBE',
  '3.9': 'SUBACK',
  '3.10': 'UNSUBSCRIBE',
  '3.11': 'UNSUBACK',
  '3.12': 'PINGREQ',
  '3.14': 'DISCONNECT',
  '3.15': 'AUTH',
};

export const chapters5: Chapters = {
  ...packets,
  '1.5': 'Data representation',
  '2.1': 'Fixed header',
  '2.2': 'Variable header',
  '4.1': 'Session state',
  '4.2': 'Network connections',
  '4.3': 'Quality of service',
  '4.4': 'Delivery retry',
  '4.5': 'Message receipt',
  '4.6': 'Message ordering',
  '4.7': 'Topic names and filters',
  '4.8': 'Subscriptions',
  '4.9': 'Flow control',
  '4.12': 'Enhanced authentication',
  '4.13': 'Errors',
  '6.0': 'WebSocket',
};

export const chapters311: Chapters = {
  ...packets,
  '1.5': 'Data representation',
  '2.2': 'Fixed header',
  '2.3': 'Variable header',
  '4.1': 'Stored state',
  '4.3': 'Quality of service',
  '4.4': 'Delivery retry',
  '4.5': 'Message receipt',
  '4.6': 'Message ordering',
  '4.7': 'Topic names and filters',
  '4.8': 'Errors',
  '6.0': 'WebSocket',
  '7.0': 'Conformance',
  '7.1': 'Conformance targets',
};
