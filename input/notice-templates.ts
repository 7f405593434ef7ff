import { readdirSync, readFileSync } from 'node:fs';
import { join, relative, sep } from 'node:path';
import type { Templates } from '../domain/notices/message.ts';
import { LanguageTag } from '../domain/notices/schema.ts';
import type { ValidationIssue } from '../domain/shared/validation.ts';
import { kindsWithout, problemsIn } from '../notices/problems.ts';
import type { Configuration } from '../notices/samples.ts';
import { LAYOUT, SHIPPED_LANGUAGE } from '../notices/templates.ts';
import { textIn } from './files.ts';
import { InputError } from './input-error.ts';

/** Where templates are. */
export interface TemplateFolders {
  /** The folder `notices` of Usher. */
  shipped: string;
  /** A company's own, each in place of the shipped file of the same path, or for another language. It need not be there. */
  own?: string;
}

/** How errors name the folders. */
const SHIPPED = 'notices';
const OWN = 'notices/own';

/** What a folder says about itself. */
const README = 'README.md';

/**
 * Reads the templates of all languages, and renders each notice: with values of its own, and as the configuration has them.
 *
 * @throws InputError with all errors of all files at once, each with file and line
 */
export function readTemplates(folders: TemplateFolders, configuration?: Configuration): Templates {
  const shipped = pathsIn(folders.shipped).filter((path) => path === LAYOUT || path.startsWith(`${SHIPPED_LANGUAGE}/`));
  const names = shipped.flatMap((path) => path.split('/')[1] ?? []);
  const files = new Map<string, TemplateFile>();
  const issues: ValidationIssue[] = [];
  for (const path of shipped) files.set(path, readFile(join(folders.shipped, path), `${SHIPPED}/${path}`));
  const { own = '' } = folders;
  for (const path of own === '' ? [] : pathsIn(own)) {
    const name = `${OWN}/${path}`;
    const problem = path === README ? undefined : whyMisplaced(path, names);
    try {
      if (problem !== undefined) issues.push({ path: name, problem });
      else if (path !== README) files.set(path, readFile(join(own, path), name));
    } catch (error) {
      if (!(error instanceof InputError)) throw error;
      issues.push(...error.issues.map((issue) => ({ ...issue, path: name })));
    }
  }
  const templates = byLanguage(files);
  issues.push(...issuesIn(templates, files, configuration));
  if (issues.length > 0) throw new InputError('', issues);
  return templates;
}

interface TemplateFile {
  /** How errors name it. */
  name: string;
  source: string;
}

/** Returns the paths of the files below a folder, without hidden ones. */
function pathsIn(folder: string): string[] {
  try {
    const entries = readdirSync(folder, { recursive: true, withFileTypes: true });
    const files = entries.filter((entry) => !entry.isDirectory()).map(({ parentPath, name }) => join(parentPath, name));
    const paths = files.map((file) => relative(folder, file).split(sep).join('/'));
    return paths.filter((path) => !/(?:^|\/)\./.test(path)).sort();
  } catch (error) {
    if (error instanceof Error && 'code' in error && error.code === 'ENOENT') return [];
    throw error;
  }
}

/** @throws InputError if it is no text */
function readFile(file: string, name: string): TemplateFile {
  // Git may have checked it out for Windows.
  return { name, source: textIn(readFileSync(file), name).replaceAll('\r\n', '\n') };
}

/** Says what is expected in place of a file that is none of a template. */
function whyMisplaced(path: string, names: readonly string[]): string | undefined {
  const [language = '', name, ...rest] = path.split('/');
  if (path === LAYOUT) return undefined;
  if (name === undefined || rest.length > 0) return `expected ${LAYOUT}, or a file in the folder of a language`;
  if (!LanguageTag.safeParse(language).success) return 'expected a folder named like a language, such as en or pt-BR';
  return names.includes(name) ? undefined : `no such template: expected one of ${names.join(', ')}`;
}

/** The layout has no words: all languages have it. */
function byLanguage(files: ReadonlyMap<string, TemplateFile>): Templates {
  const layout = files.get(LAYOUT)?.source ?? '';
  const templates: Record<string, Record<string, string>> = {};
  for (const [path, { source }] of files) {
    const [language = '', name] = path.split('/');
    if (name !== undefined) templates[language] = { [LAYOUT]: layout, ...templates[language], [name]: source };
  }
  return templates;
}

function issuesIn(
  templates: Templates,
  files: ReadonlyMap<string, TemplateFile>,
  configuration: Configuration | undefined,
): ValidationIssue[] {
  const found = problemsIn(templates, configuration).map(({ language, file, line, problem }) => {
    const name = files.get(file === LAYOUT ? LAYOUT : `${language}/${file}`)?.name ?? `${OWN}/${language}/${file}`;
    return { path: line === undefined ? name : `${name}:${line}`, problem };
  });
  const wanted = configuration?.notices?.language;
  const missing = !configuration || wanted === undefined ? [] : kindsWithout(wanted, templates, configuration);
  if (missing.length > 0) {
    const problem = `${wanted} has no templates of ${missing.join(', ')}: expected them in ${OWN}/${wanted}`;
    found.push({ path: 'notices.language', problem });
  }
  // A fault of the layout is one of each language.
  return [...new Map(found.map((issue) => [`${issue.path} ${issue.problem}`, issue])).values()];
}
