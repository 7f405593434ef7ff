import { DynamoDBClient, GetItemCommand, PutItemCommand } from '@aws-sdk/client-dynamodb';
import { marshall, unmarshall } from '@aws-sdk/util-dynamodb';
import { connectEventBus } from '../../adapters/event-bus.ts';
import { connectDirectory } from '../../adapters/identity-store.ts';
import { connectLedger } from '../../adapters/ledger.ts';
import { connectApplications } from '../../adapters/sso-admin.ts';
import type { Batch } from '../../domain/decision/batches.ts';
import { type Entitlement, type Entitlements, parseEntitlements } from '../../domain/entitlements.ts';
import type { Request } from '../../domain/request/request.ts';
import type { Seat } from '../../domain/seat/seat.ts';
import type { Clock } from '../../domain/shared/clock.ts';
import { openDynamoDb } from '../../emulator/aws/dynamodb/dynamodb.ts';
import { type BusEntry, eventBus } from '../../emulator/aws/eventbridge/event-bus.ts';
import { Faults } from '../../emulator/aws/faults.ts';
import { Gateway } from '../../emulator/aws/gateway.ts';
import type { DirectorySeed } from '../../emulator/aws/identity-center/directory-seed.ts';
import { IdentityCenter } from '../../emulator/aws/identity-center/identity-center.ts';
import { identityStore } from '../../emulator/aws/identity-store/identity-store.ts';
import { ssoAdmin } from '../../emulator/aws/sso-admin/sso-admin.ts';
import { readTemplate } from '../../emulator/engine/template.ts';
import { STORE_ID } from './events.ts';
import { APPLICATION, GROUP, people, user } from './stack.ts';

/** When a test begins. */
export const START = new Date('2026-11-01T10:00:00.000Z');
export const TABLE = 'ledger';
export const BUS = 'audit';
const ACCOUNT = '111122223333';
const INSTANCE = 'arn:aws:sso:::instance/ssoins-1111222233334444';

/** The ARN of an execution by name. */
function executionArn(name: string): string {
  return `arn:aws:states:us-east-1:${ACCOUNT}:execution:usher-onboarding:${name}`;
}

/** The execution that a test says nothing about, and another one. */
export const ME = executionArn('me');
export const OTHER = executionArn('other');

/** A clock that stands still, except that its sleepers move it on at once. */
export interface ManualClock extends Clock {
  advance(seconds: number): void;
}

export function aClock(start = START): ManualClock {
  let now = start.getTime();
  const advance = (seconds: number) => {
    now += seconds * 1000;
  };
  return { now: () => new Date(now), advance, sleep: async (seconds) => advance(seconds) };
}

/** One entitlement, of GROUP to APPLICATION, unless a test says otherwise. */
export function someEntitlements({
  entitlements = [{}],
  ...rest
}: {
  entitlements?: Partial<Entitlement>[];
  retired?: string[];
  brake?: Entitlements['brake'];
  requestsPerSecond?: number;
} = {}): Entitlements {
  const usual = { name: 'amazon-q-developer', application: APPLICATION, groups: [GROUP], seats: { max: 1000 } };
  const parsed = parseEntitlements({
    identityCenter: { region: 'us-east-1', instanceArn: INSTANCE, identityStoreId: STORE_ID },
    entitlements: entitlements.map((one) => ({ ...usual, ...one })),
    ...rest,
  });
  if ('faults' in parsed) throw new Error(JSON.stringify(parsed.faults));
  return parsed.entitlements;
}

/** An event about nobody in particular, of which a test gives what it is about. */
export function aRequest(parts: Partial<Request> = {}): Request {
  return {
    version: 1,
    trigger: 'event',
    cause: 'event-1',
    at: START.toISOString(),
    users: [],
    groups: [],
    ...parts,
  };
}

/** The request of an event that told of one person and GROUP. */
export function aMembershipRequest(
  membership: 'member' | 'absent',
  number: number,
  parts: Partial<Request> = {},
): Request {
  return aRequest({ users: [{ userId: user(number), expected: { groupId: GROUP, membership } }], ...parts });
}

/** A confirmed seat of APPLICATION; one that AWS has never taken has another status. */
export function aSeat(number: number, parts: Partial<Seat> = {}): Seat {
  const granted = !['creating', 'waitlisted', 'failed'].includes(parts.status ?? 'confirmed');
  return {
    schemaVersion: 1,
    applicationArn: APPLICATION,
    userId: user(number),
    entitlement: 'amazon-q-developer',
    status: 'confirmed',
    changeSeq: 1,
    revision: 1,
    cause: 'event-0',
    requestedAt: '2026-10-01T00:00:00.000Z',
    ...(granted ? { grantedAt: '2026-10-01T00:00:00.000Z' } : {}),
    changedAt: '2026-10-01T00:00:00.000Z',
    audit: [],
    ...parts,
  };
}

export function aBatch(kind: Batch['kind'], numbers: readonly number[], parts: Partial<Batch> = {}): Batch {
  const reason = kind === 'revoke' ? 'group-leave' : 'group-join';
  return { applicationArn: APPLICATION, kind, reason, userIds: numbers.map(user), ...parts };
}

export interface ServicesOptions {
  entitlements?: Entitlements;
  /** People who exist, numbered from 1. */
  people?: number;
  /** Members of GROUP. */
  members?: readonly number[];
  directory?: Partial<DirectorySeed>;
}

/** The real adapters over the stand-in in process, without a state machine. Pacing takes no time. */
export async function openServices(options: ServicesOptions = {}) {
  const { entitlements = someEntitlements(), members = [], directory = {} } = options;
  const clock = aClock();
  const center = new IdentityCenter(
    {
      identityStoreId: STORE_ID,
      users: people(1, options.people ?? 5).map((number) => ({ userId: user(number), userName: `name-${number}` })),
      groups: [{ groupId: GROUP, members: members.map(user) }],
      applications: entitlements.entitlements.map(({ application }) => ({ applicationArn: application })),
      ...directory,
    },
    { clock, instanceArn: INSTANCE },
  );
  const faults = new Faults();
  const database = openDynamoDb();
  await database.createTable({ TableName: TABLE, ...readTemplate().ledgerTable });
  const entries: BusEntry[] = [];
  const door = new Gateway({
    services: {
      IdentityStore: identityStore(center, clock),
      SSOAdmin: ssoAdmin(center, clock),
      EventBridge: eventBus({ buses: [BUS], clock, onEntry: (entry) => entries.push(entry) }),
      DynamoDB: database,
    },
    faults,
    onCrash: () => undefined,
  });
  const aws = {
    region: 'us-east-1',
    maxAttempts: 1,
    endpoint: 'http://127.0.0.1',
    credentials: { accessKeyId: 'test', secretAccessKey: 'test' },
    requestHandler: door.requestHandler(),
  } as const;
  // The rate limit of the stand-in is a matter of its own tests.
  const pacer = { turn: async () => clock.advance(0.1) };
  const measured: [name: string, value: number, entitlement?: string][] = [];
  const dynamoDb = new DynamoDBClient(aws);
  const ledger = connectLedger(aws, TABLE);
  return {
    aws,
    center,
    clock,
    door,
    faults,
    /** What the audit bus took. */
    entries,
    measured,
    calls: (operation: string) => door.calls.get(operation) ?? 0,
    services: {
      clock,
      entitlements,
      ledger,
      directory: connectDirectory(aws, STORE_ID, pacer),
      applications: connectApplications(aws, pacer),
      bus: connectEventBus(aws, BUS),
      sender: { productVersion: '1.2.3', region: 'us-east-1' },
      measure: (...metric: [name: string, value: number, entitlement?: string]) => {
        measured.push(metric);
      },
    },
    /** Writes an item as it is, past the ledger. */
    put: (item: object) => dynamoDb.send(new PutItemCommand({ TableName: TABLE, Item: marshall(item) })),
    /** Reads an item as it is. */
    async item(pk: string, sk: string): Promise<Record<string, unknown> | undefined> {
      const { Item } = await dynamoDb.send(new GetItemCommand({ TableName: TABLE, Key: marshall({ pk, sk }) }));
      return Item && unmarshall(Item);
    },
    /** The seat of a person for APPLICATION. */
    async seat(number: number): Promise<Seat | undefined> {
      const [seat] = await ledger.seats([{ applicationArn: APPLICATION, userId: user(number) }]);
      return seat;
    },
    /** Whether APPLICATION is assigned to a person. */
    isAssigned: (number: number) =>
      center.isAssigned({ applicationArn: APPLICATION, principalId: user(number), principalType: 'USER' }),
  };
}
