import { describe, expect, it } from 'vitest';
import { counted, csvOf, isUserId, matching, nextSort, sorted } from '../../../console/page/data/table.ts';
import { user } from '../../support/ids.ts';

interface Row {
  userId: string;
  place?: number;
  reason?: string;
}

const FIELDS = [
  { key: 'userId', value: ({ userId }: Row) => userId },
  { key: 'place', value: ({ place }: Row) => place },
  { key: 'reason', value: ({ reason }: Row) => reason },
];
const ROWS: Row[] = [{ userId: 'b', place: 10 }, { userId: 'c' }, { userId: 'a', place: 9 }];
const idsBy = (by: string) => sorted(ROWS, FIELDS, by).map(({ userId }) => userId);

describe('the rows of a table', () => {
  it('stay in their order as long as nothing sorts them', () => {
    expect(idsBy('')).toEqual(['b', 'c', 'a']);
    expect(idsBy('no-such-field')).toEqual(['b', 'c', 'a']);
  });

  it('are sorted by text and by number, in both directions', () => {
    expect(idsBy('userId')).toEqual(['a', 'b', 'c']);
    expect(idsBy('-userId')).toEqual(['c', 'b', 'a']);
    expect(idsBy('place').slice(0, 2)).toEqual(['a', 'b']);
  });

  it('come last where the value is not known, in both directions', () => {
    expect(idsBy('place').at(-1)).toBe('c');
    expect(idsBy('-place')).toEqual(['b', 'a', 'c']);
  });

  it('keep their order among equal values', () => {
    const same = [1, 2, 3].map((number) => ({ userId: `user ${number}`, place: 1 }));
    expect(sorted(same, FIELDS, 'place')).toEqual(same);
    expect(sorted(same, FIELDS, '-place')).toEqual(same);
  });

  it('are sorted upwards, then downwards, then not at all', () => {
    expect([nextSort('a', ''), nextSort('a', 'a'), nextSort('a', '-a'), nextSort('a', '-b')]).toEqual([
      'a',
      '-a',
      '',
      'a',
    ]);
  });

  it('are found by a part of a field, in any case and without the space around it', () => {
    const ids = [({ userId }: Row) => userId, ({ reason }: Row) => reason];
    const rows = [{ userId: 'AbC' }, { userId: 'x', reason: 'group-leave' }, { userId: 'y' }];
    expect(matching(rows, ' bc ', ids)).toEqual([rows[0]]);
    expect(matching(rows, 'LEAVE', ids)).toEqual([rows[1]]);
    expect(matching(rows, '  ', ids)).toBe(rows);
    expect(matching(rows, '.*', ids)).toEqual([]);
  });

  it('are counted by a value', () => {
    expect([...counted(['x', 'y', 'x'], (one) => one)]).toEqual([
      ['x', 2],
      ['y', 1],
    ]);
  });
});

describe('a CSV file of a table', () => {
  it('has a first line, one line per row, and an empty field for what is not known', () => {
    expect(csvOf(ROWS.slice(0, 2), FIELDS)).toBe('userId,place,reason\r\nb,10,\r\nc,,\r\n');
    expect(csvOf([], FIELDS)).toBe('userId,place,reason\r\n');
  });

  it.each([
    ['=cmd()', "'=cmd()"],
    ['+1', "'+1"],
    ['-1', "'-1"],
    ['@SUM(A1)', "'@SUM(A1)"],
    ['\t=1', "'\t=1"],
    ['\r=1', '"\'\r=1"'],
    ['a=1', 'a=1'],
  ])('has no formula: %j', (reason, cell) => {
    expect(csvOf([{ userId: 'a', reason }], FIELDS)).toBe(`userId,place,reason\r\na,,${cell}\r\n`);
  });

  it.each([
    ['a,b', '"a,b"'],
    ['a"b', '"a""b"'],
    ['a\nb', '"a\nb"'],
    ['=a,"b"', '"\'=a,""b"""'],
  ])('quotes what would end a field: %j', (reason, cell) => {
    expect(csvOf([{ userId: 'a', reason }], FIELDS)).toContain(`a,,${cell}\r\n`);
  });
});

describe('what may be in the address of a page', () => {
  it.each([user(1), user(1).toUpperCase(), `1234567890-${user(1)}`])('is the id of a user: %s', (text) => {
    expect(isUserId(text)).toBe(true);
  });

  it.each(['', 'alice@example.com', 'alice', '12345678', user(1).slice(1), `${user(1)}0`, ` ${user(1)}`])(
    'is no text that may be a name: %j',
    (text) => {
      expect(isUserId(text)).toBe(false);
    },
  );
});
