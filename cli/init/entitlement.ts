import * as z from 'zod/mini';
import type { Directory } from '../../adapters/identity-store.ts';
import type { ApplicationDescription } from '../../adapters/operator/instances.ts';
import type { Group, People } from '../../adapters/operator/people.ts';
import type { Applications } from '../../adapters/sso-admin.ts';
import { type EntitlementInput, Name } from '../../domain/entitlements.ts';
import { providerOf } from '../../domain/subscription/plan.ts';
import { UsageError } from '../../operator/failures.ts';
import { requireGroup } from '../../operator/look-up/find-group.ts';
import { suggestion } from '../../operator/suggestions.ts';
import { count, escaped } from '../../operator/text.ts';
import type { Terminal } from '../ui/terminal.ts';
import type { Questions } from './questions.ts';
import { MaxSeats, type Wish } from './wishes.ts';

/** What an entitlement is made from, and checked with. */
export interface InitReads {
  /** All applications of the instance. */
  applications: readonly ApplicationDescription[];
  settings: Pick<Applications, 'requiresAssignment'>;
  people: People;
  directory: Pick<Directory, 'membersOf'>;
  region: string;
  ask: Questions;
  terminal: Terminal;
}

/** An entitlement as it goes into the file, where it is validated. */
export type DraftEntitlement = Omit<EntitlementInput, 'subscription'> & { subscription?: object };

/** A configured group and the number of its members. */
type CheckedGroup = Group & { members: ReadonlySet<string> };

/**
 * Makes one entitlement from what the command line says, and asks for the rest. Says at once what will not work as it is.
 *
 * @param before the entitlements so far: each has an application and a name of its own
 * @throws UsageError if something that the command line names does not exist
 */
export async function entitlementOf(
  wish: Wish,
  before: readonly DraftEntitlement[],
  reads: InitReads,
): Promise<DraftEntitlement> {
  const { ask, region } = reads;
  const application = await applicationOf(wish, before, reads);
  const groups = await groupsOf(wish, reads);
  const members = new Set(groups.flatMap((group) => [...group.members]));
  const name = wish.name ?? (await nameOf(application, before, ask));
  const max = wish.max ?? (await maxOf(members.size, ask));
  if (members.size > max) {
    warn(`${count(members.size, 'member')} and ${count(max, 'seat')}: ${members.size - max} will wait`, reads);
  }
  const { revokeAfterDays = 0, plan } = wish;
  const planRegion = wish.planRegion ?? regionIn(application.name) ?? region;
  const mode = wish.mode ?? (await ask.mode(`What to do for ${name}`));
  return {
    name,
    application: application.applicationArn,
    groups: groups.map(({ groupId, displayName }) =>
      displayName === undefined ? groupId : { name: displayName, id: groupId },
    ),
    seats: { max },
    onLeave: { revokeAfterDays },
    mode,
    ...(plan === undefined ? {} : { subscription: { provider: providerOf(plan), plan, region: planRegion } }),
  };
}

/** Reads the Region from the name that AWS gives to the application of a profile: `KiroProfile-us-east-1`. */
function regionIn(name = ''): string | undefined {
  return /Profile-([a-z]{2}(?:-[a-z]+)+-\d)$/.exec(name)?.[1];
}

async function applicationOf(
  { application: wanted }: Wish,
  before: readonly DraftEntitlement[],
  reads: InitReads,
): Promise<ApplicationDescription> {
  const taken = new Set(before.map(({ application }) => application));
  const free = reads.applications.filter(({ applicationArn }) => !taken.has(applicationArn));
  if (wanted !== undefined) {
    const found = applicationNamed(wanted, reads.applications);
    for (const problem of await problemsWith(found, reads)) warn(problem, reads);
    return found;
  }
  const choices = free.map((one) => ({ name: titleOf(one), value: one }));
  for (;;) {
    const chosen = await reads.ask.choose('Application', '--application', choices);
    const problems = await problemsWith(chosen, reads);
    for (const problem of problems) warn(problem, reads);
    if (problems.length === 0 || (await reads.ask.confirm('Take it all the same?'))) return chosen;
  }
}

/** @throws UsageError if there is none, or more than one */
function applicationNamed(wanted: string, all: readonly ApplicationDescription[]): ApplicationDescription {
  const [found, ...others] = all.filter(({ applicationArn, name }) => applicationArn === wanted || name === wanted);
  if (!found) {
    const names = all.flatMap(({ name }) => name ?? []);
    throw new UsageError(`The instance has no application ${escaped(wanted)}${suggestion(wanted, names)}`);
  }
  if (others.length > 0) {
    throw new UsageError(
      `${count(others.length + 1, 'application')} have the name ${escaped(wanted)}: ${[found, ...others].map(({ applicationArn }) => applicationArn).join(', ')}. Give an ARN`,
    );
  }
  return found;
}

function titleOf({ name, applicationArn, provider }: ApplicationDescription): string {
  return [escaped(name ?? applicationArn), provider, applicationArn].filter(Boolean).join('  ');
}

/** Says why Usher would give no seat of an application. */
async function problemsWith(
  { applicationArn, name, status }: ApplicationDescription,
  { settings }: InitReads,
): Promise<string[]> {
  const called = escaped(name ?? applicationArn);
  const isRequired = await settings.requiresAssignment(applicationArn);
  return [
    ...(status === 'ENABLED' ? [] : [`${called} is ${status}: enable it in Identity Center before you deploy`]),
    ...(isRequired
      ? []
      : [
          `${called} does not require assignments: every user has access, and Usher refuses it. Require them in Identity Center`,
        ]),
  ];
}

async function groupsOf({ group: wanted }: Wish, reads: InitReads): Promise<CheckedGroup[]> {
  const groups = wanted === undefined ? await chosenGroups(reads) : await groupsNamed(wanted, reads);
  const checked: CheckedGroup[] = [];
  for (const group of groups) {
    const members = new Set<string>();
    for await (const page of reads.directory.membersOf(group.groupId))
      for (const userId of page ?? []) members.add(userId);
    const called = escaped(group.displayName ?? group.groupId);
    if (members.size === 0) warn(`${called} has no members: while it is so, the brake holds every revocation`, reads);
    checked.push({ ...group, members });
  }
  return checked;
}

async function chosenGroups({ people, ask }: InitReads): Promise<Group[]> {
  const all: Group[] = [];
  for await (const page of people.groups()) all.push(...page);
  const choices = all.map((group) => ({ name: `${escaped(group.displayName ?? '')}  ${group.groupId}`, value: group }));
  return ask.chooseSome('Groups whose members get it', '--group', choices);
}

async function groupsNamed(wanted: readonly string[], { people, terminal }: InitReads): Promise<Group[]> {
  const found: Group[] = [];
  for (const one of wanted) {
    const group = await people.group(await requireGroup(one, people, terminal));
    if (!group) throw new UsageError(`The identity store has no group ${escaped(one)}`);
    found.push(group);
  }
  return found;
}

function nameOf(
  application: ApplicationDescription,
  before: readonly DraftEntitlement[],
  ask: Questions,
): Promise<string> {
  const taken = new Set(before.map(({ name }) => name));
  const slug = slugOf(application.name);
  const others = [slug, ...[2, 3, 4, 5, 6, 7, 8, 9].map((number) => `${slug}-${number}`)];
  const suggestion = others.find((name) => !taken.has(name)) ?? slug;
  return ask.text({
    message: 'Name of the entitlement, in logs and audit events',
    flag: '--name',
    suggestion,
    validate(answer) {
      if (taken.has(answer)) return 'another entitlement has this name';
      return problemWith(Name, answer);
    },
  });
}

/** Returns what is wrong with an answer, in the words of the schema that reads it; true if nothing is. */
function problemWith(schema: z.ZodMiniType, answer: string): string | true {
  return z.safeParse(schema, answer).error?.issues[0]?.message ?? true;
}

async function maxOf(members: number, ask: Questions): Promise<number> {
  const answer = await ask.text({
    message: `Maximum number of seats (${count(members, 'member')} now)`,
    flag: '--max',
    validate: (text) => problemWith(MaxSeats, text),
  });
  return Number(answer);
}

/** Derives the name of an entitlement: lower-case letters, digits and hyphens. */
function slugOf(name: string | undefined): string {
  const slug = (name ?? '')
    .toLowerCase()
    .replace(/[^a-z0-9]+/g, '-')
    .replace(/^-+|-+$/g, '')
    .slice(0, 60);
  return slug || 'application';
}

function warn(text: string, { terminal }: InitReads): void {
  terminal.note(`${terminal.noteColors.yellow('warning:')} ${text}`);
}
