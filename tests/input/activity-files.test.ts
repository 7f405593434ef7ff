import { symlinkSync } from 'node:fs';
import { join } from 'node:path';
import { gzipSync } from 'node:zlib';
import { describe, expect, it } from 'vitest';
import type { ActivityReport } from '../../domain/subscription/idle.ts';
import { readActivityFile, readActivityFiles } from '../../input/activity-files.ts';
import { filesOf } from '../support/folder.ts';
import { STORE_ID, user } from '../support/ids.ts';

const KIRO = '/a/AWSLogs/111122223333/KiroLogs';
const OLDER = `${KIRO}/by_user_analytic/us-east-1/2026/11/25/00/111122223333_by_user_analytic_202611250000_report.csv`;
const NEWER = `${KIRO}/user_report/eu-central-1/2026/11/25/00/KIRO_IDE_111122223333_user_report_202611250000.csv`;

/** Both forms as AWS writes them, with a few of their columns. */
const OLDER_TEXT = `"UserId","Date","Chat_MessagesSent","Inline_AcceptanceCount"
"${user(1)}","11-25-2026","4","0"
"${STORE_ID}.${user(2)}","11-25-2026","0","7"
`;
const NEWER_TEXT = `Date,UserId,Client_Type,Chat_Conversations,Credits_Used,ProfileId,Subscription_Tier,Total_Messages
2026-11-25,${user(1)},KIRO_IDE,1,0.5,arn:aws:codewhisperer:eu-central-1:111122223333:profile/AAAABBBB,Pro,12
`;

const shown = ({ days, lastUses, ...rest }: ActivityReport) => ({
  ...rest,
  days: [...days],
  lastUses: Object.fromEntries(lastUses),
});

describe('an activity file', () => {
  it('of the older form says who used it on which day, for one Region', async () => {
    expect(shown(await readActivityFile(OLDER_TEXT, OLDER))).toEqual({
      region: 'us-east-1',
      isComplete: false,
      days: ['2026-11-25'],
      lastUses: { [user(1)]: '2026-11-25', [user(2)]: '2026-11-25' },
    });
  });

  it('of the newer form says the same of all clients', async () => {
    expect(shown(await readActivityFile(NEWER_TEXT, NEWER))).toEqual({
      region: 'eu-central-1',
      isComplete: true,
      days: ['2026-11-25'],
      lastUses: { [user(1)]: '2026-11-25' },
    });
  });

  it('of Amazon Q Developer is complete', async () => {
    expect(await readActivityFile(OLDER_TEXT, OLDER.replace('KiroLogs', 'QDeveloperLogs'))).toMatchObject({
      isComplete: true,
    });
  });

  it('may have several days, in any order', async () => {
    const text = `userid,date\n${user(1)},2026-11-02\n${user(1)},2026-11-04\n${user(1)},2026-11-03\n`;
    expect(shown(await readActivityFile(text, 'all.csv'))).toEqual({
      region: undefined,
      isComplete: false,
      days: ['2026-11-02', '2026-11-04', '2026-11-03'],
      lastUses: { [user(1)]: '2026-11-04' },
    });
  });

  it.each([['2026-11-25'], ['11-25-2026'], ['2026-11-25T00:00:00Z'], ['2026-11-25 02:00:00.000'], [' 2026-11-25 ']])(
    'may have a date such as %s',
    async (date) => {
      const { days } = await readActivityFile(`userid,date\n${user(1)},"${date}"\n`, 'f.csv');
      expect([...days]).toEqual(['2026-11-25']);
    },
  );

  it.each([
    ['', 'line 2: expected a date such as 2026-11-25 or 11-25-2026'],
    ['25-11-2026', 'line 2: expected a date such as 2026-11-25 or 11-25-2026'],
    ['2026-02-30', 'line 2: expected a date such as 2026-11-25 or 11-25-2026'],
    ['11/25/2026', 'line 2: expected a date such as 2026-11-25 or 11-25-2026'],
    ['yesterday', 'line 2: expected a date such as 2026-11-25 or 11-25-2026'],
  ])('with the date "%s" is refused', async (date, message) => {
    await expect(readActivityFile(`userid,date\n${user(1)},${date}\n`, 'f.csv')).rejects.toThrow(`f.csv: ${message}`);
  });

  it('is refused with all wrong lines, and at most twenty', async () => {
    const two = readActivityFile(`userid,date\n,2026-11-25\n${user(1)},x\n`, 'f.csv');
    await expect(two).rejects.toThrow(/line 2: expected the id of a user\nf.csv: line 3: expected a date/);
    const many = readActivityFile(`userid,date\n${`${user(1)},x\n`.repeat(30)}`, 'f.csv');
    await expect(many).rejects.toThrow(/line 21: .*\nf.csv: 10 more errors$/);
  });

  it.each([
    ['the folders of its path', `${KIRO}/user_report/us-east-1/2026/11/08/00/x.csv`, '2026-11-08'],
    ['the last folders of its path', `/backup/2026/12/01/x/2026/11/08/00/x.csv`, '2026-11-08'],
    ['its name', '/flat/KIRO_CLI_111122223333_user_report_202611080000.csv', '2026-11-08'],
    ['the name of the older form', '/flat/111122223333_by_user_analytic_202611080000_report.csv', '2026-11-08'],
    ['a name that an operator gave', '/flat/2026-11-08.csv', '2026-11-08'],
  ])('without a row covers the day of %s', async (_fact, path, day) => {
    expect(shown(await readActivityFile('userid,date\n', path))).toMatchObject({ days: [day], lastUses: {} });
  });

  it.each([['/flat/export.csv'], ['/flat/111122223333.csv'], ['/a/2026/13/40/x.csv']])(
    'without a row and without a day in its path covers nothing: %s',
    async (path) => {
      expect(shown(await readActivityFile('userid,date\n', path))).toMatchObject({ days: [] });
    },
  );

  it('with rows covers their days only, whatever its path says', async () => {
    const { days } = await readActivityFile(NEWER_TEXT, NEWER.replace('/2026/11/25/', '/2026/11/26/'));
    expect([...days]).toEqual(['2026-11-25']);
  });

  it.each([
    ['of an operator', '/flat/2026-11-08.csv', 'userid,date\n', true],
    ['of the newer form', '/flat/2026-11-08.csv', 'userid,date,client_type\n', true],
    ['of the older form', '/flat/1_by_user_analytic_202611080000_report.csv', 'userid,date\n', false],
  ])('without a row, %s, is about all clients: %#', async (_fact, path, text, isComplete) => {
    expect(await readActivityFile(text, path)).toMatchObject({ isComplete });
  });
});

const DAY = `userid,date\n${user(1)},2026-11-25\n`;

describe('activity files', () => {
  it('are those of a folder and all folders in it, zipped or not', async () => {
    const folder = filesOf({
      'a.csv': DAY,
      'deep/er/b.csv.gz': gzipSync(DAY),
      'UPPER.CSV': DAY,
      'unzipped.csv.gz': DAY,
      'zipped.csv': gzipSync(DAY),
      'notes.txt': 'x',
      'prompts.json.gz': 'x',
      '._a.csv': 'x',
      '.hidden/a.csv': 'x',
    });
    const calls: [number, number][] = [];
    const reports = await readActivityFiles(folder, (...call) => calls.push(call));
    expect(reports.map(({ days }) => [...days])).toEqual(Array(5).fill(['2026-11-25']));
    expect(calls.at(-1)).toEqual([4, 5]);
  });

  it('may be one file, whatever its name is', async () => {
    const folder = filesOf({ 'activity.txt': DAY });
    expect(await readActivityFiles(join(folder, 'activity.txt'))).toHaveLength(1);
  });

  it('are found behind links, which may lead in a circle', async () => {
    const [folder, other] = [filesOf({ 'a.csv': DAY }), filesOf({ 'x/b.csv': DAY })];
    symlinkSync(join(other, 'x'), join(folder, 'linked'));
    symlinkSync(folder, join(other, 'x', 'back'));
    symlinkSync(join(folder, 'a.csv'), join(folder, 'c.csv'));
    expect(await readActivityFiles(folder)).toHaveLength(3);
  });

  it.each<[string, Record<string, string | Uint8Array>, RegExp]>([
    ['there are none', { 'a.txt': DAY }, /: no \.csv or \.csv\.gz file in this folder$/],
    ['one is truncated', { 'a.csv.gz': gzipSync(DAY).subarray(0, 30) }, /a\.csv\.gz: truncated or damaged gzip/],
    ['one is damaged', { 'a.csv.gz': damaged(gzipSync(DAY)) }, /a\.csv\.gz: truncated or damaged gzip/],
    ['one is empty', { 'a.csv.gz': '' }, /a\.csv\.gz: empty/],
    ['one is not UTF-8', { 'a.csv': Uint8Array.of(0xff, 0xfe, 0x75) }, /a\.csv: not UTF-8 text$/],
    ['one has no such column', { 'a.csv': DAY, 'z.csv': 'x,y\n1,2\n' }, /z\.csv: line 1: no column userid/],
    ['one ends in a row', { 'a.csv': DAY, 'z.csv': `${DAY}94e8` }, /z\.csv: line 3: another number of columns/],
    ['a part is missing', { 'x_part_1.csv': DAY, 'x_part_3.csv': DAY }, /x_part_2\.csv: missing: part 3 is there$/],
    ['the first part is missing', { 'x_part_2.csv.gz': DAY }, /x_part_1\.csv\.gz: missing: part 2 is there$/],
  ])('are refused if %s, and the file is named', async (_fact, files, message) => {
    await expect(readActivityFiles(filesOf(files))).rejects.toMatchObject({
      name: 'InputError',
      message: expect.stringMatching(message),
    });
  });

  it('may be in parts', async () => {
    const folder = filesOf({ 'x_part_1.csv': DAY, 'x_part_2.csv': DAY, 'y/x_part_1.csv': DAY });
    expect(await readActivityFiles(folder)).toHaveLength(3);
  });

  it('are refused if there is no such folder', async () => {
    await expect(readActivityFiles('/nonexistent')).rejects.toThrow('/nonexistent: no such file');
  });
});

function damaged(bytes: Uint8Array): Uint8Array {
  return bytes.map((byte, index) => (index > 15 && index < 25 ? byte ^ 0xff : byte));
}
