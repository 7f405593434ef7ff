import { join } from 'node:path';
import type { NoticeFacts } from '../../domain/notices/message.ts';
import { readTemplates } from '../../input/notice-templates.ts';

/** The folder of the shipped templates. */
export const SHIPPED_TEMPLATES = join(import.meta.dirname, '..', '..', 'notices');

/** The templates without any of one's own. */
export const TEMPLATES = readTemplates({ shipped: SHIPPED_TEMPLATES });

/** What a template gets, with everything that may be absent. */
export function noticeFacts(given: Partial<NoticeFacts> = {}): NoticeFacts {
  return {
    kind: 'assigned',
    product: 'Kiro',
    name: 'Ana Silva',
    startUrl: 'https://d-1234567890.awsapps.com/start',
    region: 'eu-central-1',
    helpUrl: 'https://wiki.example.com/kiro',
    revokeOn: '2026-12-05',
    text: 'Install it from the software centre.\n\nThe course is on Fridays.',
    contact: 'it-help@example.com',
    ...given,
  };
}
