import { readdirSync, readFileSync } from 'node:fs';
import { join, sep } from 'node:path';
import { LanguageTag } from '../domain/notices/schema.ts';
import type { ValidationIssue } from '../domain/shared/validation.ts';
import { LAYOUT, SHIPPED_LANGUAGE, type Templates } from '../notices/templates.ts';
import { textIn } from './files.ts';
import { InputError } from './input-error.ts';

/** Where templates are. */
export interface TemplateFolders {
  /** The folder `notices` of Usher. */
  shipped: string;
  /** A company's own, each in place of the shipped file of the same path, or for another language. It need not be there. */
  own: string;
}

/** How errors name the folder of own templates. */
const OWN = 'notices/own';
/** What says what the folder is for. */
const README = 'README.md';

/**
 * Reads the templates of all languages.
 *
 * @throws InputError with every file that is none of a template
 */
export function readTemplates(folders: TemplateFolders): Templates {
  const shipped = readFolder(folders.shipped, (path) => path === LAYOUT || path.startsWith(`${SHIPPED_LANGUAGE}/`));
  const own = readFolder(folders.own, (path) => path !== README);
  const names = [...shipped.keys()].flatMap((path) => path.split('/')[1] ?? []);
  const issues = [...own].flatMap(([path, file]) => issuesOf(path, names) ?? file.issues);
  if (issues.length > 0) throw new InputError('', issues);
  const files = new Map([...shipped, ...own].map(([path, { source }]) => [path, source]));
  const layout = files.get(LAYOUT) ?? '';
  const templates: Record<string, Record<string, string>> = {};
  for (const [path, source] of files) {
    const [language = '', name] = path.split('/');
    if (name === undefined) continue;
    templates[language] = { [LAYOUT]: layout, ...templates[language], [name]: source };
  }
  return templates;
}

interface TemplateFile {
  source: string;
  issues: ValidationIssue[];
}

/** Reads the files of a folder by their paths below it. */
function readFolder(folder: string, isWanted: (path: string) => boolean): Map<string, TemplateFile> {
  const files = new Map<string, TemplateFile>();
  for (const path of pathsIn(folder)) {
    const isHidden = path.split('/').some((name) => name.startsWith('.'));
    if (!isHidden && isWanted(path)) files.set(path, readFile(join(folder, path), path));
  }
  return files;
}

function pathsIn(folder: string): string[] {
  try {
    const entries = readdirSync(folder, { recursive: true, withFileTypes: true });
    const files = entries.filter((entry) => !entry.isDirectory());
    return files
      .map((entry) =>
        join(entry.parentPath, entry.name)
          .slice(folder.length + 1)
          .split(sep)
          .join('/'),
      )
      .sort();
  } catch (error) {
    if (error instanceof Error && 'code' in error && error.code === 'ENOENT') return [];
    throw error;
  }
}

function readFile(file: string, path: string): TemplateFile {
  try {
    // Git may have checked it out for Windows.
    return { source: textIn(readFileSync(file), path).replaceAll('\r\n', '\n'), issues: [] };
  } catch (error) {
    if (!(error instanceof InputError)) throw error;
    return { source: '', issues: error.issues.map(({ problem }) => ({ path: `${OWN}/${path}`, problem })) };
  }
}

/** Says why a file is at the wrong place. */
function issuesOf(path: string, names: readonly string[]): ValidationIssue[] | undefined {
  const [language = '', name, ...rest] = path.split('/');
  if (path === LAYOUT) return undefined;
  const issue = (problem: string) => [{ path: `${OWN}/${path}`, problem }];
  if (name === undefined || rest.length > 0) return issue(`expected ${LAYOUT}, or a file in the folder of a language`);
  if (!LanguageTag.safeParse(language).success)
    return issue('expected a folder named like a language, such as en or pt-BR');
  return names.includes(name) ? undefined : issue(`expected one of ${names.join(', ')}`);
}
