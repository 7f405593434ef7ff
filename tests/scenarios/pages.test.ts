import { describe, expect, it } from 'vitest';
import { people } from '../support/ids.ts';
import { openWorld } from '../support/world.ts';

describe.each(['short', 'varying'] as const)('lists with short and empty pages (%s)', (pages) => {
  it('lead to the same seats as full ones', async () => {
    const world = await openWorld({ people: 140, seated: people(1, 120), quirks: { pages } });
    expect(await world.having('confirmed')).toEqual(people(1, 120));
    const execution = await world.scim({ join: people(121, 140), leave: people(1, 10) });
    await world.play();
    expect(world.stack.endOf(execution)?.outcome).toBe('converged');
    expect(await world.having('confirmed')).toEqual(people(11, 140));
    expect(world.assigned()).toEqual(people(11, 140));
  });

  it('do not make a group look empty when the last but one leaves', async () => {
    const world = await openWorld({ people: 3, seated: [1, 2, 3], quirks: { pages } });
    await world.leaves(1);
    await world.play();
    expect(await world.seats()).toEqual({ 1: 'revoked', 2: 'confirmed', 3: 'confirmed' });
  });
});
