import { expect, it } from 'vitest';
import { readUserIds } from '../../input/user-ids-file.ts';
import { STORE_ID, user } from '../support/ids.ts';

it('reads one id per line, with comments, in any form that AWS shows', () => {
  const text = `# on leave\r\n${user(1)}\r\n\r\n  ${user(2).toUpperCase()} # until May\n${STORE_ID}.${user(3)}`;
  expect(readUserIds(text, 'except.txt')).toEqual(new Set([user(1), user(2), user(3)]));
  expect(readUserIds('', 'except.txt')).toEqual(new Set());
});

it('refuses every line that is no id, and quotes none', () => {
  const text = `${user(1)}\njane@example.com\n${user(2)}, ${user(3)}\n`;
  expect(() => readUserIds(text, 'except.txt')).toThrow(
    /^except\.txt: line 2: expected the id of a user[^\n]*\nexcept\.txt: line 3: expected [^\n]*$/,
  );
  expect(() => readUserIds(text, 'except.txt')).not.toThrow(/jane/);
});
