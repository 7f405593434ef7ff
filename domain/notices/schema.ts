import * as z from 'zod/mini';
import { Region } from '../shared/ids.ts';
import { isSendable } from './address.ts';

/** What a notice tells a user, by the kind of the audit record that it follows. */
export const NOTICE_KINDS = ['assigned', 'waitlisted', 'leaving', 'revoked', 'kept'] as const;
export type NoticeKind = (typeof NOTICE_KINDS)[number];

/** A language by its tag: the primary language, and a region or script where it matters. */
export const LanguageTag = z
  .string()
  .check(z.regex(/^[a-z]{2,3}(?:-[A-Za-z0-9]{2,8}){0,2}$/, 'expected a language tag such as en or pt-BR'));

const Address = z.string().check(z.refine(isSendable, 'expected an e-mail address in ASCII'));

function secureUrl(what: string) {
  return z
    .string()
    .check(
      z.maxLength(500),
      z.refine(isSecureUrl, 'expected a URL that begins with https://, without a user name and a password'),
      z.describe(what),
    );
}

function isSecureUrl(text: string): boolean {
  const url = URL.parse(text);
  return (
    url !== null && url.protocol === 'https:' && url.username === '' && url.password === '' && !/[\s"<>]/.test(text)
  );
}

/** One line of text without characters that change how a line is shown. */
function line(most: number, what: string) {
  return z
    .string()
    .check(
      z.minLength(1),
      z.maxLength(most),
      z.regex(/^(?=.*\S)[^\p{Cc}\p{Cf}\u2028\u2029]*$/u, 'expected one line of plain text'),
      z.describe(what),
    );
}

/** The settings of all notices; without them, no one is written to. */
export const NoticesSchema = z.strictObject({
  from: Address.check(
    // The policy that lets Usher send has the address, and IAM puts variables in its place.
    z.refine((address) => !address.includes('${'), 'expected an address without ${'),
    z.describe('Address that the notices come from. Amazon SES must have verified it, or its domain.'),
  ),
  fromName: z.optional(line(64, 'Name next to that address, such as Acme IT')),
  replyTo: z.optional(Address.check(z.describe('Where answers go, if not to the address that the notices come from'))),
  identity: z.optional(
    z
      .string()
      .check(
        z.regex(/^[a-zA-Z0-9.+_=-]+(?:@[a-zA-Z0-9.-]+)?$/, 'expected a domain or an address'),
        z.maxLength(320),
        z.describe('Verified identity of Amazon SES: a domain or an address. By default the domain of `from`.'),
      ),
  ),
  configurationSet: z.optional(
    z
      .string()
      .check(
        z.regex(/^[A-Za-z0-9_-]{1,64}$/, 'expected letters, digits, _ and -, at most 64'),
        z.describe('Configuration set of Amazon SES, for example to see bounces'),
      ),
  ),
  region: z.optional(Region.check(z.describe('Region of Amazon SES, if not that of Identity Center'))),
  signIn: z.strictObject({
    startUrl: secureUrl('Start URL that users enter in the IDE: console of IAM Identity Center, Settings summary'),
    region: z.optional(Region.check(z.describe('Region that users enter in the IDE, if not that of Identity Center'))),
    helpUrl: z.optional(secureUrl('A page of yours about signing in')),
  }),
  language: z._default(
    LanguageTag.check(z.describe('Language for users without a preferred language, or with one that has no templates')),
    'en',
  ),
  dailyLimit: z._default(
    z
      .int()
      .check(
        z.minimum(1),
        z.maximum(1_000_000),
        z.describe('Most notices per day (UTC). What exceeds it is not sent, and can be sent again by an operator.'),
      ),
    200,
  ),
  perSecond: z._default(
    z
      .number()
      .check(
        z.minimum(0.1),
        z.maximum(100),
        z.describe("Most notices per second. Stay below the account's maximum send rate in Amazon SES."),
      ),
    1,
  ),
  backfill: z._default(
    z
      .boolean()
      .check(
        z.describe(
          'Whether users also get notices of what the first full sweep of an application changes, and of adopted seats',
        ),
      ),
    false,
  ),
});
/** `notices` of `entitlements.yml`, parsed. */
export type NoticeSettings = z.infer<typeof NoticesSchema>;

/** A paragraph of one's own. Templates escape it. */
const OwnText = z
  .string()
  .check(z.minLength(1), z.maxLength(2000), z.regex(/^(?:[^\p{Cc}\p{Cf}\u2028\u2029]|\n)*$/u, 'expected plain text'));

/** Which notices the users of one entitlement get. */
export const EntitlementNoticesSchema = z.strictObject({
  product: line(80, 'Name of the product in the texts, such as Kiro'),
  send: z.array(z.enum(NOTICE_KINDS)).check(
    z.minLength(1),
    z.refine((kinds) => new Set(kinds).size === kinds.length, 'expected each kind once'),
    z.describe('What users are told'),
  ),
  texts: z.optional(
    z
      .strictObject({
        assigned: z.optional(OwnText),
        waitlisted: z.optional(OwnText),
        leaving: z.optional(OwnText),
        revoked: z.optional(OwnText),
        kept: z.optional(OwnText),
      })
      .check(z.describe('A paragraph of yours per kind, below what happened')),
  ),
});
export type EntitlementNotices = z.infer<typeof EntitlementNoticesSchema>;
