import { globSync, readFileSync, realpathSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import type { Command } from 'commander';
import { parse } from 'yaml';
import * as z from 'zod/mini';
import { permissionsOf } from '../cli/command/command.ts';
import { SHORT_FLAGS } from '../cli/command/short-flags.ts';
import { PLAY_EXIT_MEANINGS } from '../cli/commands/play.ts';
import { programOf } from '../cli/program.ts';
import { LINE_MEANINGS } from '../cli/ui/json-lines.ts';
import { DETAIL_TYPES } from '../domain/audit/parse.ts';
import { CLASSIFICATIONS, REFUSED_REVOCATION, USER_ACCESS_MANAGEMENT } from '../domain/audit/schema.ts';
import { FAULT_KINDS, FaultRuleSchema } from '../emulator/aws/fault-rules.ts';
import { QuirksSchema, USUAL } from '../emulator/aws/identity-center/quirks.ts';
import { ACTION_STARTS, type ActionStart, LaggingReadSchema } from '../emulator/scenario/action-schema.ts';
import { ScenarioSchema } from '../emulator/scenario/schema.ts';
import { EXIT_MEANINGS } from '../operator/failures.ts';
import { assumptionTables } from './assumptions.ts';
import { commandTypes, lineTypes } from './json-lines.ts';
import { type Field, fieldsOf, jsonSchemaOf, shapeOf } from './json-schema.ts';
import { code, prose, tableOf } from './markdown.ts';
import { answers } from './questions.ts';
import { EVENT_MEANINGS, schemaName } from './schemas.ts';

const ROOT = join(import.meta.dirname, '..');

/** A table between its markers. A marker without an end marks nothing. */
const MARKED = /<!-- generated: ([a-z-]+) -->\n((?:(?!<!-- generated: )[\s\S])*?)<!-- \/generated -->/g;

/** Tables of one page, by name. */
export type Tables = ReadonlyMap<string, string>;

/** Returns the tables that are generated, by page. */
export async function referenceTables(): Promise<Map<string, Tables>> {
  const program = await programOf();
  return new Map<string, Tables>([
    ['docs/assumptions.md', assumptionTables()],
    ['docs/audit.md', new Map([['detail-types', detailTypeTable()]])],
    [
      'docs/json.md',
      new Map([
        ['json-commands', commandTypes()],
        ['json-types', lineTypes()],
      ]),
    ],
    ['docs/deploy.md', new Map([['parameters', parameters()]])],
    [
      'docs/operator.md',
      new Map([
        ...(await answers()),
        ['global-options', globalOptions(program)],
        ['exit-codes', meanings(['exit code', 'means'], EXIT_MEANINGS)],
        ['short-flags', shortFlags()],
        ['commands', commands(program)],
        ['permissions', permissions(program)],
      ]),
    ],
    [
      'docs/scenarios.md',
      new Map([
        ['play-exit-codes', meanings(['exit code', 'means'], PLAY_EXIT_MEANINGS)],
        ['quirks', quirks()],
        ['scenario-actions', scenarioActions()],
        ['lag-operations', lagOperations()],
        ['fault-fields', faultFields()],
        ['fault-kinds', meanings(['kind', 'what happens'], FAULT_KINDS)],
        ['json-lines', meanings(['line', 'when'], LINE_MEANINGS)],
      ]),
    ],
  ]);
}

/** A page with its tables, and what was wrong with it. */
export interface FilledPage {
  text: string;
  /** Tables that differed from the code. */
  stale: string[];
  /** Tables without markers, and markers without a table. */
  wrong: string[];
}

/** Puts the tables of a page between its markers. */
export function fillPage(page: string, before: string, tables: Tables): FilledPage {
  const stale: string[] = [];
  const wrong: string[] = [];
  const found = new Set<string>();
  const text = before.replace(MARKED, (marked, name: string, present: string) => {
    found.add(name);
    const table = tables.get(name);
    if (table === undefined) {
      wrong.push(`${page}: no table is called ${name}`);
      return marked;
    }
    if (table !== present) stale.push(`${page}: the table ${name} is not as generated`);
    return `<!-- generated: ${name} -->\n${table}<!-- /generated -->`;
  });
  for (const name of tables.keys()) {
    if (!found.has(name)) wrong.push(`${page}: the table ${name} has no markers`);
  }
  return { text, stale, wrong };
}

function globalOptions(program: Command): string {
  return tableOf(
    ['option', 'means'],
    program.options.map(({ flags, description }) => [code(flags), prose(description)]),
  );
}

function shortFlags(): string {
  return tableOf(
    ['flag', 'is'],
    Object.entries(SHORT_FLAGS).map(([long, short]) => [code(short), code(long)]),
  );
}

function commands(program: Command): string {
  const help = program.createHelp();
  const rows = visibleCommands(program).map((command) => [
    code(help.subcommandTerm(command).replace(' [options]', '')),
    prose(command.summary()),
    command.options.map(({ long }) => code(long ?? '')).join(', '),
  ]);
  return tableOf(['command', 'does', 'options'], rows);
}

function permissions(program: Command): string {
  const rows = visibleCommands(program).map((command) => {
    const actions = permissionsOf(command);
    return [code(command.name()), actions.length === 0 ? 'none: it makes no AWS call' : actions.join(', ')];
  });
  return tableOf(['command', 'needs'], rows);
}

/** In the order of the help, which also lists `help`. */
function visibleCommands(program: Command): Command[] {
  return program
    .createHelp()
    .visibleCommands(program)
    .filter((command) => command.name() !== 'help');
}

function quirks(): string {
  const usual = new Map<string, unknown>(Object.entries(USUAL));
  const rows = fieldsOf(jsonSchemaOf(QuirksSchema)).map(([name, field]) => [
    code(name),
    // Those without an enumeration are true or false.
    (field.enum ?? [usual.get(name), !usual.get(name)]).map((value) => code(String(value))).join(', '),
    prose(described(name, field)),
  ]);
  return tableOf(['quirk', 'values, the default first', 'meaning'], rows);
}

const STARTS: Readonly<Record<ActionStart, string>> = {
  event: 'an execution, by the event that CloudTrail records',
  action: 'an execution',
  nothing: 'nothing',
};

function scenarioActions(): string {
  const action = jsonSchemaOf(ScenarioSchema).properties?.['actions']?.items;
  const rows = [...ACTION_STARTS].map(([name, start]) => {
    const field = action?.properties?.[name] ?? {};
    return [code(`${name}: ${shapeOf(field)}`), prose(described(name, field)), STARTS[start]];
  });
  return tableOf(['action', 'does', 'starts'], rows);
}

function lagOperations(): string {
  const operations = LaggingReadSchema.options.map((name) => name.split('.'));
  const services = Map.groupBy(operations, ([service]) => service ?? '');
  const rows = [...services].map(([service, found]) => [
    code(service),
    found.map(([, operation]) => code(operation ?? '')).join(', '),
  ]);
  return tableOf(['service', 'operations'], rows);
}

function faultFields(): string {
  const schema = jsonSchemaOf(FaultRuleSchema);
  const rows = fieldsOf(schema).map(([name, field]) => [
    code(name),
    prose(described(name, field)),
    schema.required?.includes(name) ? 'required' : field.default === undefined ? 'none' : code(String(field.default)),
  ]);
  return tableOf(['field', 'means', 'default'], rows);
}

function detailTypeTable(): string {
  const rows = DETAIL_TYPES.flatMap((detailType) => {
    const sample = schemaName(detailType);
    const also = detailType === 'Seat Refused' ? [[`${sample}-revocation`, REFUSED_REVOCATION] as const] : [];
    return [[sample, CLASSIFICATIONS[detailType]] as const, ...also].map(([file, event]) => [
      `[${code(detailType)}](../schemas/samples/${file}.json)`,
      prose(EVENT_MEANINGS[detailType]),
      String(USER_ACCESS_MANAGEMENT * 100 + event.activity_id),
      `${event.activity_id} ${event.activity_name}`,
      `${event.severity_id} ${event.severity}`,
      `${event.status_id} ${event.status}`,
    ]);
  });
  return tableOf(['detail-type', 'means', '`type_uid`', 'activity', 'severity', 'status'], rows);
}

const ParametersSchema = z.object({
  Parameters: z.record(z.string(), z.object({ Description: z.string(), Default: z.string() })),
});

function parameters(): string {
  // CloudFormation's own tags (`!Ref`) are unknown to the parser, and stand outside of the parameters.
  const text = readFileSync(join(ROOT, 'deploy', 'parameters.yml'), 'utf8');
  const { Parameters } = ParametersSchema.parse(parse(text, { logLevel: 'error' }));
  const rows = Object.entries(Parameters).map(([name, { Description, Default }]) => [
    code(name),
    prose(Description),
    Default === '' ? 'empty' : code(Default),
  ]);
  return tableOf(['parameter', 'means', 'default'], rows);
}

/** The first line of a description. @throws Error if there is none */
function described(name: string, { description }: Field): string {
  if (description === undefined) throw new Error(`the schema of ${name} has no description`);
  return description.split('\n')[0] ?? '';
}

function meanings(head: readonly [string, string], meaningOf: Readonly<Record<string, string>>): string {
  const rows = Object.entries(meaningOf).map(([name, meaning]) => [code(name), prose(meaning)]);
  return tableOf(head, rows);
}

/** Writes the tables into the pages; with `--check` it only reports those that differ, and exits with 1. */
async function main(): Promise<void> {
  const isCheck = process.argv[2] === '--check';
  const tables = await referenceTables();
  const pages = new Set([...globSync('docs/*.md', { cwd: ROOT }), ...tables.keys()]);
  const problems = [...pages].flatMap((page) => {
    const before = readFileSync(join(ROOT, page), 'utf8');
    const { text, stale, wrong } = fillPage(page, before, tables.get(page) ?? new Map());
    if (!isCheck && text !== before) writeFileSync(join(ROOT, page), text);
    return isCheck ? [...stale, ...wrong] : wrong;
  });
  if (problems.length === 0) return;
  console.error(`${problems.join('\n')}${isCheck ? '\nRun: npm run reference' : ''}`);
  process.exitCode = 1;
}

const [, script] = process.argv;
if (script !== undefined && realpathSync(script) === import.meta.filename) await main();
