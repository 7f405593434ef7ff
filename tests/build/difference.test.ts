import { describe, expect, it } from 'vitest';
import { formatChanges } from '../../build/difference.ts';

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
