import { describe, expect, it } from 'vitest';
import { checkTags, formatTags, OWN_TAGS, tagProblems, tagsFor } from '../../build/tags.ts';

const OWN = { application: 'usher', stage: 'prod' };

describe('tags', () => {
  it('are read as they stand on the command line', () => {
    expect(checkTags(['CostCenter=4711', 'team:owner=Identität = A/B', 'Old='])).toEqual({
      problems: [],
      tags: { CostCenter: '4711', 'team:owner': 'Identität = A/B', Old: '' },
    });
  });

  it.each([
    ['CostCenter', '--tag CostCenter: expected Key=value'],
    ['=4711', '--tag =4711: expected Key=value'],
    ['A*=1', '--tag A*=1: expected Key=value'],
    ['A=<b>', '--tag A=<b>: expected Key=value'],
    [`${'a'.repeat(129)}=1`, 'expected Key=value'],
    [`a=${'1'.repeat(257)}`, 'expected Key=value'],
    ['AWS:a=1', '--tag AWS:a: AWS allows no key that begins with aws:'],
    ['stage=try', '--tag stage: Usher sets this tag itself'],
  ])('are refused before anything is packaged: %s', (given, problem) => {
    const { problems, tags } = checkTags([given]);
    expect(problems).toEqual([expect.stringContaining(problem)]);
    expect(tags).toEqual({});
  });

  it('take the longest key and value that AWS allows', () => {
    expect(checkTags([`${'k'.repeat(128)}=${'v'.repeat(256)}`]).problems).toEqual([]);
  });

  it('keep their values, unless they are given others or none', () => {
    const before = { ...OWN, CostCenter: '1', Owner: 'a', stage: 'by hand' };
    expect(tagsFor({ CostCenter: '2', Owner: '', New: 'b' }, before, OWN)).toEqual({
      ...OWN,
      CostCenter: '2',
      New: 'b',
    });
  });

  it('may be fifty, with those of Usher', () => {
    const many = (count: number) => Object.fromEntries(Array.from({ length: count }, (_, index) => [`k${index}`, 'v']));
    expect(tagProblems(tagsFor(many(50 - OWN_TAGS.length), {}, OWN))).toEqual([]);
    expect(tagProblems(tagsFor(many(51 - OWN_TAGS.length), {}, OWN))).toEqual([
      '--tag: the stack would have 51 tags, and AWS allows 50',
    ]);
  });

  it('have keys that differ by more than their case, also from those of Usher', () => {
    expect(tagProblems({ ...OWN, CostCenter: '1', cost: '2' })).toEqual([]);
    expect(tagProblems(tagsFor({ costcenter: '2', Application: 'usher' }, { CostCenter: '1' }, OWN))).toEqual([
      '--tag: IAM takes CostCenter and costcenter for the same key. Keep one of them',
      '--tag: IAM takes Application and application for the same key. Keep one of them',
    ]);
    expect(tagProblems(tagsFor({ costcenter: '2', CostCenter: '' }, { CostCenter: '1' }, OWN))).toEqual([]);
  });

  it('have a line each in what a deployment shows, if they change', () => {
    expect(formatTags({ A: '1', B: '2', C: '3' }, { A: '1', B: '4', D: '5' })).toEqual([
      '~ tag B: 2 → 4',
      '~ tag C: 3 → none',
      '~ tag D: none → 5',
    ]);
  });
});
