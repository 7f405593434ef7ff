// @module-tag long

import { existsSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { anOperator, resultsOf } from '../support/operator.ts';

const MEMBER = '444455556666';

describe.each([
  ['AccessDeniedException', 'unknown'],
  ['ValidationException', 'problem'],
] as const)(
  'a member account that is not the delegated administrator, if AWS refuses its lists with %s,',
  (unfilteredList, verdict) => {
    const operator = anOperator({ people: 1, account: { caller: MEMBER, quirks: { unfilteredList } } });

    it('learns from usher doctor whose credentials to use', async () => {
      const { code, out } = await operator.run('doctor', '--json');
      const found = new Map(resultsOf(out).map((one) => [one['check'], one]));
      expect(code).not.toBe(0);
      expect(found.get('credentials')).toMatchObject({ verdict: 'ok' });
      expect(found.get('organization')).toMatchObject({
        verdict: 'unknown',
        found: expect.stringContaining(`${MEMBER} is a member account of `),
        fix: expect.stringContaining('Use credentials of the delegated administrator'),
      });
      expect(found.get('applications')).toMatchObject({
        verdict,
        found: expect.stringContaining('ListApplications'),
      });
    });

    it('gets the refusal from usher init, which writes nothing', async () => {
      const { code, error } = await operator.run(
        'init',
        '--group',
        'developers',
        '--max',
        '1',
        '--mode',
        'observe',
        '--output',
        'other.yml',
      );
      expect(code).not.toBe(0);
      expect(error).toMatch(/ListApplications/);
      expect(existsSync(join(operator.folder, 'other.yml'))).toBe(false);
    });
  },
);
