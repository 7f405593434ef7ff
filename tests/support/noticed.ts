import type { Entitlements } from '../../domain/entitlements.ts';
import { NOTICE_KINDS, type NoticeSettings } from '../../domain/notices/schema.ts';
import { parseEntitlements } from '../../domain/parse-entitlements.ts';
import { exampleEntitlements } from '../../emulator/scenario/example-entitlements.ts';

/** Returns a configuration whose users get all notices. */
export function noticed(settings: Partial<NoticeSettings> = {}): Entitlements {
  const example = exampleEntitlements();
  const parsed = parseEntitlements({
    ...example,
    entitlements: example.entitlements.map((one) => ({ ...one, notices: { product: 'Kiro', send: NOTICE_KINDS } })),
    notices: {
      from: 'usher@example.com',
      signIn: { startUrl: 'https://acme.awsapps.com/start' },
      ...settings,
    },
  });
  if ('issues' in parsed) throw new Error(JSON.stringify(parsed.issues));
  return parsed.entitlements;
}
