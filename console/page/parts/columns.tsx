import { CopyButton, Time } from './text.tsx';
import { User } from './user.tsx';
import type { Column } from './virtual-table.tsx';

/** A user, with a button that copies the id. */
export const USER_COLUMN: Column<{ userId: string }> = {
  key: 'userId',
  title: 'User',
  width: '24rem',
  value: ({ userId }) => userId,
  cell: ({ userId }) => (
    <>
      <User userId={userId} /> <CopyButton text={userId} label={`Copy ${userId}`} />
    </>
  ),
};

/** Returns a column of times. @param key the field that has them */
export function timeColumn<Key extends string>(
  key: Key,
  title: string,
  width: string,
): Column<Readonly<Partial<Record<Key, string | undefined>>>> {
  return { key, title, width, value: (row) => row[key], cell: (row) => <Time at={row[key]} /> };
}
