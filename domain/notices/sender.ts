import type { NoticeSettings } from './schema.ts';

/** Longest sender that Amazon SES takes: the address with the encoded name next to it. */
export const MOST_SENDER_CHARACTERS = 320;

/** Returns the sender of all notices as the header of a message takes it. */
export function senderOf({ from, fromName }: Pick<NoticeSettings, 'from' | 'fromName'>): string {
  return fromName === undefined ? from : `${encodedName(fromName)} <${from}>`;
}

/** Whether a display name is in the header of a message as it is, in quotes: it has only simple characters of ASCII. */
export function isQuotable(name: string): boolean {
  return /^[ -~]*$/.test(name) && !/["\\<>]/.test(name);
}

/** Most bytes of text in one encoded word: with `=?UTF-8?B?` and `?=`, Base64 of 45 bytes has 72 of the 75 characters. */
const ENCODED_WORD_BYTES = 45;

/**
 * Returns a display name as a header takes it: quoted, or in encoded words if it is not {@link isQuotable}. Neither form can
 * hold a line break.
 *
 * @see https://www.rfc-editor.org/rfc/rfc2047#section-2
 */
function encodedName(name: string): string {
  if (isQuotable(name)) return `"${name}"`;
  const words: string[] = [''];
  for (const character of name) {
    const word = `${words.at(-1)}${character}`;
    if (Buffer.byteLength(word) > ENCODED_WORD_BYTES) words.push(character);
    else words.splice(-1, 1, word);
  }
  return words.map((word) => `=?UTF-8?B?${Buffer.from(word).toString('base64')}?=`).join(' ');
}
