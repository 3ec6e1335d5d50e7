/** Asks a service over HTTP who may come in, and who may do what. */

import { readFile } from 'node:fs/promises';
import { reasonCodes } from '../packet/reason-codes.ts';
import { AnswerCache } from './answer-cache.ts';
import { readText } from './bounded-text.ts';
import { Complaint, causeOf } from './complaint.ts';
import type {
  Allowance,
  AuthenticateRequest,
  AuthorizeRequest,
  Client,
  Decision,
  Denial,
  Hooks,
} from './hooks.ts';
import { Lanes } from './lanes.ts';
import type { PluginBroker } from './plugin-broker.ts';
import { PluginOptionError } from './plugin-load-error.ts';
import { OptionReader, type PluginOptions } from './plugin-options.ts';
import { TopicRights } from './topic-rights.ts';

const answerBytesMax = 64 * 1024;
const waitingMax = 10_000;

interface HttpSettings {
  readonly authUrl: URL | undefined;
  readonly aclUrl: URL | undefined;
  readonly timeoutSeconds: number;
  readonly cacheSeconds: number;
  readonly cacheEntriesMax: number;
  readonly concurrency: number;
  readonly authorizationFile: string | undefined;
}

/** What the service has said since the last reload, and will say. */
interface Known {
  readonly answers: AnswerCache<Decision>;
  /** Questions that are under way, so that nobody asks the same twice at a time. */
  readonly asking: Map<string, Promise<Decision>>;
}

function nothingKnown({ cacheSeconds, cacheEntriesMax }: HttpSettings): Known {
  return { answers: new AnswerCache(cacheSeconds, cacheEntriesMax), asking: new Map() };
}

/** What the service says: in JSON, or by its status alone. */
interface ServiceAnswer {
  readonly result: 'allow' | 'deny' | 'defer';
  readonly reason?: string | undefined;
  readonly validSeconds?: number | undefined;
  readonly acl?: unknown;
}

/** The options, the questions and the answers are in docs/plugins.md. */
export async function createHooks(options: PluginOptions, broker: PluginBroker): Promise<Hooks> {
  const settings = readSettings(options);
  const service = new Service(settings, broker);
  await service.reload();
  const { authUrl, aclUrl } = settings;
  return {
    ...(authUrl && { authenticate: (request) => service.authenticate(authUrl, request) }),
    authorize: (request) => service.authorize(aclUrl, request),
    reload: () => service.reload(),
  };
}

class Service {
  readonly #settings: HttpSettings;
  readonly #lanes: Lanes;
  #known: Known;
  readonly #complaint: Complaint;
  #headers: Readonly<Record<string, string>> = {};

  constructor(settings: HttpSettings, broker: PluginBroker) {
    this.#settings = settings;
    this.#lanes = new Lanes(settings.concurrency, waitingMax);
    this.#known = nothingKnown(settings);
    this.#complaint = new Complaint(broker.log);
  }

  async reload(): Promise<void> {
    const { authorizationFile: file } = this.#settings;
    try {
      this.#headers = file === undefined ? {} : { authorization: await readSecretLine(file) };
    } finally {
      // Also what is under way: it answers those who have asked, and is not remembered.
      this.#known = nothingKnown(this.#settings);
    }
  }

  async authenticate(url: URL, request: AuthenticateRequest): Promise<Decision | Allowance> {
    const { clientId, userName, password, isVouchedFor } = request;
    if (isVouchedFor && password === undefined) return 'defer';
    const answer = await this.#ask(url, { ...descriptionOf(request), ...passwordIn(password) });
    if (answer === undefined) return unavailable;
    const { result, reason, validSeconds, acl } = answer;
    if (result === 'deny') return { type: 'deny', reason };
    if (result === 'defer') return 'defer';
    const grant = acl === undefined ? undefined : TopicRights.read(acl, { clientId, userName });
    return { type: 'allow', validSeconds, grant };
  }

  /** Rights that came with the answer to CONNECT decide; else the service does, if it is to. */
  authorize(url: URL | undefined, request: AuthorizeRequest): Decision | Promise<Decision> {
    const { client, access, topic } = request;
    if (client.grant instanceof TopicRights) return client.grant.decide({ access, topic });
    // Who may subscribe may receive: nobody can wait for an answer here.
    if (url === undefined || request.access === 'receive') return 'defer';
    const question = {
      ...descriptionOf(client),
      access,
      topic,
      qos: request.qos,
      ...(request.access === 'publish' && { retain: request.retain }),
    };
    const key = JSON.stringify(question);
    const { answers, asking } = this.#known;
    return answers.get(key) ?? asking.get(key) ?? this.#authorize(url, question, key);
  }

  #authorize(url: URL, question: object, key: string): Promise<Decision> {
    const { answers, asking } = this.#known;
    const answer = this.#ask(url, question)
      .then((said): Decision => {
        if (said === undefined) return failed;
        const { result, reason } = said;
        const decision: Decision = result === 'deny' ? { type: 'deny', reason } : result;
        answers.set(key, decision);
        return decision;
      })
      .finally(() => asking.delete(key));
    asking.set(key, answer);
    return answer;
  }

  /** @returns undefined when there is no answer that could be understood */
  async #ask(url: URL, question: object): Promise<ServiceAnswer | undefined> {
    try {
      return await this.#lanes.run(async () => {
        const response = await fetch(url, {
          method: 'POST',
          headers: { ...this.#headers, 'content-type': 'application/json' },
          body: JSON.stringify(question),
          redirect: 'error',
          signal: AbortSignal.timeout(this.#settings.timeoutSeconds * 1000),
        });
        return answerFrom(response.status, await readText(response, answerBytesMax));
      });
    } catch (error) {
      this.#complaint.tell(`${url.origin}${url.pathname} gave no answer: ${causeOf(error)}`);
      return undefined;
    }
  }
}

const unavailable: Denial = {
  type: 'deny',
  reasonCode: reasonCodes.serverUnavailable,
  reason: 'who may come in cannot be asked now',
};

const failed: Denial = {
  type: 'deny',
  reasonCode: reasonCodes.implementationSpecificError,
  reason: 'who may do this cannot be asked now',
};

/** @throws Error for an answer that says neither yes nor no */
function answerFrom(status: number, text: string): ServiceAnswer {
  if (status === 401 || status === 403) return { result: 'deny' };
  if (status < 200 || status > 299) throw new Error(`status ${status}`);
  if (text.trim() === '') return { result: 'allow' };
  const answer = Object(JSON.parse(text)) as Partial<ServiceAnswer>;
  const { result, reason, validSeconds, acl } = answer;
  if (result !== 'allow' && result !== 'deny' && result !== 'defer') {
    throw new Error('the answer has no "result" of "allow", "deny" or "defer"');
  }
  if (validSeconds !== undefined && !(typeof validSeconds === 'number' && validSeconds >= 0)) {
    throw new Error('"validSeconds" is no number of 0 or more');
  }
  return { result, reason: typeof reason === 'string' ? reason : undefined, validSeconds, acl };
}

function descriptionOf({ clientId, userName, peer, credentials }: Client): object {
  return {
    clientId,
    userName,
    peer,
    ...(credentials && { identity: credentials.identity, subject: credentials.subject }),
  };
}

function passwordIn(password: Uint8Array | undefined): object {
  if (password === undefined) return {};
  const bytes = Buffer.from(password.buffer, password.byteOffset, password.length);
  const text = bytes.toString('utf8');
  const isText = Buffer.from(text, 'utf8').equals(bytes);
  return isText ? { password: text } : { passwordBase64: bytes.toString('base64') };
}

function readSettings(options: PluginOptions): HttpSettings {
  const reader = new OptionReader(options);
  const settings = {
    authUrl: reader.url('auth_url'),
    aclUrl: reader.url('acl_url'),
    timeoutSeconds: reader.number('timeout_seconds', { min: 0.05, max: 9, otherwise: 5 }),
    cacheSeconds: reader.number('cache_seconds', { min: 0, max: 86_400, otherwise: 30 }),
    cacheEntriesMax: reader.number('cache_entries', { min: 1, max: 1e7, otherwise: 10_000 }),
    concurrency: reader.number('concurrency', { min: 1, max: 1000, otherwise: 64 }),
    authorizationFile: reader.text('authorization_file'),
  };
  reader.end();
  if (settings.authUrl !== undefined || settings.aclUrl !== undefined) return settings;
  throw new PluginOptionError('plugin_opt_auth_url or plugin_opt_acl_url must be given');
}

async function readSecretLine(path: string): Promise<string> {
  const text = await readFile(path, 'utf8').catch((error: NodeJS.ErrnoException) => {
    throw new PluginOptionError(
      `plugin_opt_authorization_file '${path}' cannot be read (${error.code})`,
    );
  });
  const line = text.trim();
  if (line !== '' && !/[\r\n]/.test(line)) return line;
  throw new PluginOptionError(
    `plugin_opt_authorization_file '${path}' must have one line: what the header is to say`,
  );
}
