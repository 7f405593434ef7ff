import { describe, expect, it } from 'vitest';
import { formatChanges, lossesIn } from '../../build/difference.ts';

describe('what a deployment shows', () => {
  it('has a line for each resource that changes', () => {
    expect(
      formatChanges([
        { action: 'Add', logicalId: 'A', type: 'T1', replaced: false },
        { action: 'Modify', logicalId: 'Long', type: 'T2', replaced: true },
        { action: 'Remove', logicalId: 'B', type: 'T3', replaced: false },
        { action: 'Import', logicalId: 'C', type: 'T4', replaced: false },
        { action: 'Dynamic', logicalId: 'D', type: 'T5', replaced: false },
        { action: 'Modify', logicalId: 'E', type: 'T6', replaced: 'maybe' },
      ]),
    ).toEqual([
      '+ A    T1',
      '~ Long T2 (replaced)',
      '- B    T3',
      '> C    T4',
      '? D    T5',
      '~ E    T6 (perhaps replaced)',
    ]);
  });
});

describe('a resource that must outlive the stack', () => {
  it.each([
    ['Add', false, false],
    ['Modify', false, false],
    ['Modify', 'maybe', true],
    ['Modify', true, true],
    ['Import', false, false],
    ['Remove', false, true],
    ['Dynamic', false, true],
    ['SyncWithActual', false, true],
  ] as const)('is at risk with %s, replaced %s: %s', (action, replaced, isLoss) => {
    const changes = ['Ledger', 'Rule'].map((logicalId) => ({ action, logicalId, type: 'T', replaced }));
    expect(lossesIn(changes, new Set(['Ledger']))).toEqual(isLoss ? changes.slice(0, 1) : []);
  });
});
