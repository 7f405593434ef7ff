import { isSendable } from './address.ts';

/** What the directory says of a user, as far as a notice needs it. Any text may hold any characters. */
export interface Profile {
  emails: readonly { value?: string | undefined; type?: string | undefined; primary?: boolean | undefined }[];
  givenName?: string | undefined;
  displayName?: string | undefined;
  preferredLanguage?: string | undefined;
}

/** How a user is reached. It lives only as long as one notice is made. */
export interface Contact {
  /** Address that Amazon SES takes as it is; without one, why there is none. */
  address: string | { missing: 'no-address' | 'unusable-address' };
  /** How the user is greeted; absent if the directory has no name. */
  name?: string;
  /** Language tags in the order of preference. */
  languages: readonly string[];
}

/** Returns how a user is reached. */
export function contactIn({ emails, givenName, displayName, preferredLanguage }: Profile): Contact {
  const name = greetingName(givenName) ?? greetingName(displayName);
  return {
    address: addressIn(emails),
    ...(name === undefined ? {} : { name }),
    languages: languagesIn(preferredLanguage),
  };
}

/** Chooses, of those that can be used, the primary work address, else one for work, else the primary one, else the first. */
function addressIn(emails: Profile['emails']): Contact['address'] {
  const given = emails.filter(({ value }) => value !== undefined && value !== '');
  if (given.length === 0) return { missing: 'no-address' };
  const usable = given.flatMap(({ value = '', type, primary }) => {
    const address = sendableForm(value);
    if (address === undefined) return [];
    const rank = (type?.toLowerCase() === 'work' ? 2 : 0) + (primary === true ? 1 : 0);
    return [{ address, rank }];
  });
  // Sorting is stable: among equals, the first in the directory counts.
  const [best] = usable.sort((a, b) => b.rank - a.rank);
  return best?.address ?? { missing: 'unusable-address' };
}

/** Returns an address as Amazon SES takes it, with its domain in Punycode; undefined for one that it does not take. */
function sendableForm(address: string): string | undefined {
  if (isSendable(address)) return address;
  const at = address.lastIndexOf('@');
  const domain = address.slice(at + 1);
  // Anything else could end the host in the URL, or name another one.
  if (!/^[\p{L}\p{M}\p{N}.-]+$/u.test(domain)) return undefined;
  const ascii = `${address.slice(0, Math.max(0, at))}@${URL.parse(`http://${domain}`)?.hostname ?? ''}`;
  return isSendable(ascii) ? ascii : undefined;
}

/** Longest name in a greeting: a longer one is no name. */
const MOST_NAME_CHARACTERS = 64;
/** Everything that is invisible or turns the direction of a text, but for the two joiners that some scripts need. */
const INVISIBLE = /[^\P{C}\u200C\u200D]/gu;

/** Returns a name as it may be shown in a line of text; undefined if nothing is left of it. */
function greetingName(name: string | undefined): string | undefined {
  const shown = (name ?? '').replace(/\s+/gu, ' ').replace(INVISIBLE, '').trim();
  return /[\p{L}\p{N}]/u.test(shown) && [...shown].length <= MOST_NAME_CHARACTERS ? shown : undefined;
}

/** Longest list of languages that is read, and most of its entries that count. */
const MOST_LIST_CHARACTERS = 200;
const MOST_LANGUAGES = 10;

/**
 * Reads the languages of a user from `preferredLanguage`: one tag or, as SCIM recommends, a list like that of the header
 * Accept-Language. What is no tag is left out.
 *
 * @see https://www.rfc-editor.org/rfc/rfc7643#section-4.1.1
 */
function languagesIn(preferred: string | undefined): string[] {
  const weighted = (preferred ?? '')
    .slice(0, MOST_LIST_CHARACTERS)
    .split(',')
    .flatMap((entry) => {
      const [range = '', ...parameters] = entry.split(';').map((part) => part.trim());
      const tag = tagIn(range);
      const weight = weightIn(parameters);
      return tag === undefined || weight === 0 ? [] : [{ tag, weight }];
    });
  const tags = weighted.sort((a, b) => b.weight - a.weight).map(({ tag }) => tag);
  return [...new Set(tags)].slice(0, MOST_LANGUAGES);
}

/** Returns a language tag in the usual spelling: `pt-BR` for `PT_br`. */
function tagIn(range: string): string | undefined {
  const tag = range.replaceAll('_', '-');
  if (!/^[a-z]{2,3}(?:-[a-z0-9]{2,8}){0,3}$/i.test(tag)) return undefined;
  try {
    return Intl.getCanonicalLocales(tag)[0];
  } catch (error) {
    if (error instanceof RangeError) return undefined;
    throw error;
  }
}

/** Returns the weight of an entry: 1 unless it says another one. */
function weightIn(parameters: readonly string[]): number {
  const [, weight] = /^q=([01](?:\.\d{0,3})?)$/i.exec(parameters[0] ?? '') ?? [];
  return weight === undefined ? 1 : Number(weight);
}
