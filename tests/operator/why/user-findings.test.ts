import { describe, expect, it } from 'vitest';
import { Unread } from '../../../operator/unread.ts';
import { findingsOf } from '../../../operator/why/user-findings.ts';
import { wordsOf, wordsOfUnchecked } from '../../../operator/why/words.ts';
import { aSeat } from '../../support/builders.ts';
import { user } from '../../support/ids.ts';
import { openReaders, READ_AT } from '../../support/readers.ts';

describe('what an entitlement means for a user', () => {
  it('is not known if the assignment fails to be read once, and shows the next time', async () => {
    const { readers, faults } = await openReaders({ seats: [aSeat(1)], members: [1], assigned: [1] });
    faults.add({ operation: 'SSOAdmin.DescribeApplicationAssignment', kind: 'refuse', times: 1 });
    const { findings, unchecked } = await findingsOf(user(1), READ_AT, readers, new Unread());
    // The entitlement is then read again, alone.
    expect(findings.map(({ user: { entitled, seat } }) => [entitled, seat?.status])).toEqual([[true, 'confirmed']]);
    expect(unchecked).toEqual([]);
  });

  it('is that the reads contradict each other while a group still shows a user who is deleted', async () => {
    const { readers } = await openReaders({ seats: [aSeat(1)], members: [1], assigned: [1] });
    const contradicting = { ...readers, directory: { ...readers.directory, statusOf: async () => 'missing' as const } };
    const { findings } = await findingsOf(user(1), READ_AT, contradicting, new Unread());
    expect(findings.flatMap((finding) => wordsOf(finding, undefined, READ_AT))).toContainEqual(
      expect.stringMatching(/^has a seat \(.*\); not entitled: the reads contradict each other\.$/),
    );
  });

  it('says nothing about a seat if the ledger cannot be read', async () => {
    const { readers, faults } = await openReaders({ seats: [aSeat(1)], members: [1] });
    faults.add({ operation: 'DynamoDB.BatchGetItem', kind: 'refuse', times: 9 });
    const { findings, unchecked } = await findingsOf(user(1), READ_AT, readers, new Unread());
    expect(findings).toEqual([]);
    expect(unchecked.flatMap((one) => wordsOfUnchecked(one, READ_AT))).toEqual([
      'whether they have a seat in the ledger could not be read; whether they are entitled could not be checked.',
      expect.stringMatching(/^Next: unknown\./),
    ]);
  });
});
