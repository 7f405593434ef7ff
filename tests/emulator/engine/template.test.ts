import { describe, expect, it } from 'vitest';
import { readTemplate } from '../../../emulator/engine/template.ts';

describe('the template', () => {
  it('has the deployed state machine, including its nulls', () => {
    const { definition } = readTemplate();
    expect(definition).toMatchObject({ StartAt: 'NormalizeRequest', TimeoutSeconds: 691_200 });
    // Without its null, the error would replace the state.
    const discarded = { ResultPath: null };
    expect(definition.States['ApplyChanges']).toMatchObject({ Catch: [discarded, discarded, discarded] });
  });

  it('has the function and time limit of each Task state', () => {
    expect(Object.fromEntries(readTemplate().functions)).toEqual({
      NormalizeRequest: { key: 'normalizeRequest', timeoutSeconds: 30 },
      CheckPropagation: { key: 'checkPropagation', timeoutSeconds: 30 },
      PlanChanges: { key: 'planChanges', timeoutSeconds: 900 },
      ApplyChanges: { key: 'applyChanges', timeoutSeconds: 240 },
      RecordAudit: { key: 'recordAudit', timeoutSeconds: 240 },
    });
  });

  it('has the table of the ledger with its index and its TTL', () => {
    expect(readTemplate().ledgerTable).toMatchObject({
      BillingMode: 'PAY_PER_REQUEST',
      KeySchema: [
        { AttributeName: 'pk', KeyType: 'HASH' },
        { AttributeName: 'sk', KeyType: 'RANGE' },
      ],
      GlobalSecondaryIndexes: [{ IndexName: 'attention' }],
    });
    expect(Object.keys(readTemplate().ledgerTable).sort()).toEqual([
      'AttributeDefinitions',
      'BillingMode',
      'GlobalSecondaryIndexes',
      'KeySchema',
      'TimeToLiveSpecification',
    ]);
  });
});
