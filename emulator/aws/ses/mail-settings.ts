import * as z from 'zod/mini';
import { inLowerDomain } from '../../../domain/notices/identity.ts';
import type { NoticeSettings } from '../../../domain/notices/schema.ts';

const Identity = z
  .string()
  .check(z.regex(/^[a-zA-Z0-9.+_=-]+(?:@[a-zA-Z0-9.-]+)?$/, 'expected a domain or an address'), z.maxLength(320));

/** An account of Amazon SES. What is left out is as the notices need it. */
export const MailSettingsSchema = z.strictObject({
  sandbox: z.optional(
    z
      .boolean()
      .check(
        z.describe(
          'Whether the account is in the sandbox of Amazon SES: it sends only to verified identities and to the mailbox simulator, 200 messages per day and 1 per second',
        ),
      ),
  ),
  sending: z.optional(
    z
      .enum(['enabled', 'paused', 'suspended'])
      .check(z.describe("Whether Amazon SES sends the account's mail: sending may be paused, or ended for good")),
  ),
  verified: z.optional(
    z
      .array(Identity)
      .check(z.describe('Identities that are verified: domains and addresses. By default that of the notices')),
  ),
  pending: z.optional(
    z.array(Identity).check(z.describe('Identities that exist and are not verified yet. By default none')),
  ),
  configurationSets: z.optional(
    z.array(z.string()).check(z.describe('Configuration sets that exist. By default that of the notices')),
  ),
  defaultConfigurationSet: z.optional(
    z.string().check(z.describe('Configuration set that every identity sends with by default. By default none')),
  ),
  perDay: z.optional(
    z.int().check(z.minimum(0), z.describe('Most recipients within 24 hours: 50,000, or 200 in the sandbox')),
  ),
  perSecond: z.optional(
    z.number().check(z.minimum(0.1), z.describe('Most recipients per second: 14, or 1 in the sandbox')),
  ),
});
/** See {@link MailSettingsSchema}. */
export type MailSettings = z.infer<typeof MailSettingsSchema>;

/** An account of Amazon SES, complete. */
export type MailAccount = {
  [Setting in Exclude<keyof MailSettings, 'defaultConfigurationSet'>]-?: NonNullable<MailSettings[Setting]>;
} & Pick<MailSettings, 'defaultConfigurationSet'>;

/**
 * Returns an account: as the settings say and, where they say nothing, one that may send the notices.
 *
 * @see https://docs.aws.amazon.com/ses/latest/dg/request-production-access.html
 */
export function mailAccountOf(settings: MailSettings, notices: NoticeSettings | undefined): MailAccount {
  const { sandbox = false, defaultConfigurationSet } = settings;
  const identity = notices && (notices.identity ?? notices.from.slice(notices.from.lastIndexOf('@') + 1));
  const set = notices?.configurationSet;
  return {
    sandbox,
    sending: settings.sending ?? 'enabled',
    verified: settings.verified ?? (identity === undefined ? [] : [identity]),
    pending: settings.pending ?? [],
    configurationSets: settings.configurationSets ?? (set === undefined ? [] : [set]),
    ...(defaultConfigurationSet === undefined ? {} : { defaultConfigurationSet }),
    perDay: settings.perDay ?? (sandbox ? 200 : 50_000),
    perSecond: settings.perSecond ?? (sandbox ? 1 : 14),
  };
}

/**
 * Whether an address, or a domain that it belongs to, is verified. A verified domain covers its subdomains; the part before
 * the `@` distinguishes upper and lower case.
 */
export function isVerified(address: string, { verified }: Pick<MailAccount, 'verified'>): boolean {
  const at = address.lastIndexOf('@');
  const domain = address.slice(at + 1).toLowerCase();
  const known = new Set(verified.map(inLowerDomain));
  if (known.has(`${address.slice(0, at)}@${domain}`)) return true;
  const labels = domain.split('.');
  return labels.some((_, index) => known.has(labels.slice(index).join('.')));
}
