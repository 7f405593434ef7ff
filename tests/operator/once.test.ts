import { describe, expect, it } from 'vitest';
import { once } from '../../operator/once.ts';

describe('what is made once', () => {
  it('is the same at every call, also while it is being made', async () => {
    let made = 0;
    const make = once(async () => {
      made += 1;
      return made;
    });
    expect(await Promise.all([make(), make()])).toEqual([1, 1]);
    expect(await make()).toBe(1);
  });

  it('is made anew if it could not be made', async () => {
    let tries = 0;
    const make = once(async () => {
      tries += 1;
      if (tries === 1) throw new Error('no credentials');
      return tries;
    });
    await expect(make()).rejects.toThrow('no credentials');
    expect(await make()).toBe(2);
  });
});
