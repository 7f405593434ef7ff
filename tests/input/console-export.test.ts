import { readFileSync } from 'node:fs';
import { describe, expect, it } from 'vitest';
import { readConsoleExport } from '../../input/console-export.ts';

describe('the export of the console', () => {
  it('such as the example of this repository is read', async () => {
    const example = readFileSync(new URL('../../examples/console-export.csv', import.meta.url), 'utf8');
    expect(await readConsoleExport(example, 'f.csv')).toHaveLength(5);
  });

  it.each([
    ['Active', 'Kiro Pro', 'active', 'Q_DEVELOPER_STANDALONE_PRO'],
    ['pending', 'kiro pro+', 'pending', 'Q_DEVELOPER_STANDALONE_PRO_PLUS'],
    ['Canceled', 'KiroPro Max', 'cancelled', 'Q_DEVELOPER_STANDALONE_PRO_MAX'],
    ['CANCELLED', 'Kiro Power', 'cancelled', 'Q_DEVELOPER_STANDALONE_POWER'],
    ['ACTIVE', 'KIRO_ENTERPRISE_PRO', 'active', 'Q_DEVELOPER_STANDALONE_PRO'],
    ['ACTIVE', 'Q_DEVELOPER_STANDALONE_POWER', 'active', 'Q_DEVELOPER_STANDALONE_POWER'],
    ['Suspended', 'Kiro Ultra', 'unknown', 'unknown'],
    ['', '', 'unknown', 'unknown'],
  ])('with the status "%s" and the plan "%s" is read', async (shownStatus, shownPlan, status, plan) => {
    const text = `Name,Subscription status,Kiro plan\njane,${shownStatus},${shownPlan}\n`;
    expect(await readConsoleExport(text, 'f.csv')).toEqual([
      { name: 'jane', status, plan, source: '', activationDate: '' },
    ]);
  });

  it('needs no names', async () => {
    const text =
      'Kiro_Plan,subscriptionStatus,Plan source,Activation date\n"Kiro Pro","Active","Group","Sep 3, 2026"\n';
    expect(await readConsoleExport(text, 'f.csv')).toMatchObject([
      { name: '', status: 'active', source: 'Group', activationDate: 'Sep 3, 2026' },
    ]);
  });

  it.each([
    ['without a column', 'Name,Kiro plan\njane,Kiro Pro\n', /^f\.csv: line 1: no column subscriptionstatus/],
    ['with a row cut off', 'Name,Subscription status,Kiro plan\njane,Active\n', /^f\.csv: line 2: another number of/],
  ])('%s is refused with file and line, and no name', async (_fact, text, message) => {
    await expect(readConsoleExport(text, 'f.csv')).rejects.toThrow(message);
    await expect(readConsoleExport(text, 'f.csv')).rejects.not.toThrow(/jane/);
  });
});
