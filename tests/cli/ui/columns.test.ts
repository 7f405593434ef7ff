import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { drawTable, widthOf } from '../../../cli/ui/columns.ts';

const USER = '44f834e8-0081-7055-1d60-2eb4f1bb0f7b';
const ARN = 'arn:aws:sso::111122223333:application/ssoins-7223e4e8a1b2c3d4/apl-1234567890abcdef';

const drawn = (head: readonly string[], rows: readonly (readonly string[])[], width = Number.POSITIVE_INFINITY) => [
  ...drawTable(head, rows, { width }),
];

describe('a table', () => {
  it('has columns as wide as their widest cell, and no spaces at the end of a line', () => {
    expect(
      drawn(
        ['USER', 'STATUS'],
        [
          [USER, 'held'],
          ['b', ''],
        ],
      ),
    ).toEqual([`USER${' '.repeat(34)}STATUS`, `${USER}  held`, 'b']);
  });

  it('measures wide characters, emoji and marks as a terminal shows them, and colors as nothing', () => {
    const rows = [
      ['日本', '1'],
      ['👩‍👩‍👧', '2'],
      ['e\u0301', '3'],
      ['\u001b[33mred\u001b[39m', '4'],
    ];
    expect(drawn(['A', 'N'], rows)).toEqual([
      'A     N',
      '日本  1',
      '👩‍👩‍👧    2',
      'e\u0301     3',
      '\u001b[33mred\u001b[39m   4',
    ]);
  });

  it('breaks cells of several words where it is wider than the terminal, and no id', () => {
    const lines = drawn(['USER', 'CAUSE'], [[USER, 'the group lost all of its members']], 60);
    expect(lines).toEqual([
      `USER${' '.repeat(34)}CAUSE`,
      `${USER}  the group lost all of`,
      `${' '.repeat(38)}its members`,
    ]);
  });

  it('has a color around each line of a broken cell, and not around the next column', () => {
    const lines = drawn(['WHAT', 'USER'], [['\u001b[31mthe group is gone\u001b[39m', 'abcdefghijklmnop']], 30);
    expect(lines.slice(1)).toEqual(['\u001b[31mthe group is\u001b[39m  abcdefghijklmnop', '\u001b[31mgone\u001b[39m']);
  });

  it('keeps short cells on one line', () => {
    expect(drawn(['SINCE', 'WHY'], [['12 min ago', 'a reason of many words']], 30).slice(1)).toEqual([
      '12 min ago  a reason of many',
      '            words',
    ]);
  });

  it('has a block per row in a terminal of 40 columns, without empty cells, and whole ids', () => {
    const head = ['NAME', 'USER', 'APPLICATION', 'STATUS', 'WHY'];
    const rows = [
      ['ana', USER, ARN, 'held', 'the group lost all of its members'],
      ['', USER, ARN, 'waitlisted', ''],
    ];
    expect(drawn(head, rows, 40)).toEqual([
      'NAME         ana',
      'USER',
      `  ${USER}`,
      'APPLICATION',
      `  ${ARN}`,
      'STATUS       held',
      'WHY          the group lost all of its',
      '             members',
      '',
      'USER',
      `  ${USER}`,
      'APPLICATION',
      `  ${ARN}`,
      'STATUS       waitlisted',
    ]);
  });

  it('shows lines of a cell as lines', () => {
    expect(drawn(['A', 'B'], [['one\ntwo', 'x']])).toEqual(['A    B', 'one  x', 'two']);
  });

  it('of no rows has its titles', () => {
    expect(drawn(['USER', 'STATUS'], [])).toEqual(['USER  STATUS']);
  });

  it('shows every word whole, and is no wider than the terminal unless a word is', () => {
    const word = fc.stringMatching(/^[a-z0-9日é-]{1,40}$/);
    const cell = fc.array(word, { maxLength: 6 }).map((words) => words.join(' '));
    const table = fc.integer({ min: 1, max: 6 }).chain((columns) => {
      const row = fc.array(cell, { minLength: columns, maxLength: columns });
      const head = fc.array(word, { minLength: columns, maxLength: columns });
      return fc.record({
        head,
        rows: fc.array(row, { minLength: 1, maxLength: 5 }),
        width: fc.integer({ min: 1, max: 120 }),
      });
    });
    fc.assert(
      fc.property(table, ({ head, rows, width }) => {
        const lines = drawn(head, rows, width);
        const words = rows.flat().flatMap((text) => text.split(' ').filter(Boolean));
        const shown = new Set(lines.flatMap((line) => line.split(' ')));
        expect(words.filter((one) => !shown.has(one))).toEqual([]);
        const widest = Math.max(...[...head, ...words].map((one) => widthOf(one)));
        const most = Math.max(...lines.map((line) => widthOf(line)));
        expect(most).toBeLessThanOrEqual(Math.max(width, widest + 2));
      }),
      { numRuns: 200 },
    );
  });
});
