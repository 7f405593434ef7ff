import { cpSync, mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect, it } from 'vitest';
import { packagedTemplates } from '../../build/notice-templates.ts';
import { filesOf } from '../support/folder.ts';
import { SHIPPED_TEMPLATES, TEMPLATES } from '../support/notice-facts.ts';
import { noticed } from '../support/noticed.ts';

const ROOT = join(SHIPPED_TEMPLATES, '..');

it('a package gets the templates of this repository, which has none of its own', () => {
  const templates = packagedTemplates(ROOT, noticed());
  expect(templates).toEqual(TEMPLATES);
  expect(JSON.parse(JSON.stringify(templates))).toEqual(templates);
});

it('a package with a broken template is refused, with file and line', () => {
  const root = filesOf({});
  cpSync(SHIPPED_TEMPLATES, join(root, 'notices'), { recursive: true });
  mkdirSync(join(root, 'notices', 'own', 'en'));
  writeFileSync(join(root, 'notices', 'own', 'en', 'ask.txt.liquid'), 'Ask\n{{ help }}\n');
  expect(() => packagedTemplates(root, noticed())).toThrow(
    /^notices\/own\/en\/ask\.txt\.liquid:2: no such variable: help/,
  );
});
