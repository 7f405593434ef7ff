import type { Entitlements } from '../domain/entitlements.ts';
import type { NoticeFacts } from '../domain/notices/message.ts';
import type { NoticeKind } from '../domain/notices/schema.ts';

/** What tries to break out of a line, a template, an element or an attribute. */
const HOSTILE = '{{ name | raw }}{% render "footer" %}\r\nBcc: <b a="\'>&amp;</title>\u202e\u2066\u0000';

/**
 * Returns facts with which every template must be rendered: as the entitlements have them, without everything that may be
 * absent, and with values that no one expects.
 */
export function samplesOf(kind: NoticeKind, entitlements: Pick<Entitlements, 'entitlements'>): NoticeFacts[] {
  const least = {
    kind,
    product: 'Kiro',
    startUrl: 'https://d-1234567890.awsapps.com/start',
    region: 'eu-central-1',
    contact: 'it@example.com',
  };
  const most = { ...least, name: 'Ana Silva', helpUrl: 'https://example.com/help', revokeOn: '2026-12-31' };
  const configured = entitlements.entitlements.flatMap(({ notices }) => {
    const text = notices?.texts?.[kind];
    return notices ? [{ ...most, product: notices.product, ...(text === undefined ? {} : { text }) }] : [];
  });
  const hostile = { startUrl: HOSTILE, region: HOSTILE, contact: HOSTILE, revokeOn: HOSTILE, text: HOSTILE.repeat(50) };
  return [
    ...configured,
    least,
    { ...most, ...hostile, product: HOSTILE, name: HOSTILE, helpUrl: `https://${HOSTILE}` },
  ];
}
