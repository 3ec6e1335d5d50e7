/** Shared groups when a broker begins anew: the store says who has which of their messages. */

import { BrokenPromise } from './broken-promise.ts';
import type { StoredDelivery } from './disk-contents.ts';
import { Copy } from './publication.ts';
import type { Recovery } from './recovery.ts';
import { type Dispatch, ReferenceGroup } from './reference-group.ts';
import type { ReferenceSession } from './reference-session.ts';

/** What is known of one group, however often it has begun anew since the broker did. */
interface Before {
  readonly groups: ReferenceGroup[];
  /** Not found on the disk yet. */
  readonly dispatches: Dispatch[];
  readonly found: Dispatch[];
  /** Sessions that have something of it. */
  readonly holders: Set<ReferenceSession>;
}

export class RecoveredGroups {
  readonly #byName = new Map<string, Before>();

  constructor(groups: readonly ReferenceGroup[]) {
    for (const group of groups) {
      const before = this.#byName.get(group.name);
      if (before === undefined) {
        const nothing = { found: [], holders: new Set<ReferenceSession>() };
        const dispatches = [...group.everyDispatch];
        this.#byName.set(group.name, { groups: [group], dispatches, ...nothing });
      } else {
        before.groups.push(group);
        before.dispatches.push(...group.everyDispatch);
      }
    }
  }

  /**
   * A member has one of its messages.
   *
   * @param copy the member's, where it was sent
   * @returns the copy, undefined when it waits and so may go to another member
   */
  take(
    session: ReferenceSession,
    delivery: StoredDelivery,
    copy: Copy | undefined,
  ): Copy | undefined {
    const { state, share, label } = delivery;
    const before = this.#byName.get(share!);
    const dispatch = before && takeFrom(before.dispatches, label, copy);
    if (dispatch === undefined) {
      const message = `${label} of ${share} is on the disk, and was never given to it`;
      throw new BrokenPromise('durable', session.clientId, message);
    }
    before!.holders.add(session);
    const { publication } = dispatch;
    const sent =
      state === 'waiting'
        ? undefined
        : (copy ?? new Copy(publication, delivery, { lane: undefined, hasTwin: true }));
    before!.found.push(again(dispatch, sent, sent && session));
    return sent;
  }

  /** What sessions have left that have ended goes to others, if there are any. */
  takeRemains(deliveries: readonly StoredDelivery[]): void {
    for (const { share, label, qos, state } of deliveries) {
      if (share === undefined || (qos === 2 && state !== 'waiting')) continue;
      const before = this.#byName.get(share);
      const dispatch = before && takeFrom(before.dispatches, label, undefined);
      if (dispatch !== undefined) before!.found.push(again(dispatch, undefined, undefined));
    }
  }

  /** @throws BrokenPromise when a message is missing that was acknowledged */
  finish({ isExact, now }: Recovery): void {
    for (const { groups, dispatches } of this.#byName.values()) {
      for (const dispatch of dispatches) {
        const { publication, copy, isOver, mayBeLost } = dispatch;
        const isSafe = isExact ? !publication.isDoubtful : publication.isAcknowledged;
        if (isOver || copy !== undefined || mayBeLost || !isSafe) continue;
        if (publication.qos === 0 || publication.expiresAt <= now) continue;
        if (groups.some((group) => group.mayForget(publication.topic))) continue;
        const message = `${publication.label} of ${groups[0].name} is with none of its members`;
        throw new BrokenPromise('durable', undefined, message);
      }
    }
  }

  /** @returns all groups, those without members too */
  giveTo(groups: ReadonlyMap<string, ReferenceGroup>): ReferenceGroup[] {
    return [...this.#byName].map(([name, before]) => {
      const group = groups.get(name) ?? new ReferenceGroup(name, before.groups[0].levels);
      for (const old of before.groups) group.inherit(old);
      for (const dispatch of before.found) group.goOn(dispatch);
      for (const session of before.holders) session.groups.add(group);
      return group;
    });
  }
}

/** The one with that copy; else one that nobody has been sent. */
function takeFrom(
  dispatches: Dispatch[],
  label: string,
  copy: Copy | undefined,
): Dispatch | undefined {
  const like = dispatches.filter(({ publication }) => publication.label === label);
  const found =
    like.find((each) => copy !== undefined && each.copy === copy) ??
    like.find((each) => each.copy === undefined && !each.isOver) ??
    like.find((each) => !each.isOver) ??
    like[0];
  if (found !== undefined) dispatches.splice(dispatches.indexOf(found), 1);
  return found;
}

function again(
  { publication }: Dispatch,
  copy: Copy | undefined,
  holder: ReferenceSession | undefined,
): Dispatch {
  const circumstances = { isUnordered: true, hasTwin: true, mayBeLost: false, isOver: false };
  return { publication, copy, holder, ...circumstances };
}
