import type { CheckedUser, UserState, Verdict } from '../../domain/decision/application-state.ts';
import { previewApplication } from '../../domain/decision/decide-application.ts';
import type { Hold } from '../../domain/decision/hold.ts';
import { waitlistOf } from '../../domain/decision/waitlist.ts';
import type { Entitlement } from '../../domain/entitlements.ts';
import type { Seat } from '../../domain/seat/seat.ts';
import { EXPECTATION_SECONDS } from '../../domain/shared/limits.ts';
import { plusSeconds } from '../../domain/shared/time.ts';
import { readUser } from '../../reconcile/plan/read-user.ts';
import type { Readers } from '../../reconcile/plan/readers.ts';
import { isReadFailure, type Unread } from '../unread.ts';

/** What one entitlement means for a user. */
export interface EntitlementFinding {
  entitlement: Entitlement;
  user: UserState;
  /** What the next execution does. */
  verdict: Verdict;
  hold: Hold | undefined;
  /** Of a user who waits: the place on the waitlist, from 1, and how many wait. */
  line: { place: number; of: number } | undefined;
}

/** An entitlement about which AWS refuses the reads that a decision needs, and the user's seat in the ledger. */
export interface UncheckedEntitlement {
  entitlement: Entitlement;
  seat: Seat | undefined | 'unread';
}

/** Reads what each entitlement means for a user, and decides as the next execution would. */
export async function findingsOf(
  userId: string,
  now: Date,
  readers: Readers,
  unread: Unread,
): Promise<{ findings: EntitlementFinding[]; unchecked: UncheckedEntitlement[] }> {
  const findings: EntitlementFinding[] = [];
  const unchecked: UncheckedEntitlement[] = [];
  for (const { entitlement, states } of await statesOf(userId, now, readers, unread)) {
    const found = states && (await unread.attempt(() => Promise.all(states.map((one) => decided(one, now, readers)))));
    if (found) findings.push(...found.value);
    else {
      const key = { applicationArn: entitlement.application, userId };
      const seats = await unread.attempt(() => readers.ledger.seats([key]));
      unchecked.push({ entitlement, seat: seats ? seats.value[0] : 'unread' });
    }
  }
  return { findings, unchecked };
}

type ReadState = Pick<EntitlementFinding, 'entitlement' | 'user'>;

/** The entitlements, each with the user's state where it concerns the user; without states if a read was refused. */
async function statesOf(
  userId: string,
  now: Date,
  readers: Readers,
  unread: Unread,
): Promise<{ entitlement: Entitlement; states: ReadState[] | undefined }[]> {
  const { entitlements } = readers.entitlements;
  try {
    const read = await readStates(userId, now, readers);
    return entitlements.map((entitlement) => ({
      entitlement,
      states: read.filter((one) => one.entitlement === entitlement),
    }));
  } catch (error) {
    if (!isReadFailure(error)) throw error;
    // A read about one entitlement must not hide the others: each is read alone.
  }
  const all: { entitlement: Entitlement; states: ReadState[] | undefined }[] = [];
  for (const entitlement of entitlements) {
    const alone = { ...readers, entitlements: { ...readers.entitlements, entitlements: [entitlement] } };
    const states = await unread.attempt(() => readStates(userId, now, alone));
    all.push({ entitlement, states: states?.value });
  }
  return all;
}

async function readStates(userId: string, now: Date, readers: Readers): Promise<ReadState[]> {
  // As a manual start for this user would read them: all entitlements, and the user's status.
  // No event has announced anything that a read could still have to show.
  const question = { at: plusSeconds(now, -EXPECTATION_SECONDS), expected: [] };
  const { applications, unread } = await readUser(userId, question, now, readers);
  const [failed] = unread;
  if (failed) throw failed;
  const concerned = new Set(applications.map(({ entitlement }) => entitlement.name));
  const others = readers.entitlements.entitlements.filter(({ name }) => !concerned.has(name));
  // An execution does not check a user who is neither a member nor has a seat; an operator asks for them nevertheless.
  for (const entitlement of others) {
    if (!(await readers.applications.isAssigned(entitlement.application, userId))) continue;
    const user = { userId, entitled: false, ineligibility: 'group-leave', assigned: true, seat: undefined } as const;
    applications.push({ entitlement, user });
  }
  return applications;
}

async function decided({ entitlement, user }: ReadState, now: Date, readers: Readers): Promise<EntitlementFinding> {
  const { userId } = user;
  const holdings = await readers.ledger.holdings(entitlement.application);
  const checked: CheckedUser = {
    key: userId,
    trigger: 'event',
    cause: '',
    askedAt: now.toISOString(),
    adopt: false,
    user,
  };
  const moment = { readAt: now, execution: '' };
  const { verdicts } = previewApplication({ entitlement, users: [checked] }, holdings, readers.entitlements, moment);
  const waiting = waitlistOf(holdings.seats);
  const place = waiting.findIndex((seat) => seat.userId === userId) + 1;
  return {
    entitlement,
    user,
    verdict: verdicts.get(userId) ?? { do: 'nothing' },
    hold: holdings.hold,
    line: place > 0 ? { place, of: waiting.length } : undefined,
  };
}
