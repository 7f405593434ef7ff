import * as z from 'zod/mini';
import { RECHECK_SECONDS } from '../../domain/queue/merge.ts';
import { expectationOf } from '../../domain/request/propagation.ts';
import {
  type Propagation,
  PropagationSchema,
  type Request,
  RequestSchema,
  type Selector,
} from '../../domain/request/request.ts';
import { plusSeconds } from '../../domain/shared/time.ts';
import { count } from '../../operator/text.ts';

/** What each state does, as the rest of a sentence that begins with its name. States that only choose the next one are left out. */
export const EXPLANATIONS: ReadonlyMap<string, string> = new Map([
  ['NormalizeRequest', 'reads from the input what to check'],
  ['CheckPropagation', 'asks whether Identity Center shows the change'],
  ['WaitForPropagation', 'uses no Lambda time'],
  ['PlanChanges', 'compares group members with assignments'],
  ['ApplyChanges', 'makes the changes and records them in the ledger'],
  ['RecordAudit', 'publishes audit events'],
  ['WaitToSettle', 'precedes the plan that verifies'],
]);

/** Returns the name of an id for readers. */
export type NameOf = (id: string) => string;

/** More users than this are counted instead of named. */
const MOST_NAMES = 8;

const Data = z.object({
  ignored: z.optional(z.string()),
  request: z.optional(RequestSchema),
  propagation: z.optional(PropagationSchema),
  plan: z.optional(
    z.object({
      outcome: z.optional(z.string()),
      batch: z.optional(z.number()),
      batches: z.optional(z.number()),
      changes: z.optional(
        z.array(
          z.object({
            kind: z.enum(['grant', 'revoke', 'record', 'hold']),
            users: z.number(),
            userIds: z.optional(z.array(z.string())),
            applications: z.optional(z.array(z.string())),
          }),
        ),
      ),
      made: z.optional(z.record(z.string(), z.number())),
      settle: z.optional(z.object({ waitSeconds: z.number() })),
      progress: z.optional(z.object({ proving: z.optional(z.array(z.string())) })),
    }),
  ),
});
type Data = z.infer<typeof Data>;

/** Returns the names of users, or their number if they are many. */
export function listOf(userIds: readonly string[], nameOf: NameOf): string {
  return userIds.length <= MOST_NAMES ? userIds.map(nameOf).join(', ') : count(userIds.length, 'user');
}

/**
 * Returns what a state did, from its output; undefined if its output says nothing worth a word.
 *
 * An output of an unknown form says nothing.
 */
export function resultOf(state: string, output: unknown, nameOf: NameOf): string | undefined {
  const data = Data.safeParse(output).data ?? {};
  switch (state) {
    case 'NormalizeRequest':
      return data.request && `checks ${targetOf(data.request, data.propagation, nameOf)}`;
    case 'CheckPropagation':
      return data.propagation?.visible ? 'nothing to wait for' : absenceOf(data, nameOf);
    case 'PlanChanges':
      return planOf(data, nameOf);
    case 'ApplyChanges':
      return data.plan?.made && callsOf(data.plan.made);
    default:
      return undefined;
  }
}

/** Returns what PlanChanges planned, in numbers; undefined if the end of the execution says it. */
export function shortPlanOf(output: unknown): string | undefined {
  const { plan = {} } = Data.safeParse(output).data ?? {};
  const { outcome, changes } = plan;
  if (outcome === 'settle') return 'plans no change';
  if (outcome !== 'apply') return undefined;
  if (!changes) return continuedOf(plan);
  const sizes = new Map(changes.map(({ kind, users }) => [kind, users]));
  const [grants = 0, revocations = 0] = [sizes.get('grant'), sizes.get('revoke')];
  const planned = [
    ...(revocations > 0 ? [count(revocations, 'revocation')] : []),
    ...(grants > 0 ? [count(grants, 'grant')] : []),
  ];
  return `plans ${planned.join(' and ') || 'no change in AWS'}`;
}

/** What is planned already is made, as long as its reads are fresh enough. */
function continuedOf({ batch = 0, batches = 0 }: NonNullable<Data['plan']>): string {
  return `continues with batch ${batch + 1} of ${batches}`;
}

/** Returns what ApplyChanges did beyond what audit events name; undefined if AWS has accepted all of one kind, or nothing was left to do. */
export function shortCallsOf(output: unknown): string | undefined {
  const made = Data.safeParse(output).data?.plan?.made ?? {};
  const kinds = Object.keys(made).filter((kind) => (made[kind] ?? 0) > 0);
  const isNamed = kinds.length === 0 || (kinds.length === 1 && (kinds[0] === 'granted' || kinds[0] === 'revoked'));
  return isNamed ? undefined : callsOf(made);
}

/** Returns whether CheckPropagation found what an execution waits for. */
export function isVisible(output: unknown): boolean {
  return Data.safeParse(output).data?.propagation?.visible === true;
}

/** Returns whether AWS has accepted a change of a batch. */
export function isChange(output: unknown): boolean {
  const { granted = 0, revoked = 0, done = 0 } = Data.safeParse(output).data?.plan?.made ?? {};
  return granted + revoked + done > 0;
}

/** The circumstances of a wait. */
export interface WaitContext {
  at: Date;
  nameOf: NameOf;
  /** Whether AWS has accepted a change since the last plan. */
  changed: boolean;
}

const Subscribing = z.object({
  principalId: z.optional(z.string()),
  principal: z.optional(z.object({ user: z.optional(z.string()) })),
  subscriptionType: z.optional(z.string()),
  type: z.optional(z.string()),
});
const SUBSCRIBING: ReadonlyMap<string, string> = new Map([
  ['Q.CreateAssignment', 'starts'],
  ['Q.UpdateAssignment', 'changes'],
  ['Q.DeleteAssignment', 'cancels'],
  ['QBusiness.CreateSubscription', 'starts'],
  ['QBusiness.UpdateSubscription', 'changes'],
  ['QBusiness.CancelSubscription', 'cancels'],
]);

/** Returns what a request that AWS accepts changes of a subscription; undefined if it is about something else. */
export function subscriptionOf({ call, body }: { call: string; body: Uint8Array }, nameOf: NameOf): string | undefined {
  const does = SUBSCRIBING.get(call);
  if (does === undefined) return undefined;
  const { principalId, principal, subscriptionType, type } = Subscribing.safeParse(parsed(body)).data ?? {};
  const [userId, plan] = [principalId ?? principal?.user, subscriptionType ?? type];
  const whose = userId === undefined ? 'a subscription' : `the subscription of ${nameOf(userId)}`;
  return `AWS ${does} ${whose}${does === 'changes' && plan !== undefined ? ` to ${plan}` : ''}`;
}

function parsed(body: Uint8Array): unknown {
  try {
    return JSON.parse(Buffer.from(body).toString());
  } catch {
    return undefined;
  }
}

/** Returns how long a Wait state waits, and why, from the output of the state before. */
export function waitOf(state: string, output: unknown, { at, nameOf, changed }: WaitContext): string {
  const data = Data.safeParse(output).data ?? {};
  if (state === 'WaitForPropagation') {
    return `waits ${data.propagation?.checkAfterSeconds ?? 0} s: ${absenceOf(data, nameOf)}`;
  }
  const seconds = data.plan?.settle?.waitSeconds ?? 0;
  if (seconds === 0) return 'plans again at once: more is due';
  if (data.request && isSecondCheck(data.request, at, seconds)) {
    return `waits ${seconds} s for the second check, 2 min after the event`;
  }
  const isUnverified = data.plan?.progress?.proving?.length;
  const reason = changed ? 'for reads to show it' : isUnverified ? 'before a plan verifies it' : 'for its next check';
  return `waits ${seconds} s ${reason}`;
}

function targetOf(request: Request, propagation: Propagation | undefined, nameOf: NameOf): string {
  const { users, groups, applications = [], sweep, release, adopt, adoptSubscriptions } = request;
  const targets = [
    ...(sweep === 'everything' ? ['everything'] : []),
    ...(sweep === 'due' ? ['what is due'] : []),
    ...users.map(({ userId }) => nameOf(userId)),
    ...(propagation?.userId ? [nameOf(propagation.userId)] : []),
    ...(propagation?.selector ? [`the user with this ${selectorOf(propagation.selector)}`] : []),
    ...groups.map((groupId) => `the members of ${nameOf(groupId)}`),
    ...applications.map(nameOf),
    ...(release === undefined ? [] : ['the hold with this digest']),
    ...(adopt === undefined ? [] : [`the unmanaged assignments of ${nameOf(adopt)}`]),
    ...(adoptSubscriptions === undefined ? [] : ['subscriptions that others started']),
    ...(adoptSubscriptions === 'all' ? ['those that no entitlement covers'] : []),
  ];
  return targets.join(', ') || 'nothing';
}

/** What a selector selects by; its value is not for readers. */
function selectorOf(selector: Selector): string {
  if ('userName' in selector) return 'user name';
  return 'email' in selector ? 'e-mail address' : 'external id';
}

/** Why a change is not taken as visible. */
function absenceOf({ request, propagation }: Data, nameOf: NameOf): string {
  if (!(request && propagation)) return 'not visible yet';
  if (propagation.selector) return 'no such user yet';
  const expected = expectationOf(request, propagation, propagation.userId);
  if (!expected) return 'too early to trust reads';
  const user = nameOf(expected.userId);
  if (expected.groupId === undefined) return `${user} does not exist yet`;
  const group = nameOf(expected.groupId);
  return expected.membership === 'member' ? `${user} is not in ${group} yet` : `${user} is still in ${group}`;
}

function planOf({ plan }: Data, nameOf: NameOf): string | undefined {
  const { outcome, changes } = plan ?? {};
  if (outcome === 'converged') return 'finds nothing to change';
  if (outcome === 'held') return 'finds nothing to change but what the brake holds';
  if (outcome === 'settle') return 'plans no change';
  if (outcome !== 'apply') return undefined;
  if (!changes) return continuedOf(plan ?? {});
  const made = new Map(changes.map((one) => [one.kind, one]));
  const usersOf = ({ users, userIds }: (typeof changes)[number]) =>
    userIds ? listOf(userIds, nameOf) : count(users, 'user');
  const [revocations, grants, records, holds] = [
    made.get('revoke'),
    made.get('grant'),
    made.get('record'),
    made.get('hold'),
  ];
  return [
    ...(revocations ? [`plans to revoke the seat of ${usersOf(revocations)}`] : []),
    ...(grants ? [`plans a seat for ${usersOf(grants)}`] : []),
    ...(records ? [`has audit events about ${usersOf(records)} to publish`] : []),
    ...(holds ? [`holds revocations of ${(holds.applications ?? []).map(nameOf).join(', ')}`] : []),
  ].join(' and ');
}

function callsOf({
  granted = 0,
  revoked = 0,
  refused = 0,
  later = 0,
  done = 0,
  left = 0,
}: Record<string, number>): string {
  const phrases = [
    ...(revoked > 0 ? [`AWS accepts ${count(revoked, 'revocation')}`] : []),
    ...(granted > 0 ? [`AWS accepts ${count(granted, 'grant')}`] : []),
    ...(refused > 0 ? [`AWS refuses ${count(refused, 'change')}`] : []),
    ...(later > 0 ? [`leaves ${count(later, 'change')} to the next plan`] : []),
    ...(left > 0 ? [`has no time left for ${count(left, 'change')}`] : []),
    ...(done > 0 ? [`${count(done, 'change')} made before`] : []),
  ];
  return phrases.join(', ') || 'no call to AWS needed';
}

function isSecondCheck({ trigger, at, users, groups, sweep }: Request, now: Date, seconds: number): boolean {
  const namesNoMembership = groups.length > 0 || sweep !== undefined || users.some(({ expected }) => !expected);
  if (trigger !== 'event' || !namesNoMembership) return false;
  const early = Date.parse(plusSeconds(at, RECHECK_SECONDS)) - now.getTime() - seconds * 1000;
  return Math.abs(early) < 1000;
}
