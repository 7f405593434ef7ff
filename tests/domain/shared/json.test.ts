import { describe, expect, it } from 'vitest';
import { jsonIn } from '../../../domain/shared/json.ts';

describe('a text from outside', () => {
  it.each<[string, string | undefined, unknown]>([
    ['an object', '{"a":[1]}', { a: [1] }],
    ['null', ' null ', null],
    ['no JSON', '{"a":', undefined],
    ['empty', '', undefined],
    ['missing', undefined, undefined],
  ])('is parsed, or is undefined, if it is %s', (_what, text, expected) => {
    expect(jsonIn(text)).toEqual(expected);
  });
});
