import { describe, expect, it } from 'vitest';
import { readCsv } from '../../input/csv.ts';

const read = (text: string) => readCsv(text, 'f.csv', { required: ['userid', 'date'], optional: ['note'] });

async function valuesIn(text: string): Promise<unknown[]> {
  const { rows } = await read(text);
  return rows.map(({ line, value }) => [line, value('userid'), value('date'), value('note')]);
}

const ONE = [[2, 'a', 'b', '']];

describe('comma-separated values', () => {
  it.each<[string, string, unknown[]]>([
    ['a header and a row', 'userid,date\na,b\n', ONE],
    ['no line end behind the last row', 'userid,date\na,b', ONE],
    ['CRLF', 'userid,date\r\na,b\r\n', ONE],
    ['line ends of old Macs', 'userid,date\ra,b\r', ONE],
    ['line ends of two kinds', 'userid,date\r\na,b\nc,d\r\n', [...ONE, [3, 'c', 'd', '']]],
    ['a byte order mark', '\u{feff}userid,date\na,b\n', ONE],
    ['quotes', '"userid","date"\n"a","b"\n', ONE],
    ['commas, quotes and line ends in quotes', 'userid,date,note\na,b,"x, ""y""\nz"\n', [[3, 'a', 'b', 'x, "y"\nz']]],
    ['spaces around values', ' userid , date \n a , "b" \n', ONE],
    ['other names of the same columns', 'User Id,DATE\na,b\n', ONE],
    ['underscores', '_user_id,Date_\na,b\n', ONE],
    ['another order, and other columns', 'x,date,y,userid\n1,b,2,a\n', ONE],
    ['empty lines', '\nuserid,date\n\n\na,b\n\n', [[5, 'a', 'b', '']]],
    ['a column that need not be there', 'note,userid,date\nn,a,b\n', [[2, 'a', 'b', 'n']]],
    ['no row', 'userid,date\n', []],
  ])('may have %s', async (_fact, text, expected) => {
    expect(await valuesIn(text)).toEqual(expected);
  });

  it.each([
    ['nothing', '', 'f.csv: empty: expected a line with the names of columns'],
    ['empty lines only', '\n\r\n', 'f.csv: empty: expected a line with the names of columns'],
    [
      'without a column',
      'user,date\na,b',
      'f.csv: line 1: no column userid: the names of columns stand in the first line',
    ],
    [
      'without a header',
      'a,b\nc,d',
      'f.csv: line 1: no column userid: the names of columns stand in the first line\nf.csv: line 1: no column date: the names of columns stand in the first line',
    ],
    ['with semicolons', 'userid;date\na;b', /no column userid/],
    ['with a column twice', 'userid,User_Id,date\na,b,c', 'f.csv: line 1: more than one column userid'],
    [
      'with a row that is too short',
      'userid,date\na,b\nc\n',
      'f.csv: line 3: another number of columns than the header',
    ],
    ['with a row that is too long', 'userid,date\na,b,c\n', 'f.csv: line 2: another number of columns than the header'],
    [
      'that end in the middle of a row',
      'userid,date\na,b\nc',
      'f.csv: line 3: another number of columns than the header',
    ],
    ['with a quote that is not closed', 'userid,date\na,b\n"c,d\ne,f\n', 'f.csv: line 3: a quote that is not closed'],
    ['with an open quote in the header', '"userid,date\na,b', 'f.csv: line 1: a quote that is not closed'],
    ['with text behind a quote', 'userid,date\n"a"x,b\n', 'f.csv: line 2: text behind a closing quote'],
    ['with a quote in a value', 'userid,date\na,b"c\n', 'f.csv: line 2: a quote inside a value'],
    ['with an endless value', `userid,date\na,${'b'.repeat(1_100_000)}\n`, /line 2: longer than a million characters/],
  ])('%s are refused', async (_fact, text, message) => {
    await expect(read(text)).rejects.toMatchObject({ name: 'InputError', message: expect.stringMatching(message) });
  });

  it('are not quoted in errors', async () => {
    await expect(read('userid,date\n"jane@example.com"x,b\n')).rejects.not.toThrow(/jane/);
  });

  it('say whether a column is there', async () => {
    const { has } = await read('User_Id,date\n');
    expect([has('userid'), has('note')]).toEqual([true, false]);
  });
});
