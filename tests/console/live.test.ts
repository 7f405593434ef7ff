import { setImmediate } from 'node:timers/promises';
import { describe, expect, it } from 'vitest';
import type { Question } from '../../console/ask.ts';
import type { News } from '../../console/follower.ts';
import { Live } from '../../console/live.ts';
import { Runs } from '../../console/runs.ts';
import { aPause } from '../support/pauses.ts';

const question = (ask: string): Question => ({ ask, args: [ask], command: `usher ${ask}` });

/** Lets everything happen that waits for nothing. */
async function settle() {
  for (let turn = 0; turn < 20; turn += 1) await setImmediate();
}

/** A live view of commands whose output a test sets; 'stuck' never ends. */
function aLive() {
  const pauses = aPause();
  const says = new Map<string, string>();
  const asked: string[] = [];
  const problems: string[] = [];
  const onProblem = (problem: string) => problems.push(problem);
  const { pause } = pauses;
  const runs = new Runs({
    pause,
    onProblem,
    command: {
      async *run([name = '']) {
        asked.push(name);
        if (says.get(name) === 'stuck') await new Promise(() => undefined);
        yield says.get(name) ?? '{}';
      },
    },
  });
  let hour = 0;
  const now = async () => {
    hour += 1;
    return new Date(Date.UTC(2026, 0, 1, hour));
  };
  const live = new Live({ now, runs, pause, onProblem, seconds: { running: 1, idle: 15 } });
  return {
    pauses,
    says,
    problems,
    /** What was asked since the last time. */
    asked: () => asked.splice(0),
    /** A page. `heard`: what it has heard since the last time; undefined lines: only the time. */
    page(...asks: string[]) {
      const leaving = new AbortController();
      const news: News[] = [];
      const reading = (async () => {
        for await (const one of live.follow(asks.map(question), leaving.signal)) news.push(one);
      })();
      return {
        async heard() {
          await settle();
          return news.splice(0).flatMap(({ answer, isLast }) => (answer ? answer.lines : isLast ? ['last'] : []));
        },
        async leave() {
          leaving.abort();
          await reading;
        },
        reading,
      };
    },
    follow: (...asks: string[]) => live.follow(asks.map(question), new AbortController().signal),
  };
}

describe('what pages follow', () => {
  it('is asked once for all of them, and an answer is sent to those who follow it', async () => {
    const { page, says, asked } = aLive();
    says.set('a', '1').set('b', '2');
    const [one, other] = [page('a', 'b'), page('b')];
    expect(await one.heard()).toEqual(['1', '2']);
    expect(await other.heard()).toEqual(['2']);
    expect(asked().toSorted()).toEqual(['a', 'b']);
  });

  it('is asked again every 15 seconds, and only what has changed is sent', async () => {
    const { page, says, asked, pauses } = aLive();
    says.set('a', '1').set('b', '2');
    const one = page('a', 'b');
    await one.heard();
    expect(pauses.waiting()).toEqual([15]);
    says.set('b', '3');
    pauses.end(15);
    expect(await one.heard()).toEqual(['3']);
    expect(asked()).toEqual(['a', 'b', 'a', 'b']);
  });

  it.each(['{"type":"execution","status":"RUNNING"}', '{"type":"status","running":2}'])(
    'is asked again every second while an answer has %s',
    async (line) => {
      const { page, says, pauses } = aLive();
      says.set('a', line);
      const one = page('a');
      await one.heard();
      expect(pauses.waiting()).toEqual([1]);
      says.set('a', '{"type":"status","running":0}');
      pauses.end(1);
      await one.heard();
      expect(pauses.waiting()).toEqual([15]);
    },
  );

  it('is asked at once if a page comes with another question, and the rest when its time has come', async () => {
    const { page, says, asked, pauses } = aLive();
    says.set('a', '1').set('b', '2');
    const one = page('a');
    await one.heard();
    asked();
    const other = page('a', 'b');
    expect(await other.heard()).toEqual(['1', '2']);
    expect(asked()).toEqual(['b']);
    expect(pauses.waiting()).toEqual([15]);
  });

  it('is asked every second as soon as a new question shows that something runs', async () => {
    const { page, says, pauses } = aLive();
    await page('a').heard();
    says.set('b', '"status":"RUNNING"');
    await page('b').heard();
    expect(pauses.waiting()).toEqual([1]);
  });

  it('is not asked without a page, and asked anew when one comes', async () => {
    const { page, says, asked, pauses } = aLive();
    says.set('a', '1');
    const one = page('a');
    await one.heard();
    await one.leave();
    await settle();
    expect(pauses.waiting()).toEqual([]);
    expect(asked()).toEqual(['a']);
    says.set('a', '2');
    expect(await page('a').heard()).toEqual(['2']);
    expect(asked()).toEqual(['a']);
  });

  it('waits for no question that never ends, until its time is up', async () => {
    const { page, says, asked, pauses } = aLive();
    says.set('a', '1').set('b', 'stuck');
    const one = page('a', 'b');
    expect(await one.heard()).toEqual(['1']);
    says.set('a', '2');
    for (const seconds of [15, 15]) {
      pauses.end(seconds);
      await settle();
    }
    expect(await one.heard()).toEqual(['2']);
    expect(asked().filter((ask) => ask === 'b')).toEqual(['b']);
    pauses.end(300);
    expect(await one.heard()).toEqual([expect.stringContaining('has not ended after 300 seconds')]);
    says.set('b', '3');
    pauses.end(15);
    expect(await one.heard()).toEqual(['3']);
  });

  it('is sent to four pages: the oldest one hears that a fifth has come, and nothing more', async () => {
    const { page, says, pauses } = aLive();
    says.set('a', '1');
    const pages = [1, 2, 3, 4].map(() => page('a'));
    for (const one of pages) expect(await one.heard()).toEqual(['1']);
    const fifth = page('a');
    expect(await fifth.heard()).toEqual(['1']);
    expect(await pages[0]?.heard()).toEqual(['last']);
    await pages[0]?.reading;
    says.set('a', '2');
    pauses.end(15);
    for (const one of [...pages.slice(1), fifth]) expect(await one.heard()).toEqual(['2']);
    expect(await pages[0]?.heard()).toEqual([]);
  });

  it('waits for a slow page as the newest answer only', async () => {
    const { follow, says, pauses } = aLive();
    says.set('a', '0');
    const slow = follow('a');
    expect((await slow.next()).value).toMatchObject({ answer: { lines: ['0'] } });
    for (const answer of ['1', '2', '3']) {
      says.set('a', answer);
      await settle();
      pauses.end(15);
      await settle();
    }
    expect((await slow.next()).value).toMatchObject({ answer: { lines: ['3'] } });
    await slow.return(undefined);
    await settle();
    expect(pauses.waiting()).toEqual([]);
  });
});
