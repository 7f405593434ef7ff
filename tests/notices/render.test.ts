import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import type { NoticeFacts } from '../../domain/notices/message.ts';
import { NOTICE_KINDS } from '../../domain/notices/schema.ts';
import { readTemplates } from '../../input/notice-templates.ts';
import { rendererOf } from '../../notices/render.ts';

const NOTICES = join(import.meta.dirname, '..', '..', 'notices');
const templates = readTemplates({ shipped: NOTICES, own: join(NOTICES, 'absent') }, { entitlements: [] });
const render = rendererOf(templates, { language: 'en' });

function facts(given: Partial<NoticeFacts> = {}): NoticeFacts {
  return {
    kind: 'assigned',
    product: 'Kiro',
    name: 'Ana Silva',
    startUrl: 'https://d-1234567890.awsapps.com/start',
    region: 'eu-central-1',
    helpUrl: 'https://wiki.example.com/kiro',
    revokeOn: '2026-12-05',
    text: 'Install it from the software centre.',
    contact: 'it-help@example.com',
    ...given,
  };
}

describe('a notice', () => {
  it.each(NOTICE_KINDS)('of the kind %s has a subject of one line, a text and an HTML part', (kind) => {
    const { subject, text, html } = render(facts({ kind }), []);
    expect(subject).toMatch(/^[^\n]+Kiro[^\n]*$/);
    expect(text).toContain('it-help@example.com');
    expect(html).toMatch(/^<!doctype html>\n<html lang="en">/);
  });
});
