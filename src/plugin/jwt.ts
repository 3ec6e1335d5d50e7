/** Lets in clients whose password is a JSON Web Token, with the rights that stand in it. */

import { errors, type JWTPayload, jwtVerify } from 'jose';
import { reasonCodes } from '../packet/reason-codes.ts';
import { Complaint, causeOf } from './complaint.ts';
import type { Allowance, AuthenticateRequest, Decision, Denial, Hooks } from './hooks.ts';
import {
  type KeySource,
  KeysUnavailableError,
  keysFromFile,
  keysFromSecret,
  keysFromUrl,
} from './jwt-keys.ts';
import type { PluginBroker } from './plugin-broker.ts';
import { PluginOptionError } from './plugin-load-error.ts';
import { OptionReader, type PluginOptions } from './plugin-options.ts';
import { TopicRights } from './topic-rights.ts';

const signatures = ['RS256', 'RS384', 'RS512', 'PS256', 'PS384', 'PS512'];
const curves = ['ES256', 'ES384', 'ES512', 'EdDSA', 'Ed25519'];
const secrets = ['HS256', 'HS384', 'HS512'];

interface JwtSettings {
  readonly keys: KeySource;
  readonly algorithms: readonly string[];
  readonly audience: readonly string[] | undefined;
  readonly issuer: readonly string[] | undefined;
  /** Undefined: any user name goes with the token. */
  readonly userClaim: string | undefined;
  readonly aclClaim: string;
  readonly toleranceSeconds: number;
  readonly requiresExpiry: boolean;
}

/** The options are in docs/plugins.md. */
export async function createHooks(options: PluginOptions, broker: PluginBroker): Promise<Hooks> {
  const settings = await readSettings(options);
  const complaint = new Complaint(broker.log);
  return {
    async authenticate(request) {
      const { password, isVouchedFor } = request;
      const token = password && tokenIn(password);
      // Others may know what to do with a password that is none, or with none at all.
      if (token === undefined || isVouchedFor) return 'defer';
      return await judge(token, request, settings).catch((error: unknown) => {
        if (!(error instanceof KeysUnavailableError)) throw error;
        complaint.tell(`keys for tokens cannot be had: ${causeOf(error.cause)}`);
        return keysUnavailable;
      });
    },
    authorize({ client, access, topic }): Decision {
      return client.grant instanceof TopicRights ? client.grant.decide({ access, topic }) : 'defer';
    },
    reload: () => settings.keys.reload(),
  };
}

const keysUnavailable: Denial = {
  type: 'deny',
  reasonCode: reasonCodes.serverUnavailable,
  reason: 'the keys for tokens are not to be had now',
};

async function judge(
  token: string,
  client: AuthenticateRequest,
  settings: JwtSettings,
): Promise<Allowance | Denial> {
  const { keys, algorithms, audience, issuer, toleranceSeconds, requiresExpiry } = settings;
  let payload: JWTPayload;
  try {
    ({ payload } = await jwtVerify(token, keys.key, {
      algorithms: [...algorithms],
      clockTolerance: toleranceSeconds,
      ...(audience && { audience: [...audience] }),
      ...(issuer && { issuer: [...issuer] }),
      ...(requiresExpiry && { requiredClaims: ['exp'] }),
    }));
  } catch (error) {
    if (error instanceof errors.JOSEError) return denied(faultOf(error));
    throw error;
  }
  return admit(payload, client, settings);
}

function admit(
  payload: JWTPayload,
  { clientId, userName }: AuthenticateRequest,
  { userClaim, aclClaim, toleranceSeconds }: JwtSettings,
): Allowance | Denial {
  if (userClaim !== undefined && userName !== undefined && payload[userClaim] !== userName) {
    return denied(`the user name is not the token's '${userClaim}'`);
  }
  const { exp } = payload;
  const validSeconds = exp === undefined ? undefined : exp - Date.now() / 1000 + toleranceSeconds;
  const acl = payload[aclClaim];
  try {
    const grant = acl === undefined ? undefined : TopicRights.read(acl, { clientId, userName });
    return { type: 'allow', validSeconds: validSeconds && Math.max(validSeconds, 0), grant };
  } catch (error) {
    if (error instanceof RangeError) return denied(`the token's '${aclClaim}': ${error.message}`);
    throw error;
  }
}

function denied(reason: string): Denial {
  return { type: 'deny', reasonCode: reasonCodes.notAuthorized, reason };
}

/** For the client and the log; what is in the token is nobody's business. */
function faultOf(error: errors.JOSEError): string {
  if (error instanceof errors.JWTExpired) return 'the token has expired';
  if (error instanceof errors.JWTClaimValidationFailed) {
    const what = error.reason === 'missing' ? 'has no' : 'has not the right';
    return `the token ${what} '${error.claim}'`;
  }
  if (error instanceof errors.JWSSignatureVerificationFailed) {
    return 'the signature of the token is not valid';
  }
  if (error instanceof errors.JOSEAlgNotAllowed) return 'the algorithm of the token is not allowed';
  if (error instanceof errors.JWKSMultipleMatchingKeys) {
    return 'the token must say which key it was signed with (kid)';
  }
  if (error instanceof errors.JWKSNoMatchingKey) return 'the key of the token is not known';
  return 'the token is not valid';
}

/** @returns undefined when it is no token, but a password */
function tokenIn(password: Uint8Array): string | undefined {
  const text = Buffer.from(password.buffer, password.byteOffset, password.length).toString(
    'latin1',
  );
  return /^[\w-]+\.[\w-]+\.[\w-]*$/.test(text) ? text : undefined;
}

async function readSettings(options: PluginOptions): Promise<JwtSettings> {
  const reader = new OptionReader(options);
  const keyFile = reader.text('jwks_file');
  const keyUrl = reader.url('jwks_url');
  const secretFile = reader.text('secret_file');
  const algorithms = reader.list('algorithms');
  const refreshSeconds = reader.number('refresh_seconds', { min: 1, max: 86_400, otherwise: 30 });
  const timeoutSeconds = reader.number('timeout_seconds', { min: 0.1, max: 9, otherwise: 5 });
  const userClaim = reader.text('user_claim') ?? 'sub';
  const settings = {
    audience: reader.list('audience'),
    issuer: reader.list('issuer'),
    userClaim: userClaim === 'none' ? undefined : userClaim,
    aclClaim: reader.text('acl_claim') ?? 'acl',
    toleranceSeconds: reader.number('clock_tolerance', { min: 0, max: 600, otherwise: 5 }),
    requiresExpiry: reader.flag('require_expiry', { otherwise: true }),
  };
  reader.end();
  if ([keyFile, keyUrl, secretFile].filter((source) => source !== undefined).length !== 1) {
    throw new PluginOptionError(
      'one of plugin_opt_jwks_file, plugin_opt_jwks_url and plugin_opt_secret_file must be given',
    );
  }
  const allowed = algorithmsFor(algorithms, secretFile === undefined);
  const refresh = { refreshSeconds, timeoutSeconds };
  if (secretFile !== undefined) {
    return { ...settings, algorithms: allowed, keys: await keysFromSecret(secretFile) };
  }
  const keys = keyUrl ? keysFromUrl(keyUrl, refresh) : await keysFromFile(keyFile!, refresh);
  return { ...settings, algorithms: allowed, keys };
}

/** A public key must never be taken for a secret, nor anything for no signature at all. */
function algorithmsFor(asked: readonly string[] | undefined, isPublic: boolean): readonly string[] {
  const possible = isPublic ? [...signatures, ...curves] : secrets;
  const wrong = asked?.find((algorithm) => !possible.includes(algorithm));
  if (wrong === undefined) return asked ?? possible;
  const those = `with these keys there are ${possible.join(', ')}`;
  throw new PluginOptionError(`plugin_opt_algorithms has '${wrong}': ${those}`);
}
