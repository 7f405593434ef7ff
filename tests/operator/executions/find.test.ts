import { describe, expect, it } from 'vitest';
import type { ExecutionSummary } from '../../../adapters/executions.ts';
import type { Executions } from '../../../adapters/operator/executions.ts';
import { failedSince } from '../../../operator/executions/find.ts';
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
    const { found, more } = await failedSince(ago(14), ['m'], { executions, most: 1000 });
    expect([found.length, more]).toEqual([15, false]);
    // Those of the third page began within the eight days that an execution may take before.
    expect(pages.read).toBe(3);
  });

  it('include one that began eight days before', async () => {
    const { executions } = anAccount({ took: 7.9 });
    const { found } = await failedSince(ago(14), ['m'], { executions, most: 1000 });
    expect(found.at(-1)?.name).toBe('14');
  });

  it('are no more than wanted, of a hundred thousand', async () => {
    const { executions, pages } = anAccount({});
    const { found, more } = await failedSince(new Date(0), ['m'], { executions, most: 250 });
    expect([found.length, more, pages.read]).toEqual([250, true, 3]);
  });
});
