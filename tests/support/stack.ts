import { BatchWriteItemCommand, DeleteItemCommand, DynamoDBClient, paginateScan } from '@aws-sdk/client-dynamodb';
import { marshall, unmarshall } from '@aws-sdk/util-dynamodb';
import { onTestFinished } from 'vitest';
import { type Entitlement, type Entitlements, parseEntitlements } from '../../domain/entitlements.ts';
import { plusSeconds } from '../../domain/shared/time.ts';
import type { IdentityCenter, Quirks } from '../../emulator/aws/identity-center/identity-center.ts';
import {
  type AuditEntry,
  type ExecutionEnd,
  openStack,
  type Stack,
  type StateMoment,
} from '../../emulator/stack/stack.ts';
import type { PlanOutput } from '../../reconcile/plan/result.ts';
import { aSeat } from './builders.ts';
import { anAddMemberToGroup, aRemoveMemberFromGroup, STORE_ID } from './events.ts';
import { detailOf, expectInvariants } from './invariants.ts';
import { CallRecorder } from './permissions.ts';
import { SECRET } from './secret.ts';

/** The group and the application of an entitlement that a test says nothing about. */
export const GROUP = '44f834e8-0081-7055-1d60-2eb4f1bb0f7b';
export const OTHER_GROUP = '55f834e8-0081-7055-1d60-2eb4f1bb0f7b';
export const APPLICATION = 'arn:aws:sso::111122223333:application/ssoins-1111222233334444/apl-5555666677778888';
export const OTHER_APPLICATION = 'arn:aws:sso::111122223333:application/ssoins-1111222233334444/apl-9999666677778888';

const SEATED_BEFORE_SECONDS = 120;
const SETTLED_BEFORE_SECONDS = 30 * 24 * 3600;

/** The id of a person by number. */
export function user(number: number): string {
  return `00000000-0000-4000-8000-${String(number).padStart(12, '0')}`;
}

/** People by number, from the first to the last. */
export function people(first: number, last: number): number[] {
  return Array.from({ length: last - first + 1 }, (_, index) => first + index);
}

/** A person of the directory, with names that nobody would want in a log or a terminal. */
export function aPerson(number: number) {
  return {
    userId: user(number),
    userName: `${SECRET}-${number}\u001b[31m\u0000"\n{{x}}`,
    email: `${SECRET}-${number}@example.com`,
    externalId: { issuer: 'https://idp.example.com', id: `${SECRET}-${number}` },
  };
}

/** One entitlement of {@link WorldOptions.entitlements}; what is left out has the usual value. */
export interface EntitlementOptions {
  name?: string;
  application?: string;
  groups?: readonly string[];
  max?: number;
  graceDays?: number;
  mode?: Entitlement['mode'];
}

/** What is deployed. */
export interface Deployment {
  entitlements?: readonly EntitlementOptions[];
  brake?: Entitlements['brake'];
  retired?: readonly string[];
  /** At 1 a second a batch has 100 users. */
  requestsPerSecond?: number;
}

export interface WorldOptions extends Deployment {
  /** People who exist, numbered from 1. */
  people?: number;
  /** Members by group. Groups of the entitlements exist, empty unless they are listed here. */
  members?: Readonly<Record<string, readonly number[]>>;
  /** Members of GROUP who have their seats already when the test begins. */
  seated?: readonly number[];
  /** Members of GROUP whose seats of APPLICATION stand in the ledger since a month ago, before anything has run. */
  settled?: readonly number[];
  /** Whom somebody else has assigned to APPLICATION. */
  assigned?: readonly number[];
  assignmentRequired?: boolean;
  /** Applications of the entitlements that don't exist. */
  missing?: readonly string[];
  quirks?: Quirks;
}

/** The whole service in process, and the directory that it looks at. */
export interface World {
  stack: Stack;
  center: IdentityCenter;
  /** States that executions entered, in order. */
  states: StateMoment[];
  /** Executions in the order of their ends. */
  ends: ExecutionEnd[];
  /** All that the audit bus took, second copies too. */
  audit: AuditEntry[];
  /** What the functions logged, a line of JSON each. */
  logs: string[];
  now(): Date;
  /** Does something so many seconds from now, in virtual time. */
  after(seconds: number, action: () => unknown): void;
  /** Starts an execution with an event or a manual start. @returns its name */
  start(input: unknown): Promise<string>;
  /** Starts an execution of onboarding-admin. @returns its name */
  admin(input: unknown): Promise<string>;
  /** Deploys the same as before but for what is named. */
  deploy(change: Deployment): void;
  /** Somebody joins or leaves in the console, and its event arrives at once. @returns the execution's name */
  joins(number: number, group?: string): Promise<string>;
  leaves(number: number, group?: string): Promise<string>;
  /** Lets virtual time pass until nothing is left to happen, and checks what holds in every scenario. */
  play(): Promise<void>;
  /** Numbers of the people whom an application has assigned to it. */
  assigned(application?: string): number[];
  /** The most people whom APPLICATION has had assigned to it at any moment after somebody was. */
  peak(): number;
  /** Statuses of the seats by the person's number. */
  seats(application?: string): Promise<Record<number, string>>;
  /** What the audit stream tells, each id once: `Seat Assigned 1 group-join`, in order. */
  told(): string[];
  /** What the last plan of an execution reported. */
  reportOf(execution: string): Pick<PlanOutput, 'report' | 'unconfigured'>;
  /** Values of a metric since the test began, in order. */
  measured(metric: string): number[];
  /** How often an operation was called since the test began. */
  calls(operation: string): number;
  /** All items of the ledger. */
  ledger(): Promise<Record<string, unknown>[]>;
  /** Makes the table hold these items of it and no others, as a restore does. */
  restore(items: readonly Record<string, unknown>[]): Promise<void>;
}

/** Opens a {@link World}; it is closed after the test. */
export async function aWorld(options: WorldOptions = {}): Promise<World> {
  const { seated = [], settled = [], quirks = {} } = options;
  const entitlements = entitlementsOf(options);
  const states: StateMoment[] = [];
  const ends: ExecutionEnd[] = [];
  const audit: AuditEntry[] = [];
  const logs: string[] = [];
  const recorder = new CallRecorder();
  const stack = await openStack({
    entitlements,
    directory: directoryOf(options, entitlements),
    start: new Date('2026-11-01T10:00:00Z'),
    transport: 'in-process',
    quirks,
    listener: {
      state: (moment) => states.push(moment),
      ended: (end) => ends.push(end),
      audit: (entry) => audit.push(entry),
      log: (line) => logs.push(line),
      request(request) {
        recorder.request(request);
        return request.call === 'SSOAdmin.CreateApplicationAssignment' ? noteAssigned : undefined;
      },
    },
  });
  onTestFinished(() => stack.close());
  const { identityCenter: center, clock } = stack;
  const time = () => clock.now().toISOString();
  let counted: Record<string, number> = {};
  let deployed: Deployment = options;
  let peak = 0;
  const noteAssigned = () => {
    peak = Math.max(peak, center.assigned(APPLICATION, Number.POSITIVE_INFINITY).values.length);
  };

  const world: World = {
    stack,
    center,
    states,
    ends,
    audit,
    logs,
    now: () => clock.now(),
    after(seconds, action) {
      stack.at(new Date(plusSeconds(clock.now(), seconds)), async () => {
        await action();
      });
    },
    start: (input) => stack.start(input),
    admin: (input) => stack.startAdmin(input),
    deploy(change) {
      deployed = { ...deployed, ...change };
      stack.configure(entitlementsOf(deployed));
    },
    joins(number, groupId = GROUP) {
      center.join(groupId, user(number));
      return stack.start(anAddMemberToGroup({ groupId, userId: user(number), time: time() }));
    },
    leaves(number, groupId = GROUP) {
      center.leave(groupId, user(number));
      return stack.start(aRemoveMemberFromGroup({ groupId, userId: user(number), time: time() }));
    },
    async play() {
      await stack.runUntilIdle();
      const executions = [...new Set(states.map(({ execution }) => execution))].flatMap(
        (name) => stack.execution(name) ?? [],
      );
      expectInvariants({ executions, ends, audit, logs, ledger: await ledgerOf(stack) });
      recorder.expectPermitted();
    },
    assigned: (application = APPLICATION) =>
      center.assignments().flatMap((one) => (one.applicationArn === application ? [numberOf(one.principalId)] : [])),
    peak: () => peak,
    async seats(application = APPLICATION) {
      const seats = (await stack.seats()).filter(({ applicationArn }) => applicationArn === application);
      return Object.fromEntries(seats.map(({ userId, status }) => [numberOf(userId), status]));
    },
    told() {
      const once = new Map(audit.map((entry) => [detailOf(entry).metadata.uid, entry]));
      return [...once.values()].map((entry) => {
        const { user: about, status_detail } = detailOf(entry);
        return [entry.DetailType, ...(about.uid ? [numberOf(about.uid)] : []), status_detail].join(' ');
      });
    },
    reportOf: (execution) => JSON.parse(stack.execution(execution)?.output ?? '{}').plan ?? {},
    measured: (metric) => logs.flatMap((line) => JSON.parse(line)[metric] ?? []),
    calls: (operation) => (stack.calls()[operation] ?? 0) - (counted[operation] ?? 0),
    ledger: () => ledgerOf(stack),
    async restore(items) {
      const dynamoDb = dynamoDbOf(stack);
      for (const { pk, sk } of await ledgerOf(stack)) {
        await dynamoDb.send(new DeleteItemCommand({ TableName: LEDGER_TABLE, Key: marshall({ pk, sk }) }));
      }
      await putAll(stack, items);
    },
  };
  if (settled.length > 0) {
    const [name = ''] = entitlements.entitlements.map((one) => one.name);
    await putAll(
      stack,
      settled.map((number) => aSettledSeat(number, name, clock.now())),
    );
    counted = stack.calls();
  }
  if (seated.length > 0) {
    await world.start({ scope: 'tick' });
    // Long enough before the test that no read of AWS still lags behind it.
    world.after(SEATED_BEFORE_SECONDS, () => undefined);
    await world.play();
    for (const recorded of [states, ends, audit, logs]) recorded.length = 0;
    counted = stack.calls();
  }
  return world;
}

function entitlementsOf({ entitlements = [{}], brake, retired = [], requestsPerSecond }: Deployment): Entitlements {
  const parsed = parseEntitlements({
    identityCenter: {
      region: 'us-east-1',
      instanceArn: 'arn:aws:sso:::instance/ssoins-1111222233334444',
      identityStoreId: STORE_ID,
    },
    entitlements: entitlements.map(
      ({
        name = 'amazon-q-developer',
        application = APPLICATION,
        groups = [GROUP],
        max = 20_000,
        graceDays = 0,
        mode = 'enforce',
      }) => ({ name, application, groups, seats: { max }, onLeave: { revokeAfterDays: graceDays }, mode }),
    ),
    retired,
    ...(brake ? { brake } : {}),
    ...(requestsPerSecond ? { requestsPerSecond } : {}),
  });
  if ('faults' in parsed) throw new Error(JSON.stringify(parsed.faults));
  return parsed.entitlements;
}

function directoryOf(options: WorldOptions, { entitlements }: Entitlements) {
  const {
    people: count = 3,
    members = {},
    seated = [],
    settled = [],
    assigned = [],
    assignmentRequired = true,
  } = options;
  const groups = new Set([...entitlements.flatMap((entitlement) => entitlement.groups), ...Object.keys(members)]);
  const applications = entitlements
    .map(({ application }) => application)
    .filter((application) => !options.missing?.includes(application));
  return {
    identityStoreId: STORE_ID,
    users: people(1, count).map(aPerson),
    groups: [...groups].map((groupId) => ({
      groupId,
      displayName: `${SECRET}-group`,
      members: [...new Set([...(groupId === GROUP ? [...seated, ...settled] : []), ...(members[groupId] ?? [])])].map(
        user,
      ),
    })),
    applications: applications.map((applicationArn) => ({
      applicationArn,
      assigned: applicationArn === APPLICATION ? [...assigned, ...settled].map(user) : [],
      assignmentRequired,
    })),
  };
}

function numberOf(userId: string): number {
  return Number(userId.slice(-12));
}

/** As an item of the table. */
function aSettledSeat(number: number, entitlement: string, now: Date) {
  const requestedAt = plusSeconds(now, -SETTLED_BEFORE_SECONDS - 60);
  const grantedAt = plusSeconds(now, -SETTLED_BEFORE_SECONDS);
  const [applicationArn, userId] = [APPLICATION, user(number)];
  const seat = aSeat({ applicationArn, userId, entitlement, requestedAt, grantedAt, changedAt: grantedAt });
  return { ...seat, pk: applicationArn, sk: userId };
}

const LEDGER_TABLE = 'usher-local-ledger';

/** The stack's own way to DynamoDB. */
function dynamoDbOf({ sfn }: Stack): DynamoDBClient {
  const { region, credentials, requestHandler, endpoint } = sfn.config;
  if (!endpoint) throw new Error('The stack has no endpoint');
  return new DynamoDBClient({ region, credentials, requestHandler, endpoint });
}

async function ledgerOf(stack: Stack): Promise<Record<string, unknown>[]> {
  const pages = paginateScan({ client: dynamoDbOf(stack) }, { TableName: LEDGER_TABLE });
  const items: Record<string, unknown>[] = [];
  for await (const { Items = [] } of pages) items.push(...Items.map((item) => unmarshall(item)));
  return items;
}

/** BatchWriteItem's own limit. */
const ITEMS_A_CALL = 25;

async function putAll(stack: Stack, items: readonly Record<string, unknown>[]): Promise<void> {
  const dynamoDb = dynamoDbOf(stack);
  for (let first = 0; first < items.length; first += ITEMS_A_CALL) {
    const requests = items.slice(first, first + ITEMS_A_CALL).map((item) => ({ PutRequest: { Item: marshall(item) } }));
    await dynamoDb.send(new BatchWriteItemCommand({ RequestItems: { [LEDGER_TABLE]: requests } }));
  }
}
