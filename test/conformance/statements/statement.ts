/** What a normative statement is here: whom it binds, and what it asks for. */

/** Who has to obey; `both` when each side sends or checks what the statement is about. */
export type Bound = 'server' | 'client' | 'both';

/** Parts of Pantala that are not built yet; a statement about one is not served yet. */
export type Later = 'bridges' | 'client library';

interface Exception {
  /** Why the statement asks nothing of what we build. */
  readonly notApplicable?: string;
  /** The part that will obey it. A test that names the statement counts all the same. */
  readonly later?: Later;
}

export interface Statement extends Exception {
  readonly binds: Bound;
  /** Our own short wording, never the specification's sentence. */
  readonly says: string;
}

/** Statements by id without prefix (`3.3.1-6`), in the order of the specification. */
export type Statements = Readonly<Record<string, Statement>>;

export function server(says: string, exception: Exception = {}): Statement {
  return { binds: 'server', says, ...exception };
}

export function client(says: string, exception: Exception = {}): Statement {
  return { binds: 'client', says, ...exception };
}

export function both(says: string, exception: Exception = {}): Statement {
  return { binds: 'both', says, ...exception };
}
