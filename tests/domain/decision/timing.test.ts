import { describe, expect, it } from 'vitest';
import {
  latestOf,
  type Recheck,
  waitForCreateToShow,
  waitForGrantToShow,
  waitForWriteToSettle,
} from '../../../domain/decision/timing.ts';
import type { Seat } from '../../../domain/seat/seat.ts';
import { iso } from '../../support/builders.ts';
import { START } from '../../support/ids.ts';

type Times = Pick<Seat, 'status' | 'changedAt' | 'grantedAt' | 'madeAgainAt'>;

describe('waitForGrantToShow', () => {
  it.each<[string, Times, string | undefined]>([
    ['90 s after a create', { status: 'creating', changedAt: iso(-89) }, iso(1)],
    [
      '90 s after the last write of an assignment',
      { status: 'assigned', changedAt: iso(-89), grantedAt: iso() },
      iso(1),
    ],
    ['90 s after the grant of any other seat', { status: 'revoking', changedAt: iso(), grantedAt: iso(-89) }, iso(1)],
    [
      '90 s after any other seat was made again',
      { status: 'confirmed', changedAt: iso(), grantedAt: iso(-86_400), madeAgainAt: iso(-89) },
      iso(1),
    ],
    ['no longer than that', { status: 'revoking', changedAt: iso(), grantedAt: iso(-90) }, undefined],
    ['not at all for a seat that was never granted', { status: 'revoking', changedAt: iso() }, undefined],
  ])('waits %s', (_fact, seat, until) => {
    expect(waitForGrantToShow(seat, START)).toEqual(until && { do: 'wait', until });
  });
});

describe('waitForCreateToShow', () => {
  it.each<[string, Times, string | undefined]>([
    [
      '75 minutes after the intention of a create without an answer',
      { status: 'creating', changedAt: iso(-4499) },
      iso(1),
    ],
    ['an hour after the grant', { status: 'confirmed', changedAt: iso(), grantedAt: iso(-3599) }, iso(1)],
    [
      'an hour after the seat was made again',
      { status: 'confirmed', changedAt: iso(), grantedAt: iso(-86_400), madeAgainAt: iso(-3599) },
      iso(1),
    ],
    ['an hour after the last write, if no create is known', { status: 'revoking', changedAt: iso(-3599) }, iso(1)],
    ['no longer than that', { status: 'confirmed', changedAt: iso(), grantedAt: iso(-3600) }, undefined],
  ])('waits %s', (_fact, seat, until) => {
    expect(waitForCreateToShow(seat, { readAt: START })).toEqual(until && { do: 'wait', until });
  });
});

describe('waitForWriteToSettle', () => {
  it('waits until the last write is 30 s old', () => {
    expect(waitForWriteToSettle({ changedAt: iso(-29) }, { readAt: START })).toEqual({ do: 'wait', until: iso(1) });
    expect(waitForWriteToSettle({ changedAt: iso(-30) }, { readAt: START })).toBeUndefined();
  });
});

describe('the next check of a work item', () => {
  it.each<[string, Recheck[], [string, string][]]>([
    ['is the only one asked for', [{ key: 'a', at: iso(1) }], [['a', iso(1)]]],
    ['is the latest of several', [20, 90, 30].map((seconds) => ({ key: 'a', at: iso(seconds) })), [['a', iso(90)]]],
    ['does not come if its time has come', [{ key: 'a', at: iso() }], []],
    [
      'does not replace a later one if its time has come',
      [
        { key: 'a', at: iso(1) },
        { key: 'a', at: iso(-1) },
      ],
      [['a', iso(1)]],
    ],
    [
      'is that item’s own',
      [
        { key: 'a', at: iso(1) },
        { key: 'b', at: iso(2) },
      ],
      [
        ['a', iso(1)],
        ['b', iso(2)],
      ],
    ],
  ])('%s', (_fact, rechecks, expected) => {
    expect([...latestOf(rechecks, { readAt: START })]).toEqual(expected);
  });
});
