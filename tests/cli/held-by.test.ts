// @module-tag long
import { expect, it } from 'vitest';
import { GROUP, people, user } from '../support/ids.ts';
import { anOperator, linesOf } from '../support/operator.ts';

const operator = anOperator({ people: 8 });

it('usher held --by says that changes through SCIM are recorded in the management account', async () => {
  await operator.run('start', '--all', '--wait');
  for (const number of people(1, 5)) await operator.run('local', 'trigger', 'leave', user(number), GROUP);
  await operator.run('start', '--all', '--wait');
  const { code, out } = await operator.run('held', '--by');
  expect(code).toBe(0);
  expect(out).toContain(
    'Calls that may have caused it:\n  CloudTrail of this account and Region has none. AWS records changes through SCIM in the management account: ask there.\n',
  );
  const { out: lines } = await operator.run('held', '--by', '--json');
  expect(linesOf(lines).map(({ type }) => type)).toEqual(['hold']);
});
