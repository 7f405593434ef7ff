import type { NoticeSettings } from './schema.ts';

/** Returns the identity of Amazon SES that the notices are sent with, as Amazon SES has it: its domain in lower case. */
export function identityOf({ from, identity }: Pick<NoticeSettings, 'from' | 'identity'>): string {
  return inLowerDomain(identity ?? from.slice(from.lastIndexOf('@') + 1));
}

/** Returns a domain or an address with its domain in lower case; the part before the `@` distinguishes both cases. */
export function inLowerDomain(name: string): string {
  const at = name.lastIndexOf('@');
  return name.slice(0, at + 1) + name.slice(at + 1).toLowerCase();
}
