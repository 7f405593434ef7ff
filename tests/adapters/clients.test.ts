import { DynamoDBClient } from '@aws-sdk/client-dynamodb';
import { SSOAdminClient } from '@aws-sdk/client-sso-admin';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { clientFactory, createOperationPacer, createPacer } from '../../adapters/clients.ts';
import type { Clock } from '../../domain/shared/clock.ts';

const NOON = Date.parse('2026-11-02T12:00:00Z');

/** A clock that stands still unless it is moved; a sleep notes when it would end, and is over. */
function aStandingClock() {
  const wakes: number[] = [];
  let now = NOON;
  const clock: Clock = {
    now: () => new Date(now),
    sleep: async (seconds) => {
      wakes.push(now + seconds * 1000);
    },
  };
  return { clock, wakes, advance: (milliseconds: number) => (now += milliseconds) };
}

describe('paced', () => {
  it('lets the first call through at once', async () => {
    const { clock, wakes } = aStandingClock();
    await createPacer(10, clock).pace();
    expect(wakes).toEqual([]);
  });

  it('lets calls that arrive together through one after another', async () => {
    const { clock, wakes } = aStandingClock();
    const pacer = createPacer(10, clock);
    await Promise.all([pacer.pace(), pacer.pace(), pacer.pace(), pacer.pace()]);
    expect(wakes).toEqual([NOON + 100, NOON + 200, NOON + 300]);
  });

  it('waits only for what is left of the interval', async () => {
    const { clock, wakes, advance } = aStandingClock();
    const pacer = createPacer(2, clock);
    await pacer.pace();
    advance(400);
    await pacer.pace();
    expect(wakes).toEqual([NOON + 500]);
  });

  it('saves up no calls while there are none', async () => {
    const { clock, wakes, advance } = aStandingClock();
    const pacer = createPacer(10, clock);
    await pacer.pace();
    advance(60_000);
    await pacer.pace();
    await pacer.pace();
    expect(wakes).toEqual([NOON + 60_100]);
  });

  it('keeps pacers apart', async () => {
    const { clock, wakes } = aStandingClock();
    await createPacer(1, clock).pace();
    await createPacer(1, clock).pace();
    expect(wakes).toEqual([]);
  });

  it('never lets two calls through closer than the interval', async () => {
    await fc.assert(
      fc.asyncProperty(
        fc.integer({ min: 1, max: 20 }),
        fc.array(fc.integer({ min: 0, max: 2000 }), { minLength: 2, maxLength: 30 }),
        async (perSecond, gaps) => {
          const { clock, wakes, advance } = aStandingClock();
          const pacer = createPacer(perSecond, clock);
          const passed: number[] = [];
          for (const gap of gaps) {
            advance(gap);
            const slept = wakes.length;
            await pacer.pace();
            passed.push(wakes[slept] ?? clock.now().getTime());
          }
          const apart = passed.slice(1).map((time, index) => time - (passed[index] ?? Number.NaN));
          // Floating point: a thousandth of a millisecond is no burst.
          expect(Math.min(...apart)).toBeGreaterThan(1000 / perSecond - 0.001);
        },
      ),
    );
  });
});

describe('pacedByOperation', () => {
  it('lets calls of one operation through one after another, whatever other operations do', async () => {
    const { clock, wakes } = aStandingClock();
    const pacer = createOperationPacer(10, clock);
    await pacer.pace('ListUsers');
    await pacer.pace('ListGroupMemberships');
    expect(wakes).toEqual([]);
    await pacer.pace('ListUsers');
    await pacer.pace('ListGroupMemberships');
    expect(wakes).toEqual([NOON + 100, NOON + 100]);
  });
});

describe('a service’s client', () => {
  const settings = { region: 'us-east-1', maxAttempts: 1 } as const;

  it('is shared by equal settings, and different for others', () => {
    const clientFor = clientFactory(DynamoDBClient);
    expect(clientFor(settings)).toBe(clientFor(settings));
    expect(clientFor({ ...settings })).not.toBe(clientFor(settings));
  });

  it('is no other service’s', () => {
    expect(clientFactory(SSOAdminClient)(settings)).toBeInstanceOf(SSOAdminClient);
    expect(clientFactory(DynamoDBClient)(settings)).toBeInstanceOf(DynamoDBClient);
  });
});
