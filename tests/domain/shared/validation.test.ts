import { describe, expect, it } from 'vitest';
import * as z from 'zod/mini';
import { validate } from '../../../domain/shared/validation.ts';

describe('checkShape', () => {
  it('gives the value, parsed', () => {
    expect(validate(z.string().check(z.toLowerCase()), 'ABC')).toEqual({ value: 'abc' });
  });

  it.each([
    ['a text that is too long', z.string().check(z.maxLength(2)), 'abc', 'expected at most 2 characters'],
    ['a text that is too short', z.string().check(z.minLength(2)), 'a', 'expected at least 2 characters'],
    ['a missing choice', z.enum(['a', 'b']), undefined, 'missing: expected a or b'],
    ['a type without a word of its own', z.date(), 'a', 'expected date'],
    ['none of several forms', z.union([z.string(), z.boolean()]), 7, 'not in an expected form'],
    ['what the schema has words for', z.string().check(z.regex(/^a/, 'expected an a')), 'b', 'expected an a'],
  ])('says what was expected of %s', (_fact, schema, value, problem) => {
    expect(validate(schema, value)).toEqual({ issues: [{ path: '', problem }] });
  });

  it.each([
    ['the form that it has', { id: 1 }, ['.id expected a text']],
    ['the form that it has, at every path', { id: 1, more: 2 }, ['.id expected a text', '.more unknown key']],
    ['the other form', 'b', [' expected an a']],
    ['no form', 7, [' not in an expected form']],
  ])('names what is wrong with a value of one of several forms: %s', (_fact, value, problems) => {
    const A = z.string().check(z.regex(/^a/, 'expected an a'));
    const schema = z.object({ one: z.union([A, z.strictObject({ id: z.string() })]) });
    expect(validate(schema, { one: value })).toEqual({
      issues: problems.map((text) => {
        const [path = '', ...words] = text.split(' ');
        return { path: `one${path}`, problem: words.join(' ') };
      }),
    });
  });

  it('hides a key that may be a value in a path', () => {
    const people = z.record(z.string(), z.object({ ids: z.array(z.string()) }));
    expect(validate(people, { 'jane@example.com': { ids: [1] } })).toEqual({
      issues: [{ path: '?.ids[0]', problem: 'expected a text' }],
    });
  });
});
