/** Longest address and longest part before the `@` (RFC 5321). */
const MOST_CHARACTERS = 254;
const MOST_LOCAL_CHARACTERS = 64;

/** What RFC 5322 allows without quotes, and SES takes: ASCII. */
const LOCAL_PART = /^[a-z0-9!#$%&'*+/=?^_`{|}~-]+(?:\.[a-z0-9!#$%&'*+/=?^_`{|}~-]+)*$/i;
const DOMAIN = /^(?=.{1,253}$)(?:[a-z0-9](?:[a-z0-9-]{0,61}[a-z0-9])?\.)+[a-z0-9-]{2,63}$/i;

/** Whether Amazon SES takes an address as it is: one address in ASCII, without a name, quotes or line breaks. */
export function isSendable(address: string): boolean {
  const at = address.lastIndexOf('@');
  const local = address.slice(0, Math.max(0, at));
  return (
    address.length <= MOST_CHARACTERS &&
    local.length <= MOST_LOCAL_CHARACTERS &&
    LOCAL_PART.test(local) &&
    DOMAIN.test(address.slice(at + 1))
  );
}
