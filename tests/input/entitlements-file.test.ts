import { readFileSync } from 'node:fs';
import { describe, expect, it } from 'vitest';
import { readEntitlements, readYaml } from '../../input/entitlements-file.ts';
import { InputError } from '../../input/input-error.ts';

function errorOf(read: () => unknown): InputError {
  try {
    read();
  } catch (error) {
    if (error instanceof InputError) return error;
    throw error;
  }
  throw new Error('nothing was thrown');
}

/** Nine lines, each nine times as large as the one before. */
const BOMB = Array.from('abcdefghi', (letter, index, letters = 'abcdefghi') => {
  const items = index === 0 ? 'x' : `*${letters[index - 1]}`;
  return `${letter}: &${letter} [${Array(9).fill(items).join(', ')}]`;
}).join('\n');

describe('readYaml', () => {
  it.each([
    ['JSON', '{"a": [1, true, null]}', { a: [1, true, null] }],
    ['an empty text', '', null],
    ['dates as text', 'a: 2026-11-25', { a: '2026-11-25' }],
    ['YAML 1.2, whatever version the text asks for', '%YAML 1.1\n---\na: yes', { a: 'yes' }],
    ['an alias', 'a: &x [1]\nb: *x', { a: [1], b: [1] }],
    ['merge keys as keys', 'a: &x { b: 1 }\nc: { <<: *x }', { a: { b: 1 }, c: { '<<': { b: 1 } } }],
  ])('reads %s', (_fact, text, expected) => {
    expect(readYaml(text, 'f.yml')).toEqual(expected);
  });

  it.each([
    ['a repeated key', 'a: 1\nb: 2\na: 3', 'line 3, column 1: a duplicate key'],
    ['a custom tag', 'a:\n  b: !include c.yml', 'line 2, column 6: an unsupported tag'],
    ['a tag of YAML 1.1', 'a: !!binary aGk=', 'line 1, column 4: an unsupported tag'],
    ['a second document', 'a: 1\n---\nb: 2', 'line 2, column 1: a second document: expected one'],
    ['a key that is a list', '? [a]\n: 1', 'line 1, column 3: a key that is not a text'],
    ['a tab', 'a:\n\tb: 1', 'line 2, column 1: a tab in the indentation: expected spaces'],
    ['an open quote', 'a: "b', 'line 1, column 6: a missing character: a colon, a comma, a closing quote or bracket'],
    ['truncated JSON', '{"a":{"b":', 'line 1, column 11: wrong indentation, or an unclosed bracket'],
    ['a reserved character', 'a: 1\nb: @c', 'line 2, column 4: not valid YAML (BAD_SCALAR_START)'],
    [
      'an alias without an anchor',
      'a: *b',
      'line 1, column 4: an alias without an anchor before it, or an alias to its own parent',
    ],
    ['a cycle', 'a: &a [*a]', 'line 1, column 8: an alias without an anchor before it, or an alias to its own parent'],
    ['an alias bomb', BOMB, 'line 1, column 1: too many aliases'],
  ])('refuses %s, naming file, line and column', (_fact, text, message) => {
    expect(errorOf(() => readYaml(text, 'f.yml')).message).toBe(`f.yml: ${message}`);
  });

  it.each([['['.repeat(20_000)], ['- '.repeat(20_000)], ['{"a":'.repeat(20_000)]])(
    'refuses deep nesting: %#',
    (text) => {
      expect(errorOf(() => readYaml(text, 'f.yml')).message).toMatch(/nested too deeply$/);
    },
  );

  it('does not quote the text', () => {
    const { message } = errorOf(() => readYaml('a: 1\n] jane@example.com', 'f.yml'));
    expect(message).toBe('f.yml: line 2, column 1: not valid YAML (UNEXPECTED_TOKEN)');
  });
});

describe('readEntitlements', () => {
  const example = readFileSync(new URL('../../entitlements.yml', import.meta.url), 'utf8');

  it('reads the example of this repository', () => {
    expect(readEntitlements(example, 'entitlements.yml').entitlements).toMatchObject([{ name: 'amazon-q-developer' }]);
  });

  it('tells all faults, a line each with file and path', () => {
    const text = example.replace('max: 200', 'max: many').replace('percent: 20', 'percent: 120');
    const error = errorOf(() => readEntitlements(text, 'conf/e.yml'));
    expect(error).toMatchObject({ name: 'InputError', file: 'conf/e.yml' });
    expect(error.message.split('\n')).toEqual([
      'conf/e.yml: entitlements[0].seats.max: expected a number',
      'conf/e.yml: brake.percent: expected at most 100',
    ]);
  });

  it('refuses an empty file', () => {
    expect(errorOf(() => readEntitlements('', 'e.yml')).message).toBe('e.yml: expected a mapping');
  });
});
