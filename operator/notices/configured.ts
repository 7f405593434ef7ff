import type { Entitlements } from '../../domain/entitlements.ts';
import type { NoticeSettings } from '../../domain/notices/schema.ts';
import { MissingPrecondition } from '../failures.ts';

/** Returns the settings of the notices. @throws MissingPrecondition if there are none: no one is written to */
export function requireNotices({ notices }: Pick<Entitlements, 'notices'>): NoticeSettings {
  if (notices) return notices;
  throw new MissingPrecondition(
    'Notices are off: entitlements.yml has no notices, so that no user is written to. To turn them on, add notices at the top and to an entitlement, and deploy: docs/notices.md',
  );
}
