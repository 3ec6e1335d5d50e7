/** Tests the options of listeners: value, default, and what is said of a wrong value. */

import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import type { ListenerConfig } from './config.ts';
import type { EndpointOptionName } from './options.ts';
import { faultsOf, parseLines, unserved } from './test-config.ts';
import { countCase, flagCase, type OptionCase, textCase } from './test-option.ts';

describe('a listener option', () => {
  const outOfRange = (name: string) => `Invalid '${name}' value in configuration.`;
  const cases: Record<
    Exclude<EndpointOptionName, 'listener_allow_anonymous' | 'listener_auto_id_prefix'>,
    OptionCase<keyof ListenerConfig>
  > = {
    bind_interface: textCase('bindInterface', 'bind_interface', { value: 'eth0' }),
    enable_proxy_protocol: countCase('enableProxyProtocol', 'enable_proxy_protocol', {
      fallback: undefined,
      value: 1,
      wrong: { 'enable_proxy_protocol 3': 'enable_proxy_protocol must be 1 or 2.' },
    }),
    http_dir: textCase('httpDir', 'http_dir'),
    max_connections: countCase('maxConnections', 'max_connections', { fallback: -1 }),
    max_qos: countCase('maxQos', 'max_qos', {
      fallback: 2,
      value: 1,
      wrong: {
        'max_qos 3': "'max_qos' must be between 0 and 2 inclusive.",
        'max_qos -1': "'max_qos' must be between 0 and 2 inclusive.",
      },
    }),
    max_topic_alias: countCase('maxTopicAlias', 'max_topic_alias', {
      fallback: 10,
      value: 0,
      wrong: { 'max_topic_alias 65536': outOfRange('max_topic_alias') },
    }),
    max_topic_alias_broker: countCase('maxTopicAliasBroker', 'max_topic_alias_broker', {
      fallback: 10,
      value: 65_535,
      wrong: { 'max_topic_alias_broker -1': outOfRange('max_topic_alias_broker') },
    }),
    mount_point: {
      ...textCase('mountPoint', 'mount_point', { value: 'site 1/' }),
      wrong: {
        mount_point: "Empty 'mount_point' value in configuration.",
        'mount_point a/+/':
          "Invalid 'mount_point' value (a/+/). Does it contain a wildcard character?",
      },
    },
    protocol: {
      line: 'protocol websockets',
      setting: 'protocol',
      value: 'websockets',
      default: 'mqtt',
      wrong: {
        'protocol http_api': unserved('protocol http_api'),
        'protocol smtp': "Invalid 'protocol' value (smtp).",
      },
    },
    proxy_protocol_v2_require_tls: flagCase(
      'proxyProtocolV2RequireTls',
      'proxy_protocol_v2_require_tls',
      false,
    ),
    socket_domain: {
      line: 'socket_domain ipv6',
      setting: 'socketDomain',
      value: 'ipv6',
      default: undefined,
      wrong: { 'socket_domain ipv5': "Invalid 'socket_domain' value 'ipv5' in configuration." },
    },
    use_username_as_clientid: flagCase('useUsernameAsClientid', 'use_username_as_clientid', false),
    ...encryptionCases(),
  };

  for (const [name, { line, setting, value, default: fallback, wrong }] of Object.entries(cases)) {
    it(`${name} is read, and has Mosquitto's default`, () => {
      assert.equal(listenerOf(...certificate(line), line)[setting], value);
      assert.equal(listenerOf()[setting], fallback);
    });
    for (const [text, message] of Object.entries(wrong)) {
      it(`${name} refuses '${text}': ${message}`, () => {
        const faults = faultsOf(() => parseLines('listener 1883', text));
        assert.deepEqual(
          faults.map((fault) => [fault.line, fault.message]),
          [[2, message]],
        );
      });
    }
  }

  const contradictions: Record<string, readonly string[]> = {
    'Both certfile and keyfile must be provided to enable a TLS listener.': ['keyfile k'],
    'cafile specified without certfile and keyfile.': ['cafile c'],
    'capath specified without certfile and keyfile.': ['capath c'],
    'Cannot use both certificate and psk encryption in a single listener.': [
      'certfile c',
      'keyfile k',
      'psk_hint h',
    ],
    'use_subject_as_username cannot be used with `enable_proxy_protocol 2`.': [
      'enable_proxy_protocol 2',
      'use_subject_as_username true',
    ],
    'certfile and keyfile cannot be used with `enable_proxy_protocol 2`.': [
      'enable_proxy_protocol 2',
      'keyfile k',
      'certfile c',
    ],
  };
  for (const [message, lines] of Object.entries(contradictions)) {
    it(`refuses what makes no sense together: ${message}`, () => {
      const faults = faultsOf(() => parseLines('listener 1883', ...lines));
      assert.deepEqual(
        faults.map((fault) => [fault.line, fault.message]),
        [[lines.length + 1, message]],
      );
    });
  }

  it('tells once what is wrong with the default listener', () => {
    const faults = faultsOf(() => parseLines('certfile server.crt'));
    assert.deepEqual(
      faults.map((fault) => fault.line),
      [1],
    );
  });

  it('accepts the versions of MQTT that are listed, by default all', () => {
    const versions = listenerOf('accept_protocol_versions 3, 5,4 3').acceptProtocolVersions;
    assert.deepEqual(versions, new Set([3, 5, 4]));
    assert.equal(listenerOf().acceptProtocolVersions, undefined);
    const [fault] = faultsOf(() => parseLines('listener 1883', 'accept_protocol_versions 5, 6'));
    assert.equal(fault.message, "Invalid 'accept_protocol_versions' value (6).");
    const [empty] = faultsOf(() => parseLines('listener 1883', 'accept_protocol_versions'));
    assert.equal(empty.message, "Empty 'accept_protocol_versions' value in configuration.");
  });

  it('collects the web pages that are accepted', () => {
    const { websocketsOrigins } = listenerOf(
      'protocol websockets',
      'websockets_origin https://a.example',
      'websockets_origin https://b.example',
    );
    assert.deepEqual(websocketsOrigins, ['https://a.example', 'https://b.example']);
  });

  it('remembers where it stands', () => {
    const { places } = listenerOf('max_qos 1', 'max_connections 4');
    assert.deepEqual(places.get('max_connections'), { file: 'pantala.conf', line: 3 });
  });

  it('applies to the listener above it', () => {
    const { listeners } = parseLines(
      'listener 1883',
      'max_qos 0',
      'listener 1884 192.0.2.1',
      'max_connections 3',
    );
    assert.deepEqual(
      listeners.map(({ port, host, maxQos, maxConnections }) => [
        port,
        host,
        maxQos,
        maxConnections,
      ]),
      [
        [1883, undefined, 0, -1],
        [1884, '192.0.2.1', 2, 3],
      ],
    );
  });

  it('takes fewer than no connections as no limit', () => {
    assert.equal(listenerOf('max_connections -7').maxConnections, -1);
  });

  it('answers to its old name', () => {
    assert.equal(listenerOf('maximum_qos 1').maxQos, 1);
  });

  for (const name of ['max_topic_alias', 'max_topic_alias_broker', 'listener_allow_anonymous']) {
    it(`${name} requires a listener above it`, () => {
      const [fault] = faultsOf(() => parseLines(`${name} 1`));
      assert.equal(fault.message, `The '${name}' option requires a listener to be defined first.`);
    });
  }

  it('is not blamed for the listener above it', () => {
    const faults = faultsOf(() => parseLines('listener 99999', 'max_topic_alias 1'));
    assert.deepEqual(
      faults.map(({ line }) => line),
      [1],
    );
  });
});

/** One listener, and the lines below it. */
function listenerOf(...lines: string[]): ListenerConfig {
  return parseLines('listener 1883', ...lines).listeners[0];
}

/** What has to stand there for the line to make sense. */
function certificate(line: string): string[] {
  const name = line.split(' ')[0];
  if (name === 'certfile') return ['keyfile k'];
  if (name === 'keyfile') return ['certfile c'];
  return ['cafile', 'capath'].includes(name) ? ['certfile c', 'keyfile k'] : [];
}

function encryptionCases() {
  return {
    cafile: textCase('cafile', 'cafile'),
    capath: textCase('capath', 'capath'),
    certfile: textCase('certfile', 'certfile'),
    ciphers: textCase('ciphers', 'ciphers'),
    'ciphers_tls1.3': textCase('ciphersTls13', 'ciphers_tls1.3'),
    crlfile: textCase('crlfile', 'crlfile'),
    disable_client_cert_date_checks: flagCase(
      'disableClientCertDateChecks',
      'disable_client_cert_date_checks',
      false,
    ),
    keyfile: textCase('keyfile', 'keyfile'),
    psk_hint: textCase('pskHint', 'psk_hint'),
    require_certificate: flagCase('requireCertificate', 'require_certificate', false),
    tls_keyform: {
      line: 'tls_keyform pem',
      setting: 'tlsKeyform',
      value: 'pem',
      default: 'pem',
      wrong: { 'tls_keyform engine': unserved('tls_keyform engine') },
    },
    tls_version: {
      line: 'tls_version tlsv1.3',
      setting: 'tlsVersion',
      value: 'tlsv1.3',
      default: undefined,
      wrong: { 'tls_version tlsv1.0': "Invalid 'tls_version' value (tlsv1.0)." },
    },
    use_identity_as_username: flagCase('useIdentityAsUsername', 'use_identity_as_username', false),
    use_subject_as_username: flagCase('useSubjectAsUsername', 'use_subject_as_username', false),
  } as const satisfies Record<string, OptionCase<keyof ListenerConfig>>;
}
