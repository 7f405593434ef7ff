import { describe, expect, it } from 'vitest';
import type { PlannedChange } from '../domain/decision/batches.ts';
import { ROUND_BATCHES, toBatches } from '../domain/decision/batches.ts';
import { countRound, INITIAL_PROGRESS, isSpent, type Progress } from '../domain/decision/progress.ts';
import { parseEntitlements } from '../domain/entitlements.ts';
import { normalize } from '../domain/request/normalize.ts';
import { ReasonSchema } from '../domain/seat/seat.ts';
import { HISTORY_LIMIT_EVENTS } from '../emulator/engine/executions.ts';
import { GROUP, people, STORE_ID } from './support/ids.ts';
import { openWorld } from './support/world.ts';

/** Of the 256 KiB that AWS takes: what is left is for what a later version adds. */
const BOUND_BYTES = 150 * 1024;
const MOST_ENTITLEMENTS = 100;
/** More than a round takes. */
const MANY = 6000;
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

const KINDS = ['grant', 'revoke', 'record', 'hold'] as const;

function bytesOf(plan: object): number {
  return Buffer.byteLength(JSON.stringify({ ...STARTED, plan }));
}

function applying(changes: readonly PlannedChange[]) {
  const { batches, more } = toBatches(changes, PACE);
  return {
    more,
    batches,
    plan: { outcome: 'apply', batches, term: 99_999, plannedAt: new Date(0), progress: PROGRESS },
  };
}

describe('the state of an execution', () => {
  it('stays below 150 KiB with a full round of one application', () => {
    const changes = Array.from({ length: MANY }, (_, index) => ({
      applicationArn: longApplication(0),
      kind: 'grant' as const,
      reason: 'drift-healed' as const,
      userId: longUser(index),
    }));
    const { plan, batches, more } = applying(changes);
    expect(batches.length).toBeGreaterThan(25);
    expect(more).toBe(true);
    expect(bytesOf(plan)).toBeLessThan(BOUND_BYTES);
  });

  it('stays below 150 KiB with changes of every kind and reason in every application', () => {
    const changes = entitlements.entitlements.flatMap(({ application }, index) =>
      KINDS.flatMap((kind) =>
        ReasonSchema.options.flatMap((reason, number) => [
          { applicationArn: application, kind, reason, userId: longUser(100 * index + number) },
        ]),
      ),
    );
    const { plan, batches, more } = applying(changes);
    expect({ batches: batches.length, more }).toEqual({ batches: ROUND_BATCHES, more: true });
    expect(bytesOf(plan)).toBeLessThan(BOUND_BYTES);
  });

  it('stays below 150 KiB with any mixture of the two', () => {
    for (const applications of [1, 10, 40, 60, 80, 100]) {
      const changes = Array.from({ length: MANY }, (_, index) => ({
        applicationArn: longApplication(index % applications),
        kind: 'revoke' as const,
        reason: 'entitlement-removed' as const,
        userId: longUser(index),
      }));
      const { plan, more } = applying(changes);
      expect(more).toBe(true);
      expect(bytesOf(plan)).toBeLessThan(BOUND_BYTES);
    }
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
    expect(bytesOf(plan)).toBeLessThan(BOUND_BYTES);
  });
});

describe('the history of an execution', () => {
  it('has no more events than its rounds and batches account for', async () => {
    const world = await openWorld({ people: 220, members: { [GROUP]: people(1, 220) }, requestsPerSecond: PACE });
    const name = await world.start({ scope: 'everything' });
    await world.play();
    const { historyEvents = 0, output } = world.stack.execution(name) ?? {};
    const { progress }: { progress: Progress } = JSON.parse(output ?? '{}').plan;
    expect(progress.batches).toBe(4);
    expect(historyEvents).toBeGreaterThan(20);
    expect(historyEvents).toBeLessThanOrEqual(24 * progress.round + 10 * progress.batches);
  });

  it('stays far below 25,000 events for a group of 50,000', () => {
    let progress = INITIAL_PROGRESS;
    for (let joined = 0; joined < 50_000; ) {
      const changes = Array.from({ length: MANY }, (_, index) => ({
        applicationArn: longApplication(0),
        kind: 'grant' as const,
        reason: 'group-join' as const,
        userId: longUser(joined + index),
      }));
      const { batches } = toBatches(changes, PACE);
      progress = countRound(progress, batches);
      joined += batches.flatMap(({ userIds }) => userIds).length;
      expect(isSpent(progress)).toBe(false);
    }
    expect(24 * progress.round + 10 * progress.batches).toBeLessThan(HISTORY_LIMIT_EVENTS / 2);
  });
});
