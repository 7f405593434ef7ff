import type { CheckedUser, Verdict } from '../../domain/decision/application-state.ts';
import { isAdoptable } from '../../domain/decision/decide.ts';
import { previewApplication } from '../../domain/decision/decide-application.ts';
import type { Entitlement } from '../../domain/entitlements.ts';
import { takesSlot } from '../../domain/seat/seat.ts';
import { readApplication, type SharedReads } from '../../reconcile/plan/read-application.ts';
import type { Readers } from '../../reconcile/plan/readers.ts';

/** What a sweep of an application would do now. */
export interface Preview {
  entitlement: Entitlement;
  /** Usher's seats that take a slot. */
  inUse: number;
  entitled: number;
  /** Users who would get a seat. */
  grant: string[];
  /** Users who would wait for a slot, or do already. */
  wait: string[];
  /** Of those who would wait, the ones who are not on the waitlist yet. */
  newlyWaiting: number;
  /** Users who would begin to leave, be revoked, or be held. */
  lose: string[];
  /** Of those who would lose their seat, the ones whom the brake would hold. */
  hold: string[];
  /** Entitled users with an assignment that Usher did not make. */
  adoptable: string[];
  /** Entitled users with a confirmed seat that has no subscription of Usher's. */
  unsubscribed: string[];
  /** Assignments that Usher did not make, of entitled users or not. */
  unmanaged: number;
  /** Users about whom nothing is decided, because their status could not be read. */
  unread: readonly string[];
}

/** Reads an application afresh, as a sweep does, and decides the same; changes nothing. */
export async function preview(
  entitlement: Entitlement,
  now: Date,
  readers: Readers,
  shared: SharedReads,
): Promise<Preview> {
  const holdings = await readers.ledger.holdings(entitlement.application);
  const { seats } = holdings;
  const item = { withStatus: false, adopt: true };
  const { users, whole, unread } = await readApplication({ entitlement, seats, item }, now, readers, shared);
  const checked = users.map(
    (user): CheckedUser => ({
      key: entitlement.application,
      trigger: 'manual',
      cause: '',
      askedAt: now.toISOString(),
      adopt: false,
      user,
    }),
  );
  const moment = { readAt: now, execution: '' };
  const { verdicts } = previewApplication(
    { entitlement, users: checked, whole },
    holdings,
    readers.entitlements,
    moment,
  );
  const having = (...wanted: Verdict['do'][]) =>
    [...verdicts].flatMap(([userId, verdict]) => (wanted.includes(verdict.do) ? [userId] : []));
  const waitlisted = new Set(seats.filter(({ status }) => status === 'waitlisted').map(({ userId }) => userId));
  const wait = having('waitlist');
  return {
    entitlement,
    inUse: seats.filter(takesSlot).length,
    entitled: users.filter((user) => user.entitled).length,
    grant: having('grant'),
    wait,
    newlyWaiting: wait.filter((userId) => !waitlisted.has(userId)).length,
    lose: having('revoke', 'hold', 'begin-grace'),
    hold: having('hold'),
    adoptable: users.flatMap((user) =>
      verdicts.get(user.userId)?.do === 'nothing' && isAdoptable(user, { do: 'nothing' }) ? [user.userId] : [],
    ),
    unsubscribed: users.flatMap(({ userId, entitled, seat }) =>
      entitled && seat?.status === 'confirmed' && !seat.subscription ? userId : [],
    ),
    unmanaged: whole.unmanaged,
    unread,
  };
}
