import type { PlanFile, PlanLine } from '../../operator/lines/plan.ts';
import { count, moneyOf, numberOf } from '../../operator/text.ts';

/** Returns what the numbers of a plan mean, application by application, in sentences. */
export function planNotes({ plans, total }: PlanFile): { title: string; notes: string[] }[] {
  return plans.flatMap((line) => {
    const notes = [
      ...configurationNotes(line, plans),
      ...changeNotes(line, total.at),
      ...otherNotes(line),
      ...noticeNotes(line),
    ];
    return notes.length > 0 ? [{ title: titleOf(line), notes }] : [];
  });
}

/** Returns how a plan names an application: by its entitlement, if it has one. */
export function titleOf({ entitlement, application }: Pick<PlanLine, 'entitlement' | 'application'>): string {
  return entitlement ?? application;
}

function configurationNotes(line: PlanLine, plans: readonly PlanLine[]): string[] {
  const { configuration, application, entitlement, seats, formerly, mode } = line;
  if (configuration === 'removed' || configuration === 'retired') return removedNotes(line);
  const before = plans.find(
    (other) => other.configuration === 'removed' && other.entitlement === entitlement && other.seats > 0,
  );
  return [
    ...(before
      ? [
          `It names another application than before. Its users get a seat there; their ${count(before.seats, 'seat')} in ${before.application} stay, too.`,
        ]
      : []),
    ...(formerly
      ? [
          `The ledger has its seats under the name ${formerly.join(', ')}. No seat changes because of the name; audit events have the new one from the next change of a seat on.`,
        ]
      : []),
    ...(mode === 'observe'
      ? [
          `mode: observe. The numbers say what enforce would do; nothing is granted or revoked.${seats > 0 ? ` The ${count(seats, 'seat')} of ${application.split('/').at(-1)} stay, also at the end of their days of grace.` : ''}`,
        ]
      : []),
  ];
}

function removedNotes({ configuration, application, seats, waitlistedAfter }: PlanLine): string[] {
  const start = `start { "application": "${application}" }`;
  const left = `${seats === 1 ? 'Its seat stays' : `Its ${numberOf(seats)} seats stay`}, and Usher neither grants nor revokes any.`;
  const lost = waitlistedAfter > 0 ? [`${count(waitlistedAfter, 'user waits', 'users wait')} there for good.`] : [];
  if (configuration === 'retired') return [`Retired. ${left} To revoke them under the brake, ${start}.`, ...lost];
  return [
    `Not in this configuration. ${left} To revoke them, list the application under retired, deploy, and ${start}.`,
    ...lost,
  ];
}

function changeNotes(line: PlanLine, at: string): string[] {
  const { entitlement, aboveCap = 0, max = 0, hold, undecided = 0, mode } = line;
  const notes: string[] = [];
  if (hold) notes.push(...holdNotes(line, hold, at));
  else if (mode === 'observe' && line.held > 0)
    notes.push(`The brake would hold ${numberOf(line.held)}: ${limitOf(line)}.`);
  if (aboveCap > 0) {
    notes.push(
      `${count(aboveCap, 'seat is', 'seats are')} above the cap of ${numberOf(max)}. Usher revokes no seat for that; no user gets one until the number falls below the cap.`,
    );
  }
  if (undecided > 0) {
    notes.push(
      `${count(undecided, 'user')} cannot be decided about yet: what was last written does not show yet, or the last attempt failed. usher why says when.`,
    );
  }
  const { adoptable = 0 } = line;
  if (adoptable > 0) {
    notes.push(
      `${count(adoptable, 'entitled user has', 'entitled users have')} an assignment that Usher did not make; they stay as they are. To manage them: usher adopt ${entitlement}`,
    );
  }
  return notes;
}

function holdNotes(line: PlanLine, { reason, since, held }: NonNullable<PlanLine['hold']>, at: string): string[] {
  const isNew = Date.parse(since) >= Date.parse(at);
  const what = `The brake ${isNew ? 'holds' : 'has held revocations since'}`;
  const begun = isNew
    ? `${what} ${count(held, 'revocation')}: ${limitOf(line, reason)}.`
    : `${what} ${since}; at the end it holds ${numberOf(held)}. A larger budget releases none of them.`;
  return [`${begun} They keep their seats until an operator releases them: usher held`];
}

/** Says which limit of the brake is passed. */
function limitOf({ budget, asked = 0, emptyGroups = [], missingGroups = [] }: PlanLine, reason?: string): string {
  const empty = [...emptyGroups, ...missingGroups];
  if (reason === 'group-empty' || (reason === undefined && empty.length > 0))
    return `a group has no members (${empty.join(', ')})`;
  if (reason === 'nobody-entitled') return 'no user would be entitled';
  if (!budget) return 'the budget is too small';
  const { allowed, used, left } = budget;
  return `${numberOf(asked)} are asked for, and ${numberOf(left)} are left of a budget of ${numberOf(allowed)} in 24 hours, of which ${numberOf(used)} are used`;
}

function otherNotes({ emptyGroups, missingGroups, refused = [], subscriptionsStopped, hold }: PlanLine): string[] {
  const brakes = 'While it is so, the brake holds every new revocation';
  return [
    ...(missingGroups ? [`There is no group ${missingGroups.join(', ')}. ${brakes}.`] : []),
    ...(emptyGroups && hold?.reason !== 'group-empty' ? [`${emptyGroups.join(', ')}: no members. ${brakes}.`] : []),
    ...refused.map(({ message }) => `Nothing can be changed: ${message}`),
    ...(subscriptionsStopped
      ? ['AWS refuses new subscriptions to the account, so that no seat begins. Usher tries one user per day.']
      : []),
  ];
}

function noticeNotes({ noticesChange }: PlanLine): string[] {
  switch (noticesChange) {
    case undefined:
      return [];
    case 'begin':
      return [
        'Its users get notices of what changes after the first full sweep with notices has ended, and none of this plan.',
      ];
    case 'begin-now':
      return ['Its users get notices from now on, also of what the first full sweep changes (notices.backfill).'];
    case 'end':
      return ['Its users get no notices any longer.'];
  }
}

/** Returns how many notices would be sent; undefined if the configuration has no notices. */
export function noticesInWords({
  notices,
  noticesPerDay = 0,
}: Pick<PlanFile['total'], 'notices' | 'noticesPerDay'>): string | undefined {
  if (notices === undefined) return undefined;
  if (notices === 0) return 'No user would be written to.';
  const sent = `At most ${count(notices, 'notice')} would be sent: to those who have an address.`;
  const left = notices - noticesPerDay;
  if (left <= 0) return sent;
  const [rest, again] = left === 1 ? ['1 is', 'it'] : [`${numberOf(left)} are`, 'them'];
  return `${sent} The daily limit is ${numberOf(noticesPerDay)} (notices.dailyLimit): if all change on one day, ${rest} not sent, unless an operator sends ${again} again.`;
}

/** Returns what a whole plan comes to, in one sentence. */
export function totalInWords({ total }: PlanFile): string {
  const { seats, seatsAfter, hasChanges, unread = 0 } = total;
  const changes = [
    [total.gains, 'gains a seat', 'gain a seat'],
    [total.waitlisted, 'joins the waitlist', 'join the waitlist'],
    [total.leaving, 'begins the days of grace', 'begin the days of grace'],
    [total.revoked, 'loses the seat at once', 'lose the seat at once'],
    [total.held, 'would lose the seat and is held', 'would lose the seat and are held'],
    [total.kept, 'keeps a seat that was ending', 'keep a seat that was ending'],
    [total.repaired, 'gets what is missing of the seat', 'get what is missing of the seat'],
    [total.dropped, 'no longer waits for a seat', 'no longer wait for a seat'],
  ] as const;
  const some = changes.flatMap(([number, one, many]) =>
    number > 0 ? [`${numberOf(number)} ${number === 1 ? one : many}`] : [],
  );
  const now = `${count(seats, 'seat')} now, ${numberOf(seatsAfter)} at the end.`;
  const what = some.length > 0 ? some.join(', ') : hasChanges ? 'No user gains or loses anything' : 'Nothing changes';
  if (unread === 0) return `${what}. ${now}`;
  const rest = `${what.slice(0, 1).toLowerCase()}${what.slice(1)}`;
  return `Incomplete: ${count(unread, 'read')} failed. In the rest: ${rest}. ${now}`;
}

/** Returns what the seats cost, if prices are known. */
export function priceInWords({ total }: PlanFile): string | undefined {
  const { pricePerMonth, pricePerMonthBefore, unpriced = 0, currency } = total;
  if (pricePerMonth === undefined || pricePerMonthBefore === undefined) return undefined;
  const rest = unpriced > 0 ? `, and ${count(unpriced, 'seat')} of unknown price` : '';
  return `${moneyOf(pricePerMonth)} ${currency} per month at the end, ${moneyOf(pricePerMonthBefore)} now, if each seat is billed${rest}.`;
}
