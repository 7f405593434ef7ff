import { describe, expect, it } from 'vitest';
import { suggestion, unknownEntitlement } from '../../operator/suggestions.ts';

describe('the suggestion for a name that does not exist', () => {
  it.each([
    ['kirro', ['kiro', 'quick'], '. Did you mean kiro?'],
    ['zzz', ['kiro', 'quick'], '. Existing: kiro, quick'],
    ['zzz', Array.from({ length: 9 }, (_, index) => `name${index}`), ''],
    ['zzz', [], ''],
    ['kir\u202eo', ['kir\u202fo'], '. Did you mean kir\\u202fo?'],
  ])('%s among %j is %j', (wanted, names, expected) => {
    expect(suggestion(wanted, names).replace('\u202f', '\\u202f')).toBe(expected);
  });

  it('is part of the error about an entitlement', () => {
    expect(unknownEntitlement('quik', [{ name: 'quick' }]).message).toBe(
      'No entitlement has the name quik. Did you mean quick?',
    );
  });
});
