import type { Entitlements } from '../domain/entitlements.ts';
import type { NoticeFacts } from '../domain/notices/message.ts';
import type { NoticeKind } from '../domain/notices/schema.ts';
import { contentOf } from '../domain/notify/decide.ts';

/** What templates are tried with. */
export type Configuration = Pick<Entitlements, 'notices' | 'entitlements' | 'identityCenter'>;

/** What tries to break out of a line, a template, an element or an attribute. */
const HOSTILE = '{{ name | raw }}{% render "footer" %}\r\nBcc: <b a="\'>&amp;</title>\u202e\u2066\u0000';
const SEAT = { dueAt: '2026-12-31T00:00:00.000Z' };

/**
 * Returns facts with which every template must be rendered: as the entitlements have them, without everything that may be
 * absent, and with values that no one expects.
 */
export function samplesOf(kind: NoticeKind, configuration?: Configuration): NoticeFacts[] {
  const least = {
    kind,
    product: 'Kiro',
    startUrl: 'https://example.com',
    region: 'eu-central-1',
    contact: 'it@example.com',
  };
  const hostile = {
    ...{ product: HOSTILE, name: HOSTILE, startUrl: HOSTILE, region: HOSTILE, contact: HOSTILE, revokeOn: HOSTILE },
    ...{ helpUrl: `https://${HOSTILE}`, text: HOSTILE.repeat(50) },
  };
  return [...configuredOf(kind, configuration), least, { kind, ...hostile }];
}

function configuredOf(kind: NoticeKind, configuration?: Configuration): NoticeFacts[] {
  if (!configuration?.notices) return [];
  const { notices: settings, entitlements, identityCenter } = configuration;
  return entitlements.flatMap(({ notices }): NoticeFacts[] => {
    if (!notices) return [];
    const content = contentOf(kind, SEAT, { settings, entitlement: { notices }, region: identityCenter.region });
    return [content, { ...content, name: 'Ana Silva' }];
  });
}
