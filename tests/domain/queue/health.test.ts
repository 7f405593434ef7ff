import { describe, expect, it } from 'vitest';
import { healthOf, namedAside } from '../../../domain/queue/health.ts';
import type { WorkQueue } from '../../../domain/queue/work-queue.ts';
import { aQueue, aSweepItem, aSweepReport, at, aUserItem, iso } from '../../support/builders.ts';
import { APPLICATION, OTHER_APPLICATION, user } from '../../support/ids.ts';

const HOUR = 3600;
const refused = { reason: 'access-denied', at: iso() };
const withoutEffect = { reason: 'no-effect', at: iso() };
const { fullAt: _, ...neverFull } = aSweepReport();

describe('how an application fares', () => {
  it.each<[string, Partial<WorkQueue>, object]>([
    ['nothing is known of it', {}, { unsweptSeconds: 0, aside: 0, notConverged: 0 }],
    ['it was swept in full an hour ago', { reports: { [APPLICATION]: aSweepReport() } }, { unsweptSeconds: HOUR }],
    [
      'no sweep was ever full: since the first',
      { reports: { [APPLICATION]: { ...neverFull, firstAt: iso(60) } } },
      { unsweptSeconds: HOUR - 60 },
    ],
    [
      'it could never be read: since the first request',
      { sweeps: { [APPLICATION]: aSweepItem({ since: iso(600) }) } },
      { unsweptSeconds: HOUR - 600 },
    ],
    [
      'users are put aside at their seats',
      { reports: { [APPLICATION]: aSweepReport({ aside: 2, notConverged: 1 }) } },
      { aside: 2, notConverged: 1 },
    ],
    [
      'AWS refuses to read it',
      { sweeps: { [APPLICATION]: aSweepItem({ failed: true, reported: refused }) } },
      { aside: 1, notConverged: 0 },
    ],
    [
      'it is tried again, and nothing says that it works',
      { sweeps: { [APPLICATION]: aSweepItem({ reported: refused }) } },
      { aside: 1, notConverged: 0 },
    ],
    [
      'its changes have no effect',
      { sweeps: { [APPLICATION]: aSweepItem({ failed: true, reported: withoutEffect }) } },
      { aside: 0, notConverged: 1 },
    ],
  ])('%s', (_fact, parts, expected) => {
    expect(healthOf(aQueue(parts), [APPLICATION], at(HOUR)).get(APPLICATION)).toMatchObject(expected);
  });

  it('is no matter of another application', () => {
    const queue = aQueue({ reports: { [OTHER_APPLICATION]: aSweepReport({ aside: 2 }) } });
    expect([...healthOf(queue, [APPLICATION], at(HOUR))]).toEqual([
      [APPLICATION, { unsweptSeconds: 0, aside: 0, notConverged: 0 }],
    ]);
  });
});

it('users who are put aside by name are counted by why', () => {
  const users = {
    [user(1)]: aUserItem({ reported: refused }),
    [user(2)]: aUserItem({ reported: withoutEffect }),
    [user(3)]: aUserItem(),
  };
  expect(namedAside(aQueue({ users }))).toEqual({ aside: 1, notConverged: 1 });
});
