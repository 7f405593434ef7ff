// @module-tag long
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { beforeAll, describe, expect, it } from 'vitest';
import { JSON_TYPES } from '../../cli/command/json-types.ts';
import { programOf } from '../../cli/program.ts';
import { LINES } from '../../operator/lines/all.ts';
import { user } from '../support/ids.ts';
import { problemsWithLine } from '../support/line-schemas.ts';
import { anOperator, type Ended, linesOf } from '../support/operator.ts';
import { aScenario } from '../support/scenario.ts';
import { KIRO } from '../support/subscriptions.ts';

const LEDGER = 'usher-local-ledger';
const EXPORT =
  'Name,Subscription status,Kiro plan,Plan source,Activation date\nAna,Active,Kiro Pro,Direct,2026-11-01\n';
const PRICES = 'currency: EUR\nplans:\n  Q_DEVELOPER_STANDALONE_PRO: 19\n';
/** In the folder in which the commands run. */
const FILES = {
  'export.csv': EXPORT,
  'prices.yml': PRICES,
  'scenario.yml': aScenario([{ at: '+0s', start: { userId: 'Ana' } }]),
};

/** What a command is run with: to print what it has, to find nothing, and to fail. */
interface Runs {
  works: readonly (readonly string[])[];
  empty?: readonly string[];
  fails: readonly string[];
}

const RUNS: Readonly<Record<string, Runs>> = {
  subscriptions: {
    works: [
      ['--price', 'prices.yml'],
      ['--finding', 'missing', '--names'],
      ['--file', 'export.csv', '--price', 'prices.yml'],
      ['--file', 'export.csv', '--names'],
    ],
    empty: ['--finding', 'twice'],
    fails: ['--entitlement', 'nosuch'],
  },
  restore: { works: [['restored', '--yes']], fails: ['nosuch', '--dry-run'] },
  play: { works: [['scenario.yml']], fails: ['prices.yml'] },
};

/** Every command may print them. */
const EVERYWHERE = ['none', 'unread', 'error'];
/** They print no results for programs: a script for a shell. */
const TEXT_ONLY = ['completion'];
/** Their lines have no schema yet. */
const UNTYPED = [
  ...['doctor', 'init', 'start', 'status', 'seats', 'why', 'held', 'release', 'adopt', 'backfill', 'audit'],
  ...['redrive', 'replay', 'explain', 'local'],
];

const operator = anOperator({
  people: 4,
  members: 3,
  entitlement: { subscription: { ...KIRO, mode: 'report' } },
  application: { region: 'us-east-1', subscriptions: [{ user: user(1), plan: 'KIRO_ENTERPRISE_PRO' }] },
});
const run = (command: string, args: readonly string[]): Promise<Ended> => operator.run(command, '--json', ...args);
const dynamo = async (operation: string, input: object) => operator.call(`DynamoDB_20120810.${operation}`, input);

beforeAll(async () => {
  for (const [name, text] of Object.entries(FILES)) writeFileSync(join(operator.folder, name), text);
  await operator.run('start', '--all', '--wait');
  const { BackupDetails } = await dynamo('CreateBackup', { TableName: LEDGER, BackupName: 'before' });
  const { BackupArn } = BackupDetails as { BackupArn: string };
  await dynamo('RestoreTableFromBackup', { TargetTableName: 'restored', BackupArn });
});

it('every command has a table of the types that it prints, and runs that print them', async () => {
  const commands = (await programOf()).commands.map((command) => command.name());
  const typed = commands.filter((name) => ![...TEXT_ONLY, ...UNTYPED].includes(name));
  expect(Object.keys(JSON_TYPES).sort()).toEqual(typed.sort());
  expect(Object.keys(RUNS).sort()).toEqual(typed.sort());
});

it('every type is printed by a command', () => {
  const printed = new Set<string>([...Object.values(JSON_TYPES).flat(), ...EVERYWHERE]);
  expect(Object.keys(LINES).filter((type) => !printed.has(type))).toEqual([]);
});

describe.each(Object.entries(RUNS))('usher %s --json', (command, { works, empty, fails }) => {
  const types: readonly string[] = JSON_TYPES[command] ?? [];

  it('prints lines of its types only, each as its JSON Schema says', async () => {
    for (const args of works) {
      const { out, code } = await run(command, args);
      const lines = linesOf(out);
      expect([code, lines.flatMap(problemsWithLine)]).toEqual([0, []]);
      expect(lines.length).toBeGreaterThan(0);
      expect(lines.filter(({ type }) => !types.includes(String(type)))).toEqual([]);
    }
  });

  it.runIf(empty)('prints one line if there is nothing to print', async () => {
    const { out, code } = await run(command, empty ?? []);
    expect([code, linesOf(out)]).toEqual([0, [{ type: 'none', of: expect.toBeOneOf([...types]) }]]);
  });

  it('prints an error as its last line, and as text on standard error', async () => {
    const { out, error, code } = await run(command, fails);
    const last = linesOf(out).at(-1) ?? {};
    expect(last).toMatchObject({ type: 'error', exitCode: code });
    expect(problemsWithLine(last)).toEqual([]);
    expect(code).not.toBe(0);
    expect(error).toContain('error: ');
    expect(error).not.toContain('{"type"');
  });
});
