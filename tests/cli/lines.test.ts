// @module-tag long
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { beforeAll, describe, expect, it } from 'vitest';
import { JSON_TYPES } from '../../cli/command/json-types.ts';
import { programOf } from '../../cli/program.ts';
import { LINES } from '../../operator/lines/all.ts';
import { APPLICATION, GROUP, user } from '../support/ids.ts';
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
  'event.json': JSON.stringify({ 'detail-type': 'x', source: 'aws.other' }),
  'prices.yml': PRICES,
  'scenario.yml': aScenario([{ at: '+0s', start: { userId: 'Ana' } }]),
};

/** What a command is run with: to print what it has, to find nothing, and to fail. */
interface Runs {
  works: readonly (readonly string[])[];
  empty?: readonly string[];
  fails: readonly string[];
}

const INIT = ['--group', GROUP, '--max', '1', '--output', 'new.yml'];

const RUNS: Readonly<Record<string, Runs>> = {
  // Its exit code tells of problems: tests of `usher doctor` check its lines.
  doctor: { works: [], fails: ['nosuch'] },
  start: { works: [['--user', user(2)]], fails: ['--user', 'nosuch'] },
  status: { works: [[], ['--executions']], fails: ['nosuch'] },
  redrive: { works: [['--yes']], fails: ['nosuch', '--yes'] },
  init: {
    works: [['--application', APPLICATION, ...INIT]],
    fails: ['--application', 'nosuch', ...INIT],
  },
  plan: { works: [['entitlements.yml'], ['entitlements.yml', '--people']], fails: ['nosuch.yml'] },
  seats: { works: [[], ['--people']], empty: ['--people', '--status', 'held'], fails: ['--status', 'nosuch'] },
  why: { works: [[user(1)], [user(4), '--names']], fails: ['nosuch'] },
  held: { works: [[]], empty: [], fails: ['--nosuch'] },
  // Its lines come from a hold: tests of `usher release` check them.
  release: { works: [], fails: ['0123456789ab', '--yes'] },
  adopt: { works: [['--yes']], empty: ['--yes'], fails: ['nosuch'] },
  backfill: { works: [['--dry-run'], ['--yes']], fails: ['--price', 'nosuch.yml'] },
  audit: { works: [['--since', '1d']], empty: ['--type', 'revoked'], fails: ['--since', 'nosuch'] },
  history: { works: [[user(1)]], fails: ['nosuch'] },
  report: { works: [['--month', '2026-11']], fails: ['--month', 'nosuch'] },
  replay: { works: [['event.json', '--yes']], fails: ['nosuch.json', '--yes'] },
  explain: { works: [['event.json']], fails: ['nosuch.json'] },
  // Its line `local` comes from a command that runs on: tests of `usher local` check it.
  local: { works: [['trigger', 'join', user(4), 'developers']], fails: ['trigger', 'join', 'nosuch', 'developers'] },
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

const operator = anOperator({
  people: 4,
  members: 3,
  entitlement: { subscription: { ...KIRO, mode: 'report' } },
  application: { region: 'us-east-1', subscriptions: [{ user: user(1), plan: 'KIRO_ENTERPRISE_PRO' }] },
});
const run = (command: string, args: readonly string[]): Promise<Ended> => operator.run('--json', command, ...args);
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
  const typed = commands.filter((name) => !TEXT_ONLY.includes(name));
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
      expect(lines.filter(({ type }) => ![...types, ...EVERYWHERE].includes(String(type)))).toEqual([]);
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
