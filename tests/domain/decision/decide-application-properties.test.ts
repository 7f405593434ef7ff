import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import type {
  ApplicationDecision,
  CheckedUser,
  Eligibility,
  Evidence,
} from '../../../domain/decision/application-state.ts';
import { countSeats } from '../../../domain/decision/brake.ts';
import { type DecidedUser, decideUser } from '../../../domain/decision/decide.ts';
import { HoldSchema } from '../../../domain/decision/hold.ts';
import { waitForWriteToSettle } from '../../../domain/decision/timing.ts';
import { type Seat, SeatSchema, type SeatStatus, takesSlot } from '../../../domain/seat/seat.ts';
import { MOMENT } from '../../support/application-states.ts';
import { APPLICATION, user as aUserId } from '../../support/ids.ts';
import { applications, decideWith, MOST_USERS, type RandomCase, REFUSAL } from '../../support/random-states.ts';

const RUNS = { numRuns: 400 };

/** How a seat may be written of a user who is entitled, and of one who is not. */
const KEPT = ['confirmed', 'assigned', 'creating', 'waitlisted', 'revoked'];
const ENDED = ['leaving', 'held', 'revoking', 'revoked'];

/** Whatever state an application is in, and whatever the further reads show. */
function always(property: (one: RandomCase) => void): void {
  fc.assert(fc.property(applications, property), RUNS);
}

/** Seats by user id; of two for one user, the later. */
function byUser(...seats: (readonly Seat[])[]): Map<string, Seat> {
  return new Map(seats.flat().map((seat) => [seat.userId, seat]));
}

/** What each user alone would get. */
function eachAlone({ state }: RandomCase): DecidedUser[] {
  return state.users.map((checked) => decideUser(checked, state.entitlement.onLeave.revokeAfterDays, MOMENT));
}

function usersWith({ changes }: ApplicationDecision, kind: string): string[] {
  return changes.flatMap((change) => (change.kind === kind ? [change.userId] : []));
}

describe('a decision about any application', () => {
  it('takes no more slots than the cap allows or were taken before', () => {
    always((one) => {
      const { decision } = decideWith(one);
      const before = byUser(one.answers.holdings.seats);
      const after = byUser(one.answers.holdings.seats, decision.seats);
      const taken = new Set([...after.values()].filter(takesSlot).map(({ userId }) => userId));
      for (const userId of usersWith(decision, 'grant')) taken.add(userId);
      const slots = [...before.values()].filter(takesSlot).length;
      expect(taken.size).toBeLessThanOrEqual(Math.max(one.state.entitlement.seats.max, slots));
    });
  });

  it('revokes no user without a seat whose assignment may exist', () => {
    always((one) => {
      const { decision } = decideWith(one);
      const seats = byUser(one.answers.holdings.seats, decision.seats);
      for (const userId of usersWith(decision, 'revoke')) {
        const seat = seats.get(userId);
        expect(seat && takesSlot(seat)).toBe(true);
      }
    });
  });

  it('revokes or grants only users whom it has checked, each once', () => {
    always((one) => {
      const { decision } = decideWith(one);
      const userIds = decision.changes.map(({ userId }) => userId);
      expect(new Set(userIds).size).toBe(userIds.length);
      const checked = new Set(one.state.users.map(({ user }) => user.userId));
      expect(userIds.filter((userId) => !checked.has(userId))).toEqual([]);
    });
  });

  it('changes nothing for a user whose reads contradict each other', () => {
    always((one) => {
      const { decision } = decideWith(one);
      for (const { user } of one.state.users) {
        if (user.entitled || user.ineligibility) continue;
        expect(decision.seats.map(({ userId }) => userId)).not.toContain(user.userId);
        expect(decision.verdicts.get(user.userId)).toEqual({ do: 'nothing' });
      }
    });
  });

  it('makes all new revocations, and only within the budget, or none; a release lifts the budget', () => {
    always((one) => {
      const { state, answers, limits } = one;
      const { hold } = answers.holdings;
      if (hold?.status === 'held' && hold.released !== undefined) return;
      const { decision, evidence } = decideWith(one);
      const alone = eachAlone(one);
      const wanted = alone.filter(
        ({ seat, decision: { do: what } }) => what === 'revoke' && seat?.status !== 'revoking',
      );
      const revoked = new Set(usersWith(decision, 'revoke'));
      const made = wanted.filter(({ checked }) => revoked.has(checked.user.userId)).length;
      if (made === 0) return;
      expect(made).toBe(wanted.length);
      const counts = countSeats(
        byUser(
          answers.holdings.seats,
          alone.flatMap(({ seat }) => seat ?? []),
        ).values(),
        MOMENT.readAt,
      );
      const budget = Math.max(limits.brake.atLeast, Math.floor((limits.brake.percent * counts.atWindowStart) / 100));
      expect(counts.revokedInWindow + made).toBeLessThanOrEqual(budget);
      expect(decision.held).toBe(0);
      if (counts.inUse > 1) {
        expect(state.whole ? state.whole.emptyGroup : evidence.remaining !== 'some').toBe(false);
        expect(state.whole?.nobodyEntitled ?? false).toBe(false);
      }
    });
  });

  it('writes valid seats, each once, and a valid hold, with the stored revision plus one', () => {
    always((one) => {
      const { seats, hold } = decideWith(one).decision;
      const stored = byUser(one.answers.holdings.seats);
      expect(byUser(seats).size).toBe(seats.length);
      for (const seat of seats) {
        expect(SeatSchema.parse(seat)).toEqual(seat);
        expect(seat.revision).toBe((stored.get(seat.userId)?.revision ?? 0) + 1);
      }
      if (!hold) return;
      expect(HoldSchema.parse(hold)).toEqual(hold);
      expect(hold.revision).toBe((one.answers.holdings.hold?.revision ?? 0) + 1);
    });
  });

  it('is the same for the same state, and needs three rounds of reads at most', () => {
    always((one) => {
      const first = decideWith(one);
      expect(decideWith(one)).toEqual(first);
      expect(first.rounds).toBeLessThanOrEqual(3);
    });
  });

  it('writes nothing if it is made again after its commit, unless a user has joined the waitlist or was adopted', () => {
    always(({ state, answers, limits }) => {
      const users = state.users.map((checked): CheckedUser => {
        const { entitled, ineligibility = 'group-leave', ...user } = checked.user;
        return { ...checked, adopt: false, user: { ...user, entitled, ...(entitled ? {} : { ineligibility }) } };
      });
      const assigned = new Map(users.map(({ user }) => [user.userId, user.assigned]));
      const { decision } = decideWith({ state: { ...state, users }, answers: { ...answers, assigned }, limits });
      // Both change the number of seats by which the brake decides.
      if (decision.seats.some(({ status }) => status === 'waitlisted')) return;
      const seats = byUser(answers.holdings.seats, decision.seats);
      const holdings = { seats: [...seats.values()], hold: decision.hold ?? answers.holdings.hold };
      const committed = users.map((checked) => {
        const { user } = checked;
        return { ...checked, user: { ...user, seat: seats.get(user.userId) } };
      });
      const again = decideWith({
        state: { ...state, users: committed },
        answers: { ...answers, assigned, holdings },
        limits,
      }).decision;
      expect([again.seats, again.hold]).toEqual([[], undefined]);
    });
  });

  it('has a verdict about each user whom it has checked, and about no other', () => {
    always((one) => {
      const { verdicts } = decideWith(one).decision;
      expect([...verdicts.keys()]).toEqual(one.state.users.map(({ user }) => user.userId));
    });
  });

  it('turns no seat of a sweep against what a read of its user shows', () => {
    let contradicted = 0;
    const shown = fc.constantFrom<Eligibility>({ entitled: true }, { entitled: false, ineligibility: 'group-leave' });
    const answers = fc.array(shown, { minLength: MOST_USERS, maxLength: MOST_USERS });
    fc.assert(
      fc.property(applications, answers, (one, reads) => {
        const known = reads.map((read, index) => [aUserId(index + 1), read] as const);
        const { decision, evidence } = decideWith({ ...one, answers: { ...one.answers, eligibility: new Map(known) } });
        if (!one.state.whole) return;
        contradicted += evidence.eligibility?.size ?? 0;
        expect(turnedAgainst(evidence.eligibility ?? new Map(), decision, one)).toEqual([]);
      }),
      { numRuns: 2000 },
    );
    expect(contradicted).toBeGreaterThan(0);
  });

  it.each<[keyof Evidence, (alone: DecidedUser) => boolean]>([
    ['settings', wantsChangeOrFreesSlot],
    ['holdings', wantsChangeOrFreesSlot],
    ['remaining', ({ decision, seat }) => decision.do === 'revoke' && seat?.status !== 'revoking'],
    ['assigned', ({ decision, seat }) => decision.do === 'grant' && seat !== undefined && takesSlot(seat)],
  ])('fails for a refused read only if a change needs it, and makes none of these: %s', (read, needsIt) => {
    let failed = 0;
    always((one) => {
      const { assigned } = one.answers;
      const refused = read === 'assigned' ? new Map([...assigned.keys()].map((userId) => [userId, REFUSAL])) : REFUSAL;
      const answers = { ...one.answers, [read]: refused };
      const { decision } = decideWith({ ...one, answers });
      const failures = decision.failures.filter(({ error }) => error === REFUSAL);
      failed += failures.length;
      const needing = eachAlone(one).filter(needsIt);
      const needed = needing.length > 0 || (one.state.whole && (read === 'settings' || read === 'holdings'));
      const keys = new Set(
        read === 'assigned' ? needing.map(({ checked }) => checked.user.userId) : needed ? [APPLICATION] : [],
      );
      expect(failures.filter(({ key }) => !keys.has(key))).toEqual([]);
      expect(failures.every(({ seat }) => seat === undefined)).toBe(true);
      const failing = new Set(
        read === 'assigned'
          ? failures.map(({ key }) => key)
          : failures.flatMap(() => needing.map(({ checked }) => checked.user.userId)),
      );
      expect(decision.changes.filter(({ kind, userId }) => kind !== 'record' && failing.has(userId))).toEqual([]);
    });
    expect(failed).toBeGreaterThan(0);
  });
});

/** The users whose seats a decision turns otherwise than these reads allow, or without having asked for them. */
function turnedAgainst(
  read: ReadonlyMap<string, Eligibility>,
  decision: ApplicationDecision,
  { state, answers }: RandomCase,
): string[] {
  const before = byUser(answers.holdings.seats);
  const after = byUser(decision.seats);
  return state.users.flatMap(({ user: { userId, entitled: isListed, assigned } }) => {
    const [was, is] = [before.get(userId)?.status, after.get(userId)?.status];
    const change = decision.changes.find((one) => one.userId === userId && one.kind !== 'record')?.kind;
    const answer = read.get(userId);
    const told = `${was} ${is ?? ''} ${change ?? ''}, listed ${isListed} ${assigned}: ${JSON.stringify(answer)}`;
    if (answer === undefined) return change === undefined && isTurn(was, is, isListed) ? [told] : [];
    const isTurned = is !== undefined && is !== was && !(answer.entitled ? KEPT : ENDED).includes(is);
    const isMade = change !== undefined && (change === 'grant') !== answer.entitled;
    return isTurned || isMade ? [told] : [];
  });
}

/** Whether a seat turns for what the groups say. An assignment of an administrator, or a grant that reads show now, is no such turn. */
function isTurn(was: SeatStatus | undefined, is: SeatStatus | undefined, isEntitled: boolean): boolean {
  if (is === undefined || is === was) return false;
  if (isEntitled && is === 'revoked') return was !== 'waitlisted' && was !== 'failed';
  return !(isEntitled && (was === 'creating' || was === 'assigned') && (is === 'assigned' || is === 'confirmed'));
}

function wantsChangeOrFreesSlot({ decision, seat }: DecidedUser): boolean {
  const freed = seat?.status === 'revoked' && waitForWriteToSettle(seat, MOMENT) !== undefined;
  return freed || decision.do === 'grant' || decision.do === 'revoke';
}
