import { countGroups, type Fall, type GroupSize, type GroupSizes } from '../domain/decision/group-sizes.ts';
import { isHeld } from '../domain/decision/hold.ts';
import type { Entitlement } from '../domain/entitlements.ts';
import { membersOf } from '../reconcile/plan/read-application.ts';
import type { Readers } from '../reconcile/plan/readers.ts';
import type { Asker } from './asker.ts';
import type { GroupLine } from './lines/seats.ts';
import { readersOf } from './readers.ts';
import { requireEntitlement } from './suggestions.ts';
import { count } from './text.ts';

/** What is asked about the groups of the entitlements in force. */
export interface GroupsQuestion {
  /** The name of an entitlement; by default all. */
  entitlement?: string | undefined;
  /** Whether the members are counted now, which lists them all. By default, the last sweep has counted. */
  count?: boolean | undefined;
  /** Whether the names are asked for. */
  names?: boolean | undefined;
}

/** The members of groups, each listed once; undefined of a group that does not exist. */
type Members = Map<string, ReadonlySet<string> | undefined>;

/**
 * Reads how large the groups of the entitlements are, and which have become smaller lately.
 *
 * @throws UsageError if no entitlement has the name
 */
export async function readGroups(question: GroupsQuestion, asker: Asker): Promise<GroupLine[]> {
  const readers = await readersOf(asker);
  const { entitlements } = readers.entitlements;
  const { entitlement: only } = question;
  if (only !== undefined) requireEntitlement(only, entitlements);
  // Without a count of now, the time of the sweep is that of the numbers.
  const queue = question.count ? undefined : await asker.unread.attempt(() => readers.ledger.queue());
  const members: Members = new Map();
  const lines: GroupLine[] = [];
  for (const one of entitlements.filter(({ name }) => only === undefined || name === only)) {
    const sizes = question.count
      ? await countNow(one, { readers, members }, asker)
      : await countedBefore(one, readers, asker);
    const sweptAt = queue?.value.reports?.[one.application]?.fullAt;
    if (sizes) lines.push(...linesOf(one, sizes.value).map((line) => ({ ...line, ...(sweptAt && { sweptAt }) })));
  }
  const existing = lines.map((line) => (isMissing(line, members) ? { ...line, missing: true as const } : line));
  return question.names ? withNames(existing, asker) : existing;
}

/** Returns the sizes as the last sweep has counted them. */
function countedBefore({ application }: Entitlement, { ledger }: Readers, { unread }: Asker) {
  return unread.attempt(() => ledger.groupSizes(application));
}

/** Counts the members now, as a sweep does. */
async function countNow(
  { application: applicationArn, groups, onLeave }: Entitlement,
  { readers, members }: { readers: Readers; members: Members },
  asker: Asker,
): Promise<{ value: GroupSizes | undefined } | undefined> {
  const { ledger } = readers;
  const known = await asker.unread.attempt(async () => ({
    before: await ledger.groupSizes(applicationArn),
    held: isHeld(await ledger.hold(applicationArn)),
  }));
  const counted = known && (await countMembers(groups, { readers, members }, asker));
  if (!counted) return undefined;
  const { before, held } = known.value;
  const graceDays = onLeave.revokeAfterDays;
  return { value: countGroups(before, counted, { applicationArn, graceDays, held, now: asker.clock.now() }) };
}

/**
 * Counts the members of groups.
 *
 * @param members gets them
 * @returns undefined if AWS refuses to show a group
 */
export async function countMembers(
  groups: readonly string[],
  { readers, members }: { readers: Readers; members: Members },
  { unread, progress }: Pick<Asker, 'unread' | 'progress'>,
): Promise<GroupSize[] | undefined> {
  for (const groupId of groups) {
    let listed = 0;
    const onMembers = (page: readonly string[]) => {
      listed += page.length;
      progress(`group ${groupId}: ${count(listed, 'member')}`);
    };
    if (!(await unread.attempt(() => membersOf(groupId, readers, { members, onMembers })))) return undefined;
  }
  return groups.map((groupId) => ({ groupId, members: members.get(groupId)?.size ?? 0 }));
}

/** Returns a line for each group that the entitlement names, and for each that it named before. */
function linesOf({ name: entitlement, application, groups }: Entitlement, sizes: GroupSizes | undefined): GroupLine[] {
  const members = new Map(sizes?.groups.map((group) => [group.groupId, group.members]));
  const falls = new Map(sizes?.falls.map((fall) => [fall.groupId, fall]));
  return [...new Set([...groups, ...falls.keys()])].map((groupId) => {
    const isNamed = groups.includes(groupId);
    const [size, fall] = [members.get(groupId), falls.get(groupId)];
    return {
      type: 'group',
      entitlement,
      application,
      groupId,
      ...(isNamed && size !== undefined ? { members: size } : {}),
      ...(fall ? fallFields(fall) : {}),
      ...(isNamed ? {} : { removed: true as const }),
    };
  });
}

function fallFields({ before, since, at }: Fall): Pick<GroupLine, 'before' | 'since' | 'at'> {
  return { before, since, at };
}

function isMissing({ groupId }: GroupLine, members: Members): boolean {
  return members.has(groupId) && members.get(groupId) === undefined;
}

/** Adds the names of the groups that exist. */
async function withNames(lines: readonly GroupLine[], asker: Asker): Promise<GroupLine[]> {
  const { identityCenter } = await asker.entitlements();
  const people = await (await asker.services()).people(identityCenter.identityStoreId);
  const read = new Map<string, Partial<GroupLine>>();
  for (const groupId of new Set(lines.map((line) => line.groupId))) {
    const found = await asker.unread.attempt(() => people.group(groupId));
    if (!found) continue;
    const { value: group } = found;
    const name = group?.displayName;
    read.set(groupId, group ? (name === undefined ? {} : { name }) : { missing: true });
  }
  return lines.map((line) => ({ ...line, ...read.get(line.groupId) }));
}
