/** The options of MQTT.js that are served, under its names. */

import type { QoS } from '../packet/version.ts';
import type { ForeignUserProperties } from './foreign-properties.ts';

/** PEM, as text or as it was read from a file. */
export type Pem = string | Buffer;

export interface MqttJsServer {
  host: string;
  port: number;
  protocol?: MqttJsProtocol;
}

export type MqttJsProtocol = 'mqtt' | 'tcp' | 'mqtts' | 'ssl' | 'tls' | 'ws' | 'wss';

export interface MqttJsWill {
  topic: string;
  payload?: Buffer | string;
  qos?: QoS;
  retain?: boolean;
  properties?: {
    willDelayInterval?: number;
    payloadFormatIndicator?: boolean;
    messageExpiryInterval?: number;
    contentType?: string;
    responseTopic?: string;
    correlationData?: Buffer;
    userProperties?: ForeignUserProperties;
  };
}

export interface MqttJsOptions {
  clientId?: string;
  username?: string;
  password?: Buffer | string;
  /** `user:password`. */
  auth?: string;
  /** true. */
  clean?: boolean;
  /** Seconds; 60. */
  keepalive?: number;
  /** 4, which is MQTT 3.1.1. */
  protocolVersion?: 3 | 4 | 5;
  protocolId?: 'MQTT' | 'MQIsdp';
  /** Milliseconds between attempts to connect; 0: there is one; 1,000. */
  reconnectPeriod?: number;
  /** Whether a server that refuses is tried again; false. */
  reconnectOnConnackError?: boolean;
  /** Milliseconds until CONNACK; 30,000. */
  connectTimeout?: number;
  /** Whether messages of QoS 0 wait for a connection; true. */
  queueQoSZero?: boolean;
  /** Whether subscriptions are made again where the server has forgotten them; true. */
  resubscribe?: boolean;
  /** Nothing happens before `connect()`; false. */
  manualConnect?: boolean;
  /** Topic aliases are used as the server allows them; false. MQTT 5.0. */
  autoAssignTopicAlias?: boolean;
  will?: MqttJsWill;
  /** MQTT 5.0. */
  properties?: {
    sessionExpiryInterval?: number;
    receiveMaximum?: number;
    maximumPacketSize?: number;
    topicAliasMaximum?: number;
    requestResponseInformation?: boolean;
    requestProblemInformation?: boolean;
    userProperties?: ForeignUserProperties;
  };
  /** Tried in turn. */
  servers?: MqttJsServer[];
  protocol?: MqttJsProtocol | `${MqttJsProtocol}+unix`;
  host?: string;
  hostname?: string;
  port?: number;
  /** Of a WebSocket, or the Unix socket. */
  path?: string;
  unixSocket?: boolean;
  ca?: Pem | Pem[];
  cert?: Pem;
  key?: Pem;
  /** Whether the server must show a certificate that is trusted; true. */
  rejectUnauthorized?: boolean;
  servername?: string;
  ALPNProtocols?: string[];
  minVersion?: 'TLSv1.2' | 'TLSv1.3';
  ciphers?: string;
}

export interface MqttJsPublishOptions {
  qos?: QoS;
  retain?: boolean;
  /** Is looked at by nobody: who sends again knows that it does. */
  dup?: boolean;
  /** MQTT 5.0. */
  properties?: {
    payloadFormatIndicator?: boolean;
    messageExpiryInterval?: number;
    responseTopic?: string;
    correlationData?: Buffer;
    userProperties?: ForeignUserProperties;
    contentType?: string;
  };
}

export interface MqttJsSubscribeOptions {
  qos?: QoS;
  /** No local. */
  nl?: boolean;
  /** Retain as published. */
  rap?: boolean;
  /** Retain handling. */
  rh?: number;
  properties?: { subscriptionIdentifier?: number; userProperties?: ForeignUserProperties };
}

export interface MqttJsGrant {
  topic: string;
  qos: QoS | 128;
  nl?: boolean | undefined;
  rap?: boolean | undefined;
  rh?: number | undefined;
  properties?: MqttJsSubscribeOptions['properties'];
}

export type MqttJsTopics = string | string[] | Record<string, MqttJsSubscribeOptions>;

export interface MqttJsUnsubscribeOptions {
  properties?: { userProperties?: ForeignUserProperties };
}

export interface MqttJsEndOptions {
  reasonCode?: number;
  properties?: {
    sessionExpiryInterval?: number;
    reasonString?: string;
    userProperties?: ForeignUserProperties;
  };
}
