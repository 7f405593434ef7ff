import { describe, expect, it } from 'vitest';
import { nearest } from '../../../cli/command/choices.ts';
import { didYouMean } from '../../../cli/command/did-you-mean.ts';

const NAMES = ['amazon-q-developer', 'kiro', 'kiro-pilots', 'quick'];

describe('the nearest of some names', () => {
  it.each<[text: string, why: string, expected: string[]]>([
    ['kior', 'two letters are swapped', ['kiro']],
    ['KIRO', 'the case differs', ['kiro', 'kiro-pilots']],
    ['amazon-q-develper', 'a letter is missing', ['amazon-q-developer']],
    ['amazon-q-developers', 'there is a letter too many', ['amazon-q-developer']],
    ['pilots', 'it is a part of the name', ['kiro-pilots']],
    ['quck', 'it is a few letters away', ['quick']],
    ['sales', 'it is like none', []],
    ['', 'there is nothing to compare', []],
  ])('for %s: %s', (text, _why, expected) => {
    expect(nearest(text, NAMES)).toEqual(expected);
  });

  it('are three at most', () => {
    expect(nearest('group', ['group-1', 'group-2', 'group-3', 'group-4'])).toHaveLength(3);
  });
});

describe('what is said of an unknown name', () => {
  it.each<[string, readonly string[], string]>([
    ['kior', NAMES, ' Did you mean kiro?'],
    ['kiro-', NAMES, ' Did you mean kiro-pilots or kiro?'],
    ['sales', NAMES, ' Existing: amazon-q-developer, kiro, kiro-pilots, quick'],
    ['sales', Array.from({ length: 11 }, (_, number) => `kiro-${number}`), ''],
    ['sales', [], ''],
    ['ro\u202eot', ['ro\u202eots'], ' Did you mean ro\\u202eots?'],
  ])('%s among %j', (text, existing, expected) => {
    expect(didYouMean(text, existing)).toBe(expected);
  });
});
