/** What an operator can do about a message that Amazon SES refused, by the reason. docs/notices.md has the same. */
const REMEDIES: Readonly<Record<string, string>> = {
  'access-denied': 'these credentials may not send from this address: ses:SendEmail on the identity',
  'account-suspended': 'AWS has suspended sending for this account: ask AWS Support',
  'address-not-verified':
    'Amazon SES has not verified the sender or, in the sandbox, the recipient: verify it, or leave the sandbox',
  'message-rejected': 'Amazon SES found something in it that it does not send, such as a virus',
  'sender-missing':
    'this account and Region have no such identity or configuration set: check from, identity and region',
  'sending-paused': 'sending is paused for this account or configuration set: see the reputation metrics in Amazon SES',
  validation: 'Amazon SES does not take the addresses or the configuration set: check notices in entitlements.yml',
};

/** Says what to do about a message that Amazon SES did not take. */
export function remedyFor({ outcome, reason }: { outcome: string; reason?: string | undefined }): string {
  if (outcome === 'throttled') return 'the quota of Amazon SES is used up, per second or per day: try again later';
  if (outcome === 'in-doubt') return 'Amazon SES did not answer: look into the mailbox before you try again';
  return REMEDIES[reason ?? ''] ?? 'docs/notices.md has the reasons';
}
