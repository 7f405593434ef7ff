import {
  type Document,
  isAlias,
  isMap,
  isNode,
  isScalar,
  LineCounter,
  type Node,
  parseDocument,
  visit,
  type YAMLMap,
} from 'yaml';
import type { Entitlements } from '../domain/entitlements.ts';
import { type GroupNames, groupNamesIn, parseEntitlements } from '../domain/parse-entitlements.ts';
import { InputError } from './input-error.ts';

const PROBLEMS: Partial<Record<string, string>> = {
  BAD_INDENT: 'wrong indentation, or an unclosed bracket',
  DUPLICATE_KEY: 'a duplicate key',
  MISSING_CHAR: 'a missing character: a colon, a comma, a closing quote or bracket',
  MULTIPLE_DOCS: 'a second document: expected one',
  NON_STRING_KEY: 'a key that is not a text',
  RESOURCE_EXHAUSTION: 'nested too deeply',
  TAB_AS_INDENT: 'a tab in the indentation: expected spaces',
  TAG_RESOLVE_FAILED: 'an unsupported tag',
};

/** The parser looks for the anchor of each among all anchors. */
const MOST_ALIASES = 1000;

/**
 * Reads YAML 1.2, and so JSON, as plain data: one document, unique keys, the tags of the core schema. There are at
 * most 1,000 aliases; they may neither expand to more than 100 nor form a cycle.
 *
 * @param file named in errors, not opened
 * @returns null for an empty text
 * @throws InputError with line and column, without quoting the text
 */
export function readYaml(text: string, file: string): unknown {
  const lines = new LineCounter();
  const document = parseDocument(text, {
    schema: 'core', // also when the text begins with %YAML 1.1
    resolveKnownTags: false,
    stringKeys: true,
    uniqueKeys: false, // it compares each key with all others: `repeatedKey` does not
    lineCounter: lines,
    prettyErrors: false, // they quote the text
  });
  const refuse = (problem: string, offset: number, cause?: unknown) => {
    const { line, col } = lines.linePos(offset);
    return new InputError(file, [{ path: `line ${line}, column ${col}`, problem }], { cause });
  };

  // For the parser, an unknown tag is only a warning: it would then guess the type of the value.
  const [fault] = [...document.errors, ...document.warnings].sort((a, b) => a.pos[0] - b.pos[0]);
  if (fault) throw refuse(PROBLEMS[fault.code] ?? `not valid YAML (${fault.code})`, fault.pos[0]);
  const stray = strayNode(document);
  if (stray) throw refuse(stray.problem, stray.node.range?.[0] ?? 0);
  try {
    return document.toJS({ maxAliasCount: 100 });
  } catch (error) {
    if (error instanceof ReferenceError) throw refuse('too many aliases', 0, error);
    throw error;
  }
}

interface Stray {
  problem: string;
  node: Node;
}

/** Returns a key or an alias that is where it must not be. It takes each node once, however many there are. */
function strayNode(document: Document): Stray | undefined {
  let stray: Stray | undefined;
  const anchored = new Map<string, Node>();
  let aliases = 0;
  visit(document, (_key, node, ancestors) => {
    if (isAlias(node)) {
      aliases += 1;
      const target = anchored.get(node.source);
      if (aliases > MOST_ALIASES) stray = { problem: 'too many aliases', node };
      else if (!target || ancestors.includes(target))
        stray = { problem: 'an alias without an anchor before it, or an alias to its own parent', node };
    } else if (isNode(node) && node.anchor !== undefined) anchored.set(node.anchor, node);
    if (isMap(node)) stray = repeatedKey(node);
    return stray && visit.BREAK;
  });
  return stray;
}

function repeatedKey({ items }: YAMLMap): Stray | undefined {
  const keys = new Set<unknown>();
  for (const { key } of items) {
    if (!isScalar(key)) continue;
    if (keys.has(key.value)) return { problem: 'a duplicate key', node: key };
    keys.add(key.value);
  }
  return undefined;
}

/**
 * Reads `entitlements.yml`.
 *
 * @throws InputError with all errors of the file at once
 */
export function readEntitlements(text: string, file: string): Entitlements {
  const result = parseEntitlements(readYaml(text, file));
  if ('issues' in result) throw new InputError(file, result.issues);
  return result.entitlements;
}

/** Reads the names that a valid `entitlements.yml` gives to groups. */
export function readGroupNames(text: string, file: string): GroupNames {
  return groupNamesIn(readYaml(text, file));
}
