import { setImmediate } from 'node:timers/promises';
import { describe, expect, it } from 'vitest';
import { Idleness } from '../../console/idleness.ts';
import { aPause } from '../support/pauses.ts';

function anIdleness() {
  const pauses = aPause();
  let isIdle = false;
  const onIdle = () => {
    isIdle = true;
  };
  const idleness = new Idleness({ seconds: 1800, pause: pauses.pause, onIdle });
  return {
    idleness,
    pauses,
    isIdle: async () => {
      pauses.end(1800);
      await setImmediate();
      return isIdle;
    },
  };
}

describe('a console without a page', () => {
  it('is idle after a while', async () => {
    const { isIdle } = anIdleness();
    expect(await isIdle()).toBe(true);
  });

  it('is not idle while a request is open, as a stream is, and begins anew after the last one', async () => {
    const { idleness, isIdle, pauses } = anIdleness();
    const [one, other] = [new AbortController(), new AbortController()];
    idleness.count(one.signal);
    idleness.count(other.signal);
    expect(pauses.waiting()).toEqual([]);
    one.abort();
    expect(await isIdle()).toBe(false);
    other.abort();
    expect(pauses.waiting()).toEqual([1800]);
    expect(await isIdle()).toBe(true);
  });

  it('waits for nothing once it has ended', async () => {
    const { idleness, isIdle, pauses } = anIdleness();
    const open = new AbortController();
    idleness.count(open.signal);
    idleness.stop();
    open.abort();
    expect(pauses.waiting()).toEqual([]);
    expect(await isIdle()).toBe(false);
  });
});
