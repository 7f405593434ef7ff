import type { UserStatus } from '../../adapters/identity-store.ts';
import type {
  ApplicationDecision,
  ApplicationState,
  Eligibility,
  Evidence,
  Holdings,
  Moment,
  Need,
  Remaining,
} from '../../domain/decision/application-state.ts';
import { decideApplication, type Limits } from '../../domain/decision/decide-application.ts';
import type { Entitlement } from '../../domain/entitlements.ts';
import { RefusedError, TransientAwsError } from '../../domain/shared/errors.ts';
import { eligibilityOf } from './read-user.ts';
import type { Readers } from './readers.ts';
import type { ReconcileContext } from './result.ts';
import { MOST_UNREAD } from './user-statuses.ts';

/**
 * The list of subscriptions; settings and the bound of slots, or users whose seats the lists of a sweep would turn; holdings or
 * settings; then who is left and who is assigned.
 */
const MOST_ROUNDS = 4;

/** What a decision is made with. */
type EvidenceReaders = Readers & Pick<ReconcileContext, 'storedIn' | 'listFor' | 'secondsLeft'> & { asked: AskedUsers };

/**
 * Decides about one application, and reads what the decision needs beyond the snapshot.
 *
 * @throws TransientAwsError when a read fails for now; a refusal is evidence, and fails only the users who needed it
 */
export async function gatherAndDecide(
  state: ApplicationState,
  limits: Limits,
  moment: Moment,
  readers: EvidenceReaders,
): Promise<{ decision: ApplicationDecision; evidence: Evidence }> {
  let { evidence } = state;
  for (let round = 0; round <= MOST_ROUNDS; round += 1) {
    const decision = decideApplication({ ...state, evidence }, limits, moment);
    if (!('needs' in decision)) return { decision, evidence };
    for (const need of decision.needs) {
      evidence = { ...evidence, ...(await readEvidence(need, state.entitlement, readers)) };
      // Nothing else matters for an application that may not be changed.
      if (evidence.settings instanceof RefusedError) break;
    }
  }
  throw new Error(`A decision needed more than ${MOST_ROUNDS} rounds of reads`);
}

async function readEvidence(need: Need, entitlement: Entitlement, readers: EvidenceReaders): Promise<Evidence> {
  const { application, groups } = entitlement;
  switch (need.read) {
    case 'settings':
      return { settings: await readSettings(entitlement, readers) };
    case 'slots': {
      const slots = await orRefusal(readers.ledger.slots(application));
      return { slots: slots instanceof RefusedError ? null : (slots ?? null) };
    }
    case 'holdings':
      return { holdings: await orRefusal(holdingsOf(application, readers)) };
    case 'remaining':
      return { remaining: await orRefusal(remainingIn(groups, need.userIds, readers)) };
    case 'eligibility':
      return { eligibility: await eligibilityIn(entitlement, need.userIds, readers) };
    case 'subscriptions':
      return { subscriptions: await readers.listFor(entitlement) };
    case 'assigned': {
      const assigned = new Map<string, boolean | RefusedError>();
      for (const userId of need.userIds) {
        assigned.set(userId, await orRefusal(readers.applications.isAssigned(application, userId)));
      }
      return { assigned };
    }
  }
}

/** The seats, and what stored rounds will change of them. */
async function holdingsOf(application: string, { ledger, storedIn }: EvidenceReaders): Promise<Holdings> {
  const holdings = await ledger.holdings(application);
  const stored = await storedIn(application);
  return { ...holdings, ...(stored ? { stored } : {}) };
}

async function orRefusal<T>(read: Promise<T>): Promise<T | RefusedError> {
  try {
    return await read;
  } catch (error) {
    if (error instanceof RefusedError) return error;
    throw error;
  }
}

/** Reads whether the application of an entitlement asks for assignments at all. @throws TransientAwsError */
export function readSettings(
  entitlement: Entitlement,
  readers: Pick<Readers, 'applications'>,
): Promise<'ok' | RefusedError> {
  return orRefusal(requireAssignment(entitlement, readers));
}

async function requireAssignment(
  { application, name }: Entitlement,
  { applications }: Pick<Readers, 'applications'>,
): Promise<'ok'> {
  if (await applications.requiresAssignment(application)) return 'ok';
  throw new RefusedError('assignment-not-required', `${name}: every user has access to the application already`);
}

/** Who is left in these groups: the first members of each, and whether one of these users is still entitled. */
async function remainingIn(
  groups: readonly string[],
  userIds: readonly string[],
  { directory, renewLease }: Readers,
): Promise<Remaining> {
  for (const group of groups) {
    let empty = true;
    for await (const page of directory.membersOf(group)) {
      await renewLease();
      empty = !page || page.length === 0;
      if (!empty) break;
    }
    if (empty) return 'group-empty';
  }
  let unread: RefusedError | TransientAwsError | undefined;
  for (const userId of userIds) {
    await renewLease();
    try {
      const member = ((await directory.groupsOf(userId, groups))?.size ?? 0) > 0;
      if (member && (await directory.statusOf(userId)) === 'enabled') return 'some';
    } catch (error) {
      // Any other user answers the question as well.
      if (!(error instanceof RefusedError || error instanceof TransientAwsError)) throw error;
      unread = error;
    }
  }
  if (unread) throw unread;
  return 'none';
}

/** A pass asks for at most this long, so that users who are to be checked by name wait no longer for it. */
const ASK_SECONDS = 30;

/** What reads of one user show: the groups of any entitlement that the user is in, and UserStatus. */
interface Answer {
  memberOf: ReadonlySet<string>;
  status: UserStatus;
}

/** What reads of single users show in one pass, for all applications, which ask about the same users. */
export interface AskedUsers {
  /** By user id; undefined: the user could not be read. */
  answers: Map<string, Answer | undefined>;
  /** Seconds of the plan that are left when the asking ends. Absent before the first question. */
  until?: number;
}

/**
 * Whether users are entitled, by the reads with which a check by name begins. Nothing fails for one who cannot be read; if many
 * cannot, the cause lies with the operation, and no more are asked about.
 */
async function eligibilityIn(
  { groups }: Entitlement,
  userIds: readonly string[],
  { asked, secondsLeft, ...readers }: EvidenceReaders,
): Promise<ReadonlyMap<string, Eligibility>> {
  const { answers } = asked;
  asked.until ??= Math.max(0, secondsLeft() - ASK_SECONDS);
  for (const userId of userIds) {
    if (answers.has(userId)) continue;
    const unread = [...answers.values()].filter((one) => one === undefined).length;
    if (secondsLeft() <= asked.until || unread > MOST_UNREAD) break;
    answers.set(userId, await readAnswer(userId, readers));
  }
  const eligibilityBy = ({ memberOf, status }: Answer) => {
    const isMember = groups.some((group) => memberOf.has(group));
    return eligibilityOf(isMember, status);
  };
  return new Map(
    userIds.flatMap((userId) => {
      const answer = answers.get(userId);
      return answer ? [[userId, eligibilityBy(answer)] as const] : [];
    }),
  );
}

/** Reads one user; returns undefined if AWS refuses that, or fails for now. */
async function readAnswer(
  userId: string,
  { directory, entitlements: { entitlements }, renewLease }: Readers,
): Promise<Answer | undefined> {
  await renewLease();
  try {
    const memberOf = await directory.groupsOf(userId, [...new Set(entitlements.flatMap(({ groups }) => groups))]);
    return { memberOf: memberOf ?? new Set(), status: memberOf ? await directory.statusOf(userId) : 'missing' };
  } catch (error) {
    if (error instanceof RefusedError || error instanceof TransientAwsError) return undefined;
    throw error;
  }
}
