/** The gatekeeper of a listener: who may come in by password, and what he may do by the ACL. */

import { createHash, randomBytes } from 'node:crypto';
import type {
  Access,
  Admission,
  Answer,
  ClientIdentity,
  Gatekeeper,
  Verdict,
} from '../broker/ports.ts';
import { type ReasonCode, reasonCodes } from '../packet/reason-codes.ts';
import type { Acl } from './acl-file.ts';
import type { PasswordChecks, PasswordOutcome } from './password-checks.ts';
import type { PasswordFile } from './password-file.ts';
import { decoyOf, type PasswordHash, passwordHashText } from './password-hash.ts';
import { sourceOf } from './source-address.ts';

/** What a listener lets in, and what for. */
export interface AccountRules {
  /** Clients without a user name; without `passwords`, those with one as well. */
  readonly anonymousAllowed: boolean;
  /** Absent: nobody has a password. */
  readonly passwords?: PasswordFile | undefined;
  /** Absent: everybody may do everything. */
  readonly acl?: Acl | undefined;
}

/**
 * Mosquitto's `allow_anonymous`, `password_file` and `acl_file` of one listener. As there:
 * - a client without a user name is let in where `allow_anonymous` says so, password file or not;
 * - one with a user name needs the password of the file; where there is no file, its name counts
 *   for nothing, and `allow_anonymous` decides about it too;
 * - whoever is refused gets "not authorized", in MQTT 5.0 as 0x87 and before as 5, whether the user
 *   or the password was wrong.
 *
 * A wrong name takes as long as a wrong password.
 */
export class Accounts implements Gatekeeper {
  readonly #checks: PasswordChecks;
  #rules: AccountRules;
  #decoys: Decoys;

  constructor(rules: AccountRules, checks: PasswordChecks) {
    this.#checks = checks;
    this.#rules = rules;
    this.#decoys = new Decoys(rules.passwords);
  }

  /** From now on these count, for those as well who are in: see `stillAdmits`. */
  replace(rules: AccountRules): void {
    this.#rules = rules;
    this.#decoys = new Decoys(rules.passwords);
  }

  admit(request: Admission, answer: Answer): void {
    const { userName, password, peer } = request;
    const hash = needsPassword(request, this.#rules) ? this.#hashFor(userName!) : undefined;
    if (hash === undefined) {
      // A port never answers before it returns.
      queueMicrotask(() => answer(verdictWithoutPassword(request, this.#rules)));
      return;
    }
    const question = {
      source: sourceOf(peer),
      userName: userName!,
      hash,
      password: given(password),
    };
    this.#checks.check(question, (outcome) => {
      answer(this.#verdict(outcome, userName!, hash));
    });
  }

  reauthenticate(request: Admission, answer: Answer): void {
    this.admit(request, answer);
  }

  /**
   * Whether a client that is in would be let in again after `replace`. Its password is not known
   * any more: it is right as long as the file has what it was once right for. So who was let in by
   * name alone has to come again where there are passwords now.
   */
  stillAdmits({ userName, account }: ClientIdentity): boolean {
    const { anonymousAllowed, passwords } = this.#rules;
    if (account === vouchedFor) return true;
    if (userName === undefined || passwords === undefined) return anonymousAllowed;
    return account instanceof PasswordAccount && account.isOf(passwords.users.get(userName));
  }

  mayPublish(client: ClientIdentity, topic: string): ReasonCode {
    const { acl } = this.#rules;
    if (acl === undefined || acl.allows(client, 'write', topic)) return reasonCodes.success;
    return reasonCodes.notAuthorized;
  }

  /** What a subscription gets is decided message by message; one that could get none is refused. */
  maySubscribe(client: ClientIdentity, filter: string): ReasonCode {
    const { acl } = this.#rules;
    if (acl === undefined || acl.allowsSubscription(client, filter)) return reasonCodes.success;
    return reasonCodes.notAuthorized;
  }

  mayReceive(client: ClientIdentity, topic: string): boolean {
    const { acl } = this.#rules;
    return acl === undefined || acl.allows(client, 'read', topic);
  }

  ruleFor(client: ClientIdentity, access: Access, topic: string): string | undefined {
    if (access === 'subscribe') return this.#rules.acl?.explainSubscription(client, topic);
    return this.#rules.acl?.explain(client, access === 'publish' ? 'write' : 'read', topic);
  }

  /** What the password is checked against; undefined where no user has one. */
  #hashFor(userName: string): PasswordHash | undefined {
    return this.#rules.passwords?.users.get(userName) ?? this.#decoys.hashFor(userName);
  }

  #verdict(outcome: PasswordOutcome, userName: string, hash: PasswordHash): Verdict {
    switch (outcome) {
      case 'right': {
        const account = new PasswordAccount(hash);
        // The file may have been replaced meanwhile.
        const isAdmitted = account.isOf(this.#rules.passwords?.users.get(userName));
        return isAdmitted ? { type: 'accept', account } : notKnown;
      }
      case 'wrong':
        return notKnown;
      case 'busy':
        return refusal(reasonCodes.serverBusy, 'too many clients log in at the moment');
      case 'failed':
        return refusal(reasonCodes.serverUnavailable, 'the password could not be checked');
      default:
        return outcome satisfies never;
    }
  }
}

/** A client that a password let in. */
class PasswordAccount {
  readonly #hash: PasswordHash;

  constructor(hash: PasswordHash) {
    this.#hash = hash;
  }

  /** Whether `hash` is the one that it came in by, perhaps read again. */
  isOf(hash: PasswordHash | undefined): boolean {
    if (hash === undefined || hash === this.#hash) return hash !== undefined;
    return passwordHashText(hash) === passwordHashText(this.#hash);
  }
}

/** The account of everybody whom the transport has vouched for. */
const vouchedFor = Object.freeze({});

const notKnown = refusal(reasonCodes.notAuthorized, 'user name or password is wrong');

/** An empty password is none, whatever the file has: Mosquitto lets nobody in by one. */
function given(password: Uint8Array | undefined): Uint8Array | undefined {
  return password?.length === 0 ? undefined : password;
}

function needsPassword(request: Admission, { passwords }: AccountRules): boolean {
  const { authenticationMethod, isVouchedFor, userName } = request;
  if (authenticationMethod !== undefined || isVouchedFor) return false;
  return userName !== undefined && passwords !== undefined;
}

function verdictWithoutPassword(request: Admission, rules: AccountRules): Verdict {
  const { authenticationMethod, isVouchedFor, userName } = request;
  if (authenticationMethod !== undefined) {
    const reason = `authentication method '${authenticationMethod}' is not known here`;
    return refusal(reasonCodes.badAuthenticationMethod, reason);
  }
  if (isVouchedFor) return { type: 'accept', account: vouchedFor };
  // A password file without users.
  if (userName !== undefined && rules.passwords !== undefined) return notKnown;
  if (rules.anonymousAllowed) return { type: 'accept' };
  const reason =
    rules.passwords === undefined
      ? 'anonymous clients are not allowed here, and no passwords are known'
      : 'anonymous clients are not allowed here: give a user name and a password';
  return refusal(reasonCodes.notAuthorized, reason);
}

function refusal(reasonCode: ReasonCode, reason: string): Verdict {
  return { type: 'refuse', reasonCode, reason };
}

/**
 * Hashes for names that nobody has. Each is like that of some user, and the same name gets one like
 * the same user's each time: so the time that it takes tells nobody which names there are.
 */
class Decoys {
  readonly #hashes: readonly PasswordHash[];
  readonly #secret = randomBytes(16);

  constructor(passwords: PasswordFile | undefined) {
    this.#hashes = [...(passwords?.users.values() ?? [])];
  }

  hashFor(userName: string): PasswordHash | undefined {
    if (this.#hashes.length === 0) return undefined;
    const digest = createHash('sha256').update(this.#secret).update(userName).digest();
    return decoyOf(this.#hashes[digest.readUInt32BE(0) % this.#hashes.length]);
  }
}
