import { applyBrake, countSeats } from '../../domain/decision/brake.ts';
import { type Answer, type Observation, observed } from '../../domain/decision/observation.ts';
import { allocateSeats, type Candidate, seatCandidate } from '../../domain/decision/waitlist.ts';
import type { Seat } from '../../domain/seat/seat.ts';
import {
  type ApplicationReads,
  askedAt,
  type Decided,
  queueAllAudit,
  queueAudit,
  type ReconcileContext,
  type ReconcileResult,
  report,
  saveNotes,
} from './result.ts';
import type { Readers } from './snapshot.ts';

/**
 * Writes down what an entitlement that only observes would do, and has it told when the answer is another than before.
 * Writes no seat and changes no assignment.
 */
export async function observe(
  look: ApplicationReads,
  plan: ReconcileResult,
  { readAt, execution }: ReconcileContext,
  readers: Readers,
): Promise<void> {
  const { entitlement, decided, view, items } = look;
  const { ledger, entitlements } = readers;
  const { application: applicationArn, name, seats: cap } = entitlement;
  // A seat, or a hold, of the time before may have something to tell.
  queueAllAudit(
    decided.flatMap(({ seat }) => seat ?? []),
    plan,
  );
  if (items?.hold?.audit.length) plan.holds.push(applicationArn);
  if (decided.length === 0 && !view) return;
  const { seats, observations } = items ?? (await ledger.itemsOf(applicationArn));
  const known = new Map(observations.map((one) => [one.userId, one]));
  const looked = new Set(decided.map(({ standing }) => standing.userId));
  // Whom a sweep doesn't see is nothing to the application any more: no place stays promised.
  const gone = view ? [...known.values()].filter(({ userId }) => !looked.has(userId)) : [];
  for (const { userId } of gone) known.delete(userId);

  const revocations = decided.flatMap(({ decision, seat }) =>
    decision.do === 'revoke' && seat ? [{ ...decision, userId: seat.userId, status: seat.status }] : [],
  );
  const { held } = applyBrake(revocations, {
    brake: entitlements.brake,
    counts: countSeats(seats, readAt),
    hold: undefined,
    whole: view !== undefined,
    emptyGroup: view?.emptyGroup ?? false,
    nobodyEntitled: view !== undefined && !view.standings.some((one) => one.entitled),
  });
  const heldBack = new Set(held.map(({ userId }) => userId));
  const seated = seatedAmong(decided, seats, known, cap.max);

  const notes = decided.flatMap((one) => {
    const { userId } = one.standing;
    const before = known.get(userId);
    // A look at one user sees no empty group, and not whether anybody is entitled: only a sweep takes back a hold.
    const stillHeld = !view && before?.answer === 'would-hold';
    const answer = answerTo(one, { held: stillHeld || heldBack.has(userId), seated: seated.has(userId) });
    const about = { applicationArn, userId, entitlement: name, requestedAt: candidateIn(one, before).requestedAt };
    if (!before && answer === undefined) return [];
    const note = observed(before, answer, about, { now: readAt, execution, cause: one.entry.cause });
    if ((note ?? before)?.audit.length) queueAudit(about, plan);
    return note ? [note] : [];
  });
  for (const before of gone) {
    const note = observed(before, undefined, before, { now: readAt, execution, cause: execution });
    if (note) notes.push(note);
  }
  await saveNotes(notes, (note) => ledger.saveObservation(note), readers);
  report(look, seats, { held: 0, adoptions: 0 }, plan);
}

/** Who would get a place; those to whom a place was promised before count as seated. */
function seatedAmong(
  decided: readonly Decided[],
  seats: readonly Seat[],
  known: ReadonlyMap<string, Observation>,
  max: number,
): ReadonlySet<string> {
  const looked = new Set(decided.map(({ standing }) => standing.userId));
  const promised = [...known.values()].filter(({ answer, userId }) => answer === 'would-assign' && !looked.has(userId));
  const candidates = decided
    .filter(({ decision }) => decision.do === 'grant')
    .map((one) => candidateIn(one, known.get(one.standing.userId)));
  return allocateSeats(seats, candidates, max - promised.length).seated;
}

function candidateIn({ standing, seat, entry }: Decided, observation: Observation | undefined): Candidate {
  const candidate = seatCandidate(standing.userId, seat, askedAt(entry));
  const promised = observation?.answer === 'would-assign' || observation?.answer === 'would-waitlist';
  return promised ? { ...candidate, requestedAt: observation.requestedAt } : candidate;
}

function answerTo({ decision }: Decided, { held, seated }: { held: boolean; seated: boolean }): Answer | undefined {
  switch (decision.do) {
    case 'grant':
      return seated ? 'would-assign' : 'would-waitlist';
    case 'revoke':
      return held ? 'would-hold' : 'would-revoke';
    case 'leave':
      return 'would-leave';
    default:
      return undefined;
  }
}
