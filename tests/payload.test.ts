import { describe, expect, it } from 'vitest';
import { countBatch, countPlan, INITIAL_PROGRESS, isSpent, type Progress } from '../domain/decision/progress.ts';
import { parseEntitlements } from '../domain/parse-entitlements.ts';
import { normalize } from '../domain/request/normalize.ts';
import { HISTORY_LIMIT_EVENTS } from '../emulator/engine/executions.ts';
import { GROUP, people, STORE_ID } from './support/ids.ts';
import { openWorld } from './support/world.ts';

/** A quarter of the 256 KiB that AWS takes, with everything that an execution carries at its longest. */
const BOUND_BYTES = 64 * 1024;
/** The same with what a sweep found in a hundred applications. */
const REPORT_BYTES = 150 * 1024;
const MOST_ENTITLEMENTS = 100;
/** Requests a second: the slowest, with the most batches. */
const PACE = 1;

/** The longest of everything that AWS allows and the configuration takes. */
const longUser = (number: number) => `0123456789-00000000-0000-4000-8000-${String(number).padStart(12, '0')}`;
const longApplication = (number: number) =>
  `arn:aws-us-gov:sso::111122223333:application/ssoins-1111222233334444/apl-${String(number).padStart(16, '0')}`;
const EXECUTION = `arn:aws-us-gov:states:us-gov-west-1:111122223333:execution:usher-production-onboarding:${'n'.repeat(80)}`;

const parsed = parseEntitlements({
  identityCenter: {
    region: 'us-gov-west-1',
    instanceArn: 'arn:aws-us-gov:sso:::instance/ssoins-1111222233334444',
    identityStoreId: STORE_ID,
  },
  entitlements: Array.from({ length: MOST_ENTITLEMENTS }, (_, index) => ({
    name: `e${String(index).padStart(3, '0')}`.padEnd(63, 'x'),
    application: longApplication(index),
    groups: Array.from({ length: 100 }, (_none, group) => longUser(1000 * index + group)),
    seats: { max: 1000 },
  })),
});
if ('issues' in parsed) throw new Error(JSON.stringify(parsed.issues));
const { entitlements } = parsed;

/** The largest request that an event can become: a notification with as many resources as are named one by one. */
const STARTED = normalize(
  {
    source: 'aws.identitystore',
    'detail-type': 'Group Updated',
    id: 'i'.repeat(256),
    resources: Array.from({ length: 100 }, (_, index) => `arn:aws-us-gov:identitystore:::user/${longUser(index)}`),
  },
  { entitlements, execution: EXECUTION, startedAt: new Date('2026-11-01T10:00:00.000Z') },
);

const PROGRESS: Progress = {
  round: 999,
  batches: 9999,
  stalled: 4,
  digest: 'f'.repeat(64),
  checked: entitlements.entitlements.map(({ name }) => name),
  held: entitlements.entitlements.map(({ application }) => application),
};

function bytesOf(plan: object): number {
  return Buffer.byteLength(JSON.stringify({ ...STARTED, plan }));
}

describe('the state of an execution', () => {
  it('stays below 64 KiB with a batch, however much it changes', () => {
    const users = people(1, 8).map(longUser);
    const changes = ['hold', 'record', 'revoke', 'grant'].map((kind) =>
      kind === 'hold'
        ? { kind, users: 0, applications: people(1, 8).map(longApplication) }
        : { kind, users: 3300, userIds: users },
    );
    const plan = {
      outcome: 'apply',
      round: 999_999,
      batch: 99,
      batches: 99,
      term: 99_999,
      changes,
      progress: PROGRESS,
    };
    const made = { granted: 3300, revoked: 3300, refused: 3300, later: 3300, done: 3300, aside: 3300, left: 3300 };
    expect(bytesOf({ ...plan, made })).toBeLessThan(BOUND_BYTES);
  });

  it('stays below 150 KiB with a report of every application', () => {
    const report = entitlements.entitlements.map(({ name }) => ({
      entitlement: name,
      seats: 200_000,
      waiting: 200_000,
      waitingSince: '2026-11-01T10:00:00.000Z',
      unmanaged: 200_000,
      overCap: 200_000,
      held: 200_000,
      assignedGroups: Array.from({ length: 10 }, (_, index) => longUser(index)),
    }));
    const unconfigured = entitlements.entitlements.map(({ application }) => ({ application, seats: 200_000 }));
    const plan = { outcome: 'settle', settle: { waitSeconds: 120 }, progress: PROGRESS, report, unconfigured };
    expect(bytesOf(plan)).toBeLessThan(REPORT_BYTES);
  });
});

describe('the history of an execution', () => {
  it('has no more events than its rounds and batches account for', async () => {
    const world = await openWorld({ people: 320, members: { [GROUP]: people(1, 320) }, requestsPerSecond: PACE });
    const name = await world.start({ scope: 'everything' });
    await world.play();
    const { historyEvents = 0, output } = world.stack.execution(name) ?? {};
    const { progress }: { progress: Progress } = JSON.parse(output ?? '{}').plan;
    expect(progress.batches).toBe(2);
    expect(historyEvents).toBeGreaterThan(20);
    expect(historyEvents).toBeLessThanOrEqual(24 * progress.round + 10 * progress.batches);
  });

  it('stays far below 25,000 events for a group of 200,000', () => {
    let progress = INITIAL_PROGRESS;
    // A batch takes 180 s, at 10 requests per second 1,800 users.
    for (let seated = 0; seated < 200_000; seated += 1800) {
      progress = countBatch(countPlan(progress, []));
      expect(isSpent(progress)).toBe(false);
    }
    expect(24 * progress.round + 10 * progress.batches).toBeLessThan(HISTORY_LIMIT_EVENTS / 2);
  });
});
