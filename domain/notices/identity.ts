import type { NoticeSettings } from './schema.ts';

/** Returns the identity of Amazon SES that the notices are sent with, as Amazon SES has it: its domain in lower case. */
export function identityOf({ from, identity }: Pick<NoticeSettings, 'from' | 'identity'>): string {
  const name = identity ?? from.slice(from.lastIndexOf('@') + 1);
  const at = name.lastIndexOf('@');
  return name.slice(0, at + 1) + name.slice(at + 1).toLowerCase();
}
