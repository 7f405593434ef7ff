import fc from 'fast-check';
import type {
  ApplicationDecision,
  ApplicationState,
  CheckedUser,
  Evidence,
  Holdings,
  Ineligibility,
  Need,
  UserState,
} from '../../domain/decision/application-state.ts';
import { decideApplication, type Limits } from '../../domain/decision/decide-application.ts';
import type { Hold } from '../../domain/decision/hold.ts';
import { type Seat, SeatStatusSchema } from '../../domain/seat/seat.ts';
import { RefusedError } from '../../domain/shared/errors.ts';
import { MOMENT, sweptUsers } from './application-states.ts';
import { aDigest, aHeldRecord, aHold, anAuditRecord, aSeat, iso } from './builders.ts';
import { APPLICATION, user as aUserId, OTHER } from './ids.ts';

/** Every answer that a decision may ask for. */
export type Answers = Required<Evidence> & { holdings: Holdings };

/** One application at one moment. */
export interface RandomCase {
  /** The reads of the snapshot; `evidence` is what was read beyond it, as a rule nothing. */
  state: ApplicationState;
  answers: Answers;
  limits: Limits;
}

export const REFUSAL = new RefusedError('access-denied', 'AWS refuses');

export const MOST_USERS = 6;
/** Around the 30 s of a settle wait, the 90 s of a grant, and the 24 hours of the brake. */
const seconds = fc.constantFrom(-200_000, -86_401, -86_400, -3600, -91, -90, -89, -31, -30, -29, -10, 0);

function seats(number: number): fc.Arbitrary<Seat> {
  const fields = fc.record({
    status: fc.constantFrom(...SeatStatusSchema.options),
    changedAt: seconds,
    requestedAt: seconds,
    grantedAt: fc.option(seconds, { nil: undefined }),
    hold: fc.integer({ min: 1, max: 3 }),
    dueAt: fc.constantFrom(-1, 0, 1, 3600),
    audited: fc.boolean(),
    revocations: fc.uniqueArray(seconds, { maxLength: 2 }),
    refusal: fc.option(
      fc.record({
        execution: fc.constantFrom(MOMENT.execution, OTHER),
        reported: fc.boolean(),
        failed: fc.boolean(),
      }),
      { nil: undefined },
    ),
    nextAttemptAt: fc.constantFrom(-1, 60),
    revision: fc.integer({ min: 1, max: 9 }),
  });
  return fields.map(({ status, changedAt, requestedAt, grantedAt, audited, revision, ...parts }) => {
    const { refusal } = parts;
    return aSeat(number, {
      status,
      revision,
      requestedAt: iso(requestedAt),
      changedAt: iso(changedAt),
      ...(grantedAt === undefined ? {} : { grantedAt: iso(grantedAt) }),
      ...(status === 'held' ? { hold: parts.hold } : {}),
      ...(status === 'leaving' ? { dueAt: iso(parts.dueAt) } : {}),
      ...(parts.revocations.length > 0 ? { revocations: parts.revocations.map((at) => iso(at)) } : {}),
      ...(refusal && ['creating', 'revoking', 'failed'].includes(status)
        ? {
            refusal: { reason: 'quota-exceeded', since: iso(-3600), ...refusal },
            nextAttemptAt: iso(parts.nextAttemptAt),
          }
        : {}),
      audit: audited ? [] : [anAuditRecord()],
    });
  });
}

function users(number: number): fc.Arbitrary<{ user: UserState; item: Partial<CheckedUser>; checked: boolean }> {
  const userId = aUserId(number);
  const eligibility = fc.constantFrom<{ entitled: boolean; ineligibility?: Ineligibility }>(
    { entitled: true },
    { entitled: true },
    { entitled: false, ineligibility: 'group-leave' },
    { entitled: false, ineligibility: 'group-leave' },
    { entitled: false, ineligibility: 'user-disabled' },
    { entitled: false, ineligibility: 'user-deleted' },
    { entitled: false },
  );
  const user = fc
    .tuple(eligibility, fc.boolean(), fc.option(seats(number), { nil: undefined, freq: 4 }))
    .map(([eligible, assigned, seat]): UserState => ({ userId, ...eligible, assigned, seat }));
  const item = fc
    .record({ trigger: fc.constantFrom('event' as const, 'manual' as const, 'tick' as const), asked: seconds })
    .map(({ trigger, asked }) => ({ key: userId, trigger, askedAt: iso(asked) }));
  return fc.record({ user, item, checked: fc.boolean() });
}

const holds = fc
  .record({
    status: fc.constantFrom('held' as const, 'held' as const, 'lifted' as const),
    generations: fc.integer({ min: 1, max: 3 }),
    first: fc.integer({ min: 1, max: 3 }),
    released: fc.option(fc.integer({ min: 1, max: 3 }), { nil: undefined }),
    announced: fc.boolean(),
  })
  .map(({ status, generations, first, released, announced }): Hold => {
    const digests = Array.from({ length: generations }, (_, index) => ({
      digest: aDigest(index + 1),
      generation: index + 1,
      count: index + 1,
    }));
    return aHold({
      revision: 2,
      status,
      first: Math.min(first, generations),
      digests,
      ...(released !== undefined && status === 'held' ? { released: Math.min(released, generations) } : {}),
      audit: announced ? [] : [aHeldRecord()],
    });
  });

/** Applications with users in every state, some of them checked by name, or all of them by a sweep. */
export const applications: fc.Arbitrary<RandomCase> = fc
  .record({
    all: fc.tuple(...Array.from({ length: MOST_USERS }, (_, index) => users(index + 1))),
    swept: fc.boolean(),
    adopt: fc.boolean(),
    emptyGroup: fc.boolean(),
    max: fc.integer({ min: 0, max: MOST_USERS }),
    graceDays: fc.constantFrom(0, 2),
    brake: fc.record({ percent: fc.constantFrom(0, 40, 100), atLeast: fc.integer({ min: 0, max: 4 }) }),
    hold: fc.option(holds, { nil: undefined }),
    remaining: fc.constantFrom('some' as const, 'none' as const, 'group-empty' as const),
    assigned: fc.tuple(...Array.from({ length: MOST_USERS }, () => fc.boolean())),
  })
  .map(({ all, swept, adopt, emptyGroup, max, graceDays, brake, hold, remaining, assigned }) => {
    const checked = all.filter((one) => swept || one.checked);
    const { whole, ...state } = sweptUsers(
      checked.map(({ user }) => user),
      { max, graceDays, whole: { emptyGroup } },
    );
    const answers: Answers = {
      settings: 'ok',
      slots: null,
      holdings: { seats: all.flatMap(({ user }) => user.seat ?? []), hold },
      remaining,
      subscriptions: 'assumed',
      eligibility: new Map(),
      assigned: new Map(all.map(({ user }, index) => [user.userId, assigned[index] ?? false])),
    };
    const named = state.users.map((one, index) => ({
      ...one,
      adopt,
      ...checked[index]?.item,
      ...(swept ? { key: APPLICATION } : {}),
    }));
    return {
      state: { ...state, users: named, whole: swept ? whole : undefined, evidence: {} },
      answers,
      limits: { brake },
    };
  });

/** Decides, and answers what the decision asks for. */
export function decideWith({ state, answers, limits }: RandomCase): {
  decision: ApplicationDecision;
  evidence: Evidence;
  rounds: number;
} {
  let { evidence } = state;
  for (let rounds = 0; ; rounds += 1) {
    const decision = decideApplication({ ...state, evidence }, limits, MOMENT);
    if (!('needs' in decision)) return { decision, evidence, rounds };
    if (decision.needs.some(({ read }) => evidence[read] !== undefined)) throw new Error('A read is asked for twice');
    for (const need of decision.needs) evidence = { ...evidence, ...answerTo(need, answers) };
  }
}

function answerTo(need: Need, answers: Answers): Evidence {
  if (need.read !== 'eligibility') return { [need.read]: answers[need.read] };
  const { eligibility } = answers;
  return { eligibility: new Map([...eligibility].filter(([userId]) => need.userIds.includes(userId))) };
}
