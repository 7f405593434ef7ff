import { describe, expect, it } from 'vitest';
import { acquireLease, holderOf, LEASE_SECONDS, renewTerm } from '../../../domain/queue/lease.ts';
import { emptyQueue, type WorkQueue } from '../../../domain/queue/work-queue.ts';
import { aQueue, iso } from '../../support/builders.ts';
import { ME, OTHER, START } from '../../support/ids.ts';
import { heldBy } from '../../support/queue.ts';

describe('the lease', () => {
  it('is held until it expires', () => {
    expect(holderOf(aQueue(heldBy(ME, 0.001)), START)).toBe(ME);
    expect(holderOf(aQueue(heldBy(ME, 0)), START)).toBeUndefined();
    expect(holderOf(emptyQueue(), START)).toBeUndefined();
  });

  it.each<[string, Partial<WorkQueue>, { holder: string; term: number } | undefined]>([
    ['is acquired if it is free', { term: 7 }, { holder: ME, term: 8 }],
    ['is acquired if it has expired', heldBy(OTHER, 0), { holder: ME, term: 8 }],
    ['is renewed by its holder', heldBy(ME, 1), { holder: ME, term: 7 }],
    ['begins a new term if its own has expired', heldBy(ME, 0), { holder: ME, term: 8 }],
    ['cannot be acquired while another execution holds it', heldBy(OTHER, 1), undefined],
  ])('%s', (_fact, parts, expected) => {
    const queue = acquireLease(aQueue(parts), ME, START);
    expect(queue?.lease).toEqual(expected && { ...expected, until: iso(LEASE_SECONDS) });
    expect(queue?.term).toBe(expected?.term);
  });

  it.each<[string, Partial<WorkQueue>, number, boolean]>([
    ['by its holder', heldBy(ME, 1), 7, true],
    ['not after it has expired', heldBy(ME, 0), 7, false],
    ['not by another execution', heldBy(OTHER, 1), 7, false],
    ['not for an earlier term', heldBy(ME, 1), 6, false],
    ['not if no execution holds it', { term: 7 }, 7, false],
  ])('is renewed %s', (_fact, parts, term, expected) => {
    const renewed = renewTerm(aQueue(parts), ME, term, START);
    expect(renewed?.lease).toEqual(expected ? heldBy(ME).lease : undefined);
  });
});
