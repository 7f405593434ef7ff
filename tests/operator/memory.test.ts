import { describe, expect, it } from 'vitest';
import { newMemory, Recent } from '../../operator/memory.ts';
import { START } from '../support/ids.ts';

describe('what was read before', () => {
  it('is kept as far as it fits: what was used last', () => {
    const recent = new Recent<number>(2);
    recent.set('a', 1);
    recent.set('b', 2);
    recent.get('a');
    recent.set('c', 3);
    expect([recent.get('a'), recent.get('b'), recent.get('c')]).toEqual([1, undefined, 3]);
  });

  it('counts by size, once for each key', () => {
    const recent = new Recent<string>(5, ({ length }) => length);
    recent.set('a', 'xx');
    recent.set('a', 'xxx');
    recent.set('b', 'xx');
    expect([recent.get('a'), recent.get('b')]).toEqual(['xxx', 'xx']);
    recent.set('c', 'x');
    expect([recent.get('a'), recent.get('b'), recent.get('c')]).toEqual([undefined, 'xx', 'x']);
  });

  it('keeps the newest, also if it alone is too large', () => {
    const recent = new Recent<string>(1, ({ length }) => length);
    recent.set('a', 'x');
    recent.set('b', 'xxx');
    expect([recent.get('a'), recent.get('b')]).toEqual([undefined, 'xxx']);
  });

  it('has room for four of the longest histories', () => {
    const { steps } = newMemory();
    const history = Array.from({ length: 25_000 }, (_, index) => ({
      id: index + 1,
      at: START,
      what: 'other' as const,
    }));
    for (const name of ['a', 'b', 'c', 'd', 'e']) steps.set(name, history);
    expect(['a', 'b', 'c', 'd', 'e'].filter((name) => steps.get(name))).toEqual(['b', 'c', 'd', 'e']);
  });
});
