/** `user`: a broker that root has started goes on as somebody who may do less. */

import { accessSync, constants } from 'node:fs';
import { flushCompileCache } from 'node:module';
import { userInfo } from 'node:os';
import process from 'node:process';
import type { LogLine } from './log-type.ts';
import { lackOf, type Needs } from './needs.ts';
import { StartError } from './start-error.ts';

export interface PrivilegeOptions {
  /** `user`; undefined where it is not configured, empty or `root` to stay root. */
  readonly user: string | undefined;
  /** Without one it is a broker for its own machine, and stays who it is. */
  readonly hasConfigFile: boolean;
  readonly env: Readonly<Record<string, string | undefined>>;
  /** What it must be able to do as the user that nobody has named. */
  readonly needs: Needs;
}

const defaultUser = 'mosquitto';
const lastResort = 'nobody';

/**
 * Becomes the configured user for good, in all threads. As Mosquitto 2 does it: after the
 * configuration is read and before anything else is opened, so that whatever can be opened at the
 * start can be opened again at a reload, and belongs to the user who will use it.
 *
 * Unlike there, a broker whose configuration names no user stays root where the default one could
 * not read or write what the configuration names: it runs, and says what to change.
 *
 * @returns what the log should say, which cannot be open yet
 * @throws StartError
 */
export function dropPrivileges(options: PrivilegeOptions): readonly LogLine[] {
  if (process.geteuid === undefined) return []; // Windows
  const lines = process.geteuid() === 0 ? dropRoot(options) : [];
  return [...lines, ...whoItIs()];
}

function dropRoot({ user, hasConfigFile, env, needs }: PrivilegeOptions): readonly LogLine[] {
  const { PUID: puid, PGID: pgid } = env;
  if (puid !== undefined || pgid !== undefined) {
    const [uid, gid] = [readId('PUID', puid), readId('PGID', pgid)];
    if (uid !== 0) attempt('groups', () => process.setgroups!([]));
    becomeIds(uid, gid);
    return [];
  }
  if (user === undefined && !hasConfigFile) return [];
  const wanted = user ?? defaultUser;
  if (wanted === '' || wanted === 'root') return [];
  const account = find(wanted);
  if (account !== undefined) return becomeWhereNamed(account, user, needs);
  if (wanted !== defaultUser) {
    throw new StartError(
      `Unable to drop privileges to '${wanted}' because this user does not exist. ` +
        "Create it, or name another in 'user'.",
    );
  }
  const nobody = find(lastResort);
  if (nobody === undefined) {
    throw new StartError(
      `Unable to drop privileges to '${lastResort}'. Name a user that exists in 'user'.`,
    );
  }
  const text =
    `Warning: Unable to drop privileges to '${wanted}' because this user does not exist. ` +
    `Trying '${lastResort}' instead.`;
  return [{ type: 'warning', text }, ...becomeWhereNamed(nobody, user, needs)];
}

/** @param user as configured; undefined: the default one is only become if it can do the work */
function becomeWhereNamed(
  account: Account,
  user: string | undefined,
  needs: Needs,
): readonly LogLine[] {
  const lack = user === undefined ? lackOf(account, needs) : undefined;
  if (lack === undefined) {
    become(account);
    return [];
  }
  const text =
    `Warning: Staying root, as '${account.name}' could not ${lack}. ` +
    "Let that user do so, or write 'user root' if it is meant.";
  return [{ type: 'warning', text }];
}

/** An entry of the user database. */
interface Account {
  readonly name: string;
  readonly uid: number;
  readonly gid: number;
}

/**
 * Looks a user up in whatever the system keeps users in. Node tells only of the user that the
 * process is: so for a moment it is that user.
 */
function find(name: string): Account | undefined {
  try {
    process.seteuid!(name);
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ERR_UNKNOWN_CREDENTIAL') return undefined;
    throw cannot('uid', error);
  }
  try {
    const { uid, gid } = userInfo();
    return { name, uid, gid };
  } finally {
    process.seteuid!(0);
  }
}

/** The types of Node leave it out. */
const groups = process as unknown as {
  initgroups(user: string, extraGroup: number): void;
};

function become({ name, uid, gid }: Account): void {
  attempt('groups', () => groups.initgroups(name, gid));
  becomeIds(uid, gid);
}

/** In this order: without being root nobody may change groups. 0 changes nothing. */
function becomeIds(uid: number, gid: number): void {
  // Node keeps what it has compiled for the next start at the end, when it may not any more.
  if (uid !== 0) flushCompileCache();
  if (gid !== 0) attempt('gid', () => process.setgid!(gid));
  if (uid === 0) return;
  attempt('uid', () => process.setuid!(uid));
  assertProgramReadable(uid);
}

function attempt(what: string, act: () => void): void {
  try {
    act();
  } catch (error) {
    throw cannot(what, error);
  }
}

function cannot(what: string, error: unknown): StartError {
  const { code } = error as NodeJS.ErrnoException;
  return new StartError(
    `Error setting ${what} whilst dropping privileges: ${code}. ` +
      "A container may need the capabilities SETUID and SETGID; or write 'user root'.",
  );
}

/** Parts of the program are loaded later, and its threads. */
function assertProgramReadable(uid: number): void {
  try {
    accessSync(import.meta.filename, constants.R_OK);
  } catch {
    throw new StartError(
      `The user of the broker (${uid}) may not read the program itself, ${import.meta.filename}. ` +
        "Install it where everybody can read it, or name another user in 'user'.",
    );
  }
}

const idMax = 2 ** 31 - 1;

/** The variables of containers; 0 where it is not set. */
function readId(name: string, text = '0'): number {
  const id = Number(text);
  if (!/^[0-9]+$/.test(text)) {
    throw new StartError(`${name} not a valid ID '${text}'. Give a number, or leave it unset.`);
  }
  if (id > idMax) throw new StartError(`${name} must not be more than ${idMax}.`);
  return id;
}

function whoItIs(): LogLine[] {
  const uid = process.geteuid!();
  const who = nameOfUser();
  const known = who === undefined ? `user id: ${uid}` : `user: ${who}`;
  const line: LogLine = { type: 'information', text: `Info: running pantala as ${known}.` };
  if (uid !== 0 && process.getegid!() !== 0) return [line];
  const warning = 'Warning: Pantala should not be run as root/administrator.';
  return [line, { type: 'warning', text: warning }];
}

function nameOfUser(): string | undefined {
  try {
    return userInfo().username;
  } catch {
    return undefined; // no entry, as for a PUID
  }
}
