import { describe, expect, it } from 'vitest';
import type { ExecutionStatus, ExecutionSummary } from '../../../adapters/executions.ts';
import type { Executions } from '../../../adapters/operator/executions.ts';
import { failedSince, listsOf } from '../../../operator/executions/find.ts';
import { collected } from '../../support/aws.ts';
import { execution, START } from '../../support/ids.ts';

const DAY = 86_400_000;
const ago = (days: number) => new Date(START.getTime() - days * DAY);

/** Failed executions of one state machine, one a day, each of which took some days. Counts the pages that are read. */
function anAccount({
  took = 0,
  number = 100_000,
  perPage = 100,
}: {
  took?: number;
  number?: number;
  perPage?: number;
}) {
  const pages = { read: 0 };
  const summary = (index: number): ExecutionSummary => ({
    arn: execution(`${index}`),
    name: `${index}`,
    status: 'FAILED',
    startedAt: ago(index + took),
    endedAt: ago(index),
  });
  const executions = {
    async *list(_machine: string, status: string) {
      if (status !== 'FAILED') return;
      for (let from = 0; from < number; from += perPage) {
        pages.read += 1;
        yield Array.from({ length: perPage }, (_, index) => summary(from + index));
      }
    },
  } as unknown as Executions;
  return { executions, pages };
}

describe('the failures since a time', () => {
  it('are found on as few pages as have one', async () => {
    const { executions, pages } = anAccount({ perPage: 10 });
    const { found, more } = await failedSince(ago(14), ['m'], { lists: executions, most: 1000 });
    expect([found.length, more]).toEqual([15, false]);
    // Those of the third page began within the eight days that an execution may take before.
    expect(pages.read).toBe(3);
  });

  it('include one that began eight days before', async () => {
    const { executions } = anAccount({ took: 7.9 });
    const { found } = await failedSince(ago(14), ['m'], { lists: executions, most: 1000 });
    expect(found.at(-1)?.name).toBe('14');
  });

  it('are no more than wanted, of a hundred thousand', async () => {
    const { executions, pages } = anAccount({});
    const { found, more } = await failedSince(new Date(0), ['m'], { lists: executions, most: 250 });
    expect([found.length, more, pages.read]).toEqual([250, true, 3]);
  });
});

describe('the lists by status', () => {
  const STATUSES = ['RUNNING', 'FAILED', 'TIMED_OUT', 'ABORTED', 'SUCCEEDED'] as const;
  const PER_PAGE = 100;

  /** A state machine with executions of every status, newest first. Counts the requests. */
  function aMachine(number: number) {
    const all = Array.from({ length: number }, (_, index): ExecutionSummary => {
      const status = STATUSES[index % STATUSES.length] ?? 'RUNNING';
      const startedAt = ago(index / 10);
      const ended = status === 'RUNNING' ? {} : { endedAt: startedAt };
      return { arn: execution(`${index}`), name: `${index}`, status, startedAt, ...ended };
    });
    const requests: (ExecutionStatus | 'newest')[] = [];
    const executions: Pick<Executions, 'list' | 'newest'> = {
      async *list(_machine, status) {
        const some = all.filter((one) => one.status === status);
        for (let from = 0; from === 0 || from < some.length; from += PER_PAGE) {
          if (status) requests.push(status);
          yield some.slice(from, from + PER_PAGE);
        }
      },
      async newest() {
        requests.push('newest');
        return { executions: all.slice(0, PER_PAGE), isAll: all.length <= PER_PAGE };
      },
    };
    return { executions, requests };
  }

  async function answersOf(lists: ReturnType<typeof listsOf>) {
    const running = await collected(lists.list('m', 'RUNNING'));
    const failed = [];
    for (const [days, most] of [
      [1, 1000],
      [14, 1000],
      [14, 7],
    ] as const)
      failed.push(await failedSince(ago(days), ['m'], { lists, most }));
    return { running: running.flat(), failed };
  }

  it.each([0, 1, 99, 100, 101, 1234])('are the same as those of AWS, of %i executions', async (number) => {
    const { executions } = aMachine(number);
    expect(await answersOf(listsOf(executions))).toEqual(await answersOf(executions));
  });

  it('take one request if a page has all executions', async () => {
    const { executions, requests } = aMachine(PER_PAGE);
    await answersOf(listsOf(executions));
    expect(requests).toEqual(['newest']);
  });

  it('are those of AWS if there is another page', async () => {
    const { executions, requests } = aMachine(PER_PAGE + 1);
    expect(await collected(listsOf(executions).list('m', 'ABORTED'))).toHaveLength(1);
    expect(requests).toEqual(['newest', 'ABORTED']);
  });

  it('ask each state machine for its own', async () => {
    const machines: Record<string, ExecutionSummary[]> = {
      a: [{ arn: execution('a'), name: 'a', status: 'FAILED', startedAt: START, endedAt: START }],
      b: [],
    };
    const lists = listsOf({
      list: () => expect.unreachable(),
      newest: async (machine) => ({ executions: machines[machine] ?? [], isAll: true }),
    });
    expect(await collected(lists.list('a', 'FAILED'))).toEqual([machines['a']]);
    expect(await collected(lists.list('b', 'FAILED'))).toEqual([[]]);
  });
});
