import { describe, expect, it } from 'vitest';
import { once } from '../../operator/once.ts';

/** Returns a function that fails as often, and then returns the number of its calls. */
function failing(times: number) {
  let calls = 0;
  return async () => {
    calls += 1;
    if (calls <= times) throw new Error(`call ${calls}`);
    return calls;
  };
}

describe('what is made once', () => {
  it('is the same at every call', () => {
    const made = once(() => ({}));
    expect(made()).toBe(made());
  });

  it('is undefined at every call if it is that', () => {
    let calls = 0;
    const made = once(() => {
      calls += 1;
    });
    made();
    made();
    expect(calls).toBe(1);
  });

  it('is one promise for all who ask while it is pending, and after it was kept', async () => {
    const made = once(failing(0));
    expect(await Promise.all([made(), made()])).toEqual([1, 1]);
    expect(await made()).toBe(1);
  });

  it('is made again after its promise was rejected', async () => {
    const made = once(failing(1));
    await expect(Promise.all([made(), made()])).rejects.toThrow('call 1');
    expect(await made()).toBe(2);
    expect(await made()).toBe(2);
  });
});
