import { describe, expect, it } from 'vitest';
import { latestOf, waitForGrantToShow, waitForWriteToSettle } from '../../../domain/decision/timing.ts';
import type { Seat } from '../../../domain/seat/seat.ts';
import { at, iso } from '../../support/builders.ts';
import { START } from '../../support/ids.ts';

type Times = Pick<Seat, 'status' | 'changedAt' | 'grantedAt'>;

describe('waitForGrantToShow', () => {
  it.each<[string, Times, string | undefined]>([
    ['90 s after a create', { status: 'creating', changedAt: iso(-89) }, iso(1)],
    [
      '90 s after the last write of an assignment',
      { status: 'assigned', changedAt: iso(-89), grantedAt: iso() },
      iso(1),
    ],
    ['90 s after the grant of any other seat', { status: 'revoking', changedAt: iso(), grantedAt: iso(-89) }, iso(1)],
    ['no longer than that', { status: 'revoking', changedAt: iso(), grantedAt: iso(-90) }, undefined],
    ['not at all for a seat that was never granted', { status: 'revoking', changedAt: iso() }, undefined],
  ])('waits %s', (_fact, seat, until) => {
    expect(waitForGrantToShow(seat, START)).toEqual(until && { do: 'wait', until });
  });
});

describe('waitForWriteToSettle', () => {
  it('waits until the last write is 30 s old', () => {
    expect(waitForWriteToSettle({ changedAt: iso(-29) }, { readAt: START })).toEqual({ do: 'wait', until: iso(1) });
    expect(waitForWriteToSettle({ changedAt: iso(-30) }, { readAt: START })).toBeUndefined();
  });
});

describe('latestOf', () => {
  it('keeps the latest time of each item, and none that has come', () => {
    const rechecks = [
      { key: 'a', at: iso(20) },
      { key: 'a', at: iso(30) },
      { key: 'a', at: iso(10) },
      { key: 'b', at: iso() },
    ];
    expect(latestOf(rechecks, { readAt: at(0) })).toEqual(new Map([['a', iso(30)]]));
  });
});
