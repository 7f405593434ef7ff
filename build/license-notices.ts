import { existsSync, readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import type { BundledPackage } from './bundled-packages.ts';

/** The name of the file of notices in each zip. */
export const NOTICES_FILE = 'THIRD-PARTY-NOTICES.txt';

/**
 * Texts of packages that come without one, by scope or name, from their repositories. Where a repository has none either, it is
 * the text of the license that the package names, with its author.
 */
const MISSING_TEXTS = join(import.meta.dirname, 'licenses');

const LEGAL_FILE = /^(?:licen[cs]e|notice|copying|copyright)\b/i;
const RULE = '-'.repeat(80);

/**
 * Returns the notices for the packages of which a zip contains code: every text as the package has it, and the same text once.
 *
 * @throws if a package has no text, and `build/licenses/` has none for its scope or name
 */
export function noticesFor(packages: readonly BundledPackage[]): string {
  const packagesOf = new Map<string, BundledPackage[]>();
  for (const one of packages) {
    for (const text of textsOf(one)) packagesOf.set(text, [...(packagesOf.get(text) ?? []), one]);
  }
  const parts = [...packagesOf].map(([text, users]) => {
    const names = users.map(({ name, version, license }) => `${name} ${version} (${license})\n`);
    return `${RULE}\n\n${names.join('')}\n${trimmed(text)}\n\n`;
  });
  return `This file has the licenses of the packages of which the code next to it contains parts.\n\n${parts.join('')}`;
}

/** Without the empty lines around it. */
function trimmed(text: string): string {
  return text.replace(/^(?:\s*\n)+/, '').trimEnd();
}

function textsOf({ name, directory }: BundledPackage): string[] {
  const files = readdirSync(directory).filter((file) => LEGAL_FILE.test(file));
  if (files.length > 0) return files.sort().map((file) => readFileSync(join(directory, file), 'utf8'));
  const [scope = ''] = name.split('/');
  const file = join(MISSING_TEXTS, `${scope}.txt`);
  if (!existsSync(file)) throw new Error(`${name} comes without a license text. Add one: build/licenses/${scope}.txt`);
  return [readFileSync(file, 'utf8')];
}
