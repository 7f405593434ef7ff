// @module-tag long
import { once } from 'node:events';
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import type { Command } from 'commander';
import { beforeAll, describe, expect, it } from 'vitest';
import { JSON_TYPES } from '../../cli/command/json-types.ts';
import { programOf } from '../../cli/program.ts';
import { LINES } from '../../operator/lines/all.ts';
import { anAddMemberToGroup } from '../support/events.ts';
import { APPLICATION, ENTITLEMENT, GROUP, STORE_ID, user } from '../support/ids.ts';
import { problemsWithLine } from '../support/line-schemas.ts';
import { withNotices } from '../support/notices.ts';
import { anOperator, configuration, type Ended, linesOf } from '../support/operator.ts';
import { aScenario } from '../support/scenario.ts';
import { KIRO } from '../support/subscriptions.ts';

const LEDGER = 'usher-local-ledger';
const MACHINE = 'arn:aws:states:us-east-1:000000000000:stateMachine:usher-local-onboarding';
const EXPORT =
  'Name,Subscription status,Kiro plan,Plan source,Activation date\nAna,Active,Kiro Pro,Direct,2026-11-01\n';
const PRICES = 'currency: EUR\nplans:\n  Q_DEVELOPER_STANDALONE_PRO: 19\n';
const JOIN = anAddMemberToGroup({ userId: user(1), groupId: GROUP });
const { entitlements, ...rest } = withNotices(configuration(1));
const NAMED = { ...rest, entitlements: entitlements.map((one) => ({ ...one, groups: [{ name: 'old', id: GROUP }] })) };
/** In the folder in which the commands run. */
const FILES = {
  'export.csv': EXPORT,
  'prices.yml': PRICES,
  'event.json': JSON.stringify(JOIN),
  'named.yml': JSON.stringify(NAMED),
  'scenario.yml': aScenario([{ at: '+0s', start: { userId: 'Ana' } }]),
};
/** A start for a user who does not come in time. */
const startInVain = (name: string) => ['--user', `userName:${name}`, '--expected', '--wait-seconds', '0', '--wait'];
const INIT = [
  '--application',
  APPLICATION,
  '--group',
  GROUP,
  '--max',
  '5',
  '--mode',
  'observe',
  '--output',
  'made.yml',
];

type Arguments = readonly string[];

/** What a command is run with: to find nothing, to print what it has, and to fail. */
interface Runs {
  /** Before the empty one. */
  first?(): Promise<unknown>;
  /** Prints what is in `before`, and that there is nothing else. */
  empty?: { args: Arguments; before?: readonly string[] };
  /** Before those that print something. */
  second?(): Promise<unknown>;
  works: readonly (Arguments | (() => Promise<Arguments>))[];
  fails: Arguments;
}

const operator = anOperator({
  people: 8,
  members: 4,
  assigned: [4],
  entitlement: { subscription: { ...KIRO, mode: 'report' } },
  entitlements: (configured) => withNotices(configured),
  application: { region: 'us-east-1', subscriptions: [{ user: user(1), plan: 'KIRO_ENTERPRISE_PRO' }] },
});
const dynamo = async (operation: string, input: object) => operator.call(`DynamoDB_20120810.${operation}`, input);
const send = (queue: string, body: object) =>
  operator.call('AmazonSQS.SendMessage', { QueueUrl: `x/usher-local-${queue}`, MessageBody: JSON.stringify(body) });
const tick = () =>
  operator.call('AWSStepFunctions.StartExecution', { stateMachineArn: MACHINE, input: '{"scope":"tick"}' });

async function leave(...numbers: readonly number[]): Promise<void> {
  for (const number of numbers) await operator.run('local', 'trigger', 'leave', user(number), GROUP);
  await operator.run('start', '--all', '--wait');
}

async function backUp(): Promise<void> {
  const { BackupDetails } = await dynamo('CreateBackup', { TableName: LEDGER, BackupName: 'before' });
  const { BackupArn } = BackupDetails as { BackupArn: string };
  await dynamo('RestoreTableFromBackup', { TargetTableName: 'restored', BackupArn });
}

/** Of one stack, in this order. */
const RUNS: Readonly<Record<string, Runs>> = {
  doctor: { works: [[]], fails: ['--entitlements', 'nosuch.yml'] },
  init: { works: [INIT], fails: INIT },
  plan: {
    first: () => operator.run('plan', '--out', 'plan.json'),
    empty: { args: ['--diff', 'plan.json', 'plan.json'] },
    works: [
      ['--people', '--names', '--price', 'prices.yml'],
      ['named.yml', '--people', '--out', 'later.json'],
      ['--diff', 'plan.json', 'later.json'],
      ['--format', 'json'],
    ],
    fails: ['nosuch.yml'],
  },
  status: {
    empty: { args: ['--executions'] },
    async second() {
      await operator.run('start', '--all', '--wait');
      await tick();
      await tick();
      await send('undelivered-events', JOIN);
    },
    works: [
      [],
      ['--executions', '--names'],
      ['--executions', '--limit', '1'],
      ['execution-1'],
      ['execution-1', '--steps'],
    ],
    fails: ['nosuch'],
  },
  notices: {
    empty: { args: ['--status', 'limited'] },
    async second() {
      await operator.fault({ operation: 'SESv2.SendEmail', kind: 'exception', exception: 'MessageRejected' });
      const person = { UserName: 'new', Emails: [{ Value: 'new@example.com' }] };
      await operator.call('AWSIdentityStore.CreateUser', { IdentityStoreId: STORE_ID, ...person });
      await operator.run('local', 'trigger', 'join', 'new', GROUP);
      await operator.run('start', '--all', '--wait');
    },
    works: [[], ['--since', '1d', '--names']],
    fails: ['--status', 'nosuch'],
  },
  'notices resend': {
    empty: { args: ['--status', 'limited', '--yes'] },
    works: [['--status', 'refused', '--yes']],
    fails: ['nosuch'],
  },
  'notices preview': {
    works: [['assigned'], ['leaving', '--user', user(1), '--out', 'leaving.html']],
    fails: ['assigned', '--entitlement', 'nosuch'],
  },
  'notices test': { works: [['--to', 'me@example.com', '--yes']], fails: ['--to', 'nobody'] },
  redrive: {
    first: () => operator.run('redrive', '--yes'),
    empty: { args: ['--yes'] },
    async second() {
      await operator.run('start', ...startInVain('late'));
      await operator.call('AWSIdentityStore.CreateUser', { IdentityStoreId: STORE_ID, UserName: 'late' });
      await send('undelivered-events', JOIN);
      await send('unrecorded-failures', {});
      await send('undelivered-notices', { resend: '00000000-0000-8000-8000-000000000001' });
    },
    works: [['--yes', '--wait']],
    fails: ['nosuch'],
  },
  start: { works: [['--all', '--wait']], fails: startInVain('never') },
  seats: {
    empty: { args: ['--people', '--status', 'failed'] },
    works: [[], ['--people', '--names'], ['--groups', '--names'], ['--groups', '--count'], ['--settings']],
    fails: ['--entitlement', 'nosuch'],
  },
  subscriptions: {
    empty: { args: ['--finding', 'twice'] },
    works: [
      ['--price', 'prices.yml'],
      ['--finding', 'missing', '--names'],
      ['--file', 'export.csv', '--price', 'prices.yml'],
      ['--file', 'export.csv', '--names'],
    ],
    fails: ['--entitlement', 'nosuch'],
  },
  why: { works: [[user(1)], [user(8), '--names']], fails: ['nosuch'] },
  audit: {
    empty: { args: ['--since', '2020-01-01', '--until', '2020-01-02'] },
    works: [
      ['--since', '1d'],
      ['--user', user(1), '--by', '--names'],
    ],
    fails: ['--type', 'nosuch'],
  },
  history: {
    empty: { args: [user(8)], before: ['reach'] },
    works: [
      [user(1), '--names'],
      [ENTITLEMENT, '--by'],
    ],
    fails: ['nosuch'],
  },
  report: { works: [['--price', '19 USD']], fails: ['--month', '2027-01'] },
  explain: { works: [['event.json'], ['--execution', 'execution-1']], fails: ['nosuch.json'] },
  replay: {
    works: [
      ['event.json', '--yes'],
      ['--since', '1d', '--yes'],
    ],
    fails: ['nosuch.json'],
  },
  adopt: { empty: { args: ['kiro'] }, works: [['--yes', '--wait']], fails: ['nosuch'] },
  held: {
    empty: { args: [] },
    async second() {
      // CloudTrail of this account has what is done through the API.
      const group = { IdentityStoreId: STORE_ID, GroupId: GROUP };
      const { GroupMemberships } = await operator.call('AWSIdentityStore.ListGroupMemberships', group);
      const memberships = GroupMemberships as { MembershipId: string; MemberId: { UserId: string } }[];
      const first = memberships.find(({ MemberId }) => MemberId.UserId === user(1));
      await operator.call('AWSIdentityStore.DeleteGroupMembership', { ...group, MembershipId: first?.MembershipId });
      await leave(2, 3);
    },
    works: [[], ['--names'], ['--by']],
    fails: ['--entitlements', 'nosuch.yml'],
  },
  release: {
    works: [async () => [String(linesOf((await run('held', [])).out)[0]?.['digest']), '--yes', '--wait']],
    fails: ['deadbeef'],
  },
  'local trigger': {
    works: [
      ['join', user(5), GROUP],
      ['disable', user(6)],
    ],
    fails: ['join', user(5)],
  },
  backfill: {
    works: [
      ['--dry-run', '--price', '19'],
      ['--yes', '--entitlements', 'named.yml'],
    ],
    fails: ['--price', 'cheap'],
  },
  restore: { second: backUp, works: [['restored', '--yes', '--wait']], fails: ['nosuch', '--dry-run'] },
  play: { works: [['scenario.yml']], fails: ['prices.yml'] },
  console: { works: [['--no-open']], fails: ['--no-open', 'nosuch.yml'] },
  local: { works: [['--port', '0']], fails: ['--port', '0', '--directory', 'nosuch.yml'] },
};

/** Every command may print them. */
const EVERYWHERE = ['none', 'unread', 'error'];
/** Prints no results for programs: a script for a shell. */
const TEXT_ONLY = ['completion'];
/** Printed only if AWS fails in the middle, if thousands of executions failed, or while another backfill runs. */
const RARE = ['attempt', 'more', 'resume'];

/** With `--json`; a document of JSON needs none. */
function run(command: string, args: Arguments): Promise<Ended> {
  const asJson = args.includes('--format') ? [] : ['--json'];
  if (['console', 'local'].includes(command) && !args.includes('nosuch.yml')) return listened(command, args);
  return operator.run(...command.split(' '), ...asJson, ...args);
}

/** Stops a command that serves once it listens. */
async function listened(command: string, args: Arguments): Promise<Ended> {
  const child = operator.start(command, '--json', ...args);
  const [out] = await once(createInterface(child.stdout), 'line');
  const closed = once(child, 'close');
  child.kill('SIGINT');
  await closed;
  return { code: 0, out, error: '' };
}

function namesOf(command: Command): string[] {
  return [command.name(), ...command.commands.map((one) => `${command.name()} ${one.name()}`)];
}

beforeAll(() => {
  for (const [name, text] of Object.entries(FILES)) writeFileSync(join(operator.folder, name), text);
});

it('every command has a table of the types that it prints, and runs that print them', async () => {
  const commands = (await programOf()).commands.flatMap(namesOf);
  const typed = commands.filter((name) => !TEXT_ONLY.includes(name));
  expect(Object.keys(JSON_TYPES).sort()).toEqual(typed.sort());
  expect(Object.keys(RUNS).sort()).toEqual(typed.sort());
});

it('every type is printed by a command', () => {
  const printed = new Set<string>([...Object.values(JSON_TYPES).flat(), ...EVERYWHERE]);
  expect(Object.keys(LINES).filter((type) => !printed.has(type))).toEqual([]);
});

describe.each(Object.entries(RUNS))('usher %s --json', (command, { first, empty, second, works, fails }) => {
  const types: readonly string[] = JSON_TYPES[command] ?? [];
  const printed = new Set<string>();
  const typesIn = (out: string) => {
    const lines = linesOf(out);
    expect(lines.flatMap(problemsWithLine)).toEqual([]);
    return lines.map(({ type }) => String(type));
  };

  it.runIf(empty)('prints one line if there is nothing to print', async () => {
    await first?.();
    const ended = await run(command, empty?.args ?? []);
    expect(ended.code).toBe(0);
    expect(typesIn(ended.out)).toEqual([...(empty?.before ?? []), 'none']);
    expect(linesOf(ended.out).at(-1)).toEqual({ type: 'none', of: expect.toBeOneOf([...types]) });
  });

  it('prints lines of its types only, each as its JSON Schema says', async () => {
    await second?.();
    for (const args of works) {
      const ended = await run(command, typeof args === 'function' ? await args() : args);
      expect(ended.code).toBe(0);
      const found = typesIn(ended.out);
      expect(found.length).toBeGreaterThan(0);
      for (const type of found) printed.add(type);
    }
    expect([...printed].filter((type) => !types.includes(type))).toEqual([]);
  });

  it('prints an error as its last line, and as text on standard error', async () => {
    const { out, error, code: failed } = await run(command, fails);
    const last = linesOf(out).at(-1) ?? {};
    expect(last).toMatchObject({ type: 'error', exitCode: failed });
    for (const type of typesIn(out)) printed.add(type);
    expect(failed).not.toBe(0);
    expect(error).toContain('error: ');
    expect(error).not.toContain('{"type"');
  });

  it('prints every type of its table', () => {
    expect(types.filter((type) => !printed.has(type) && !RARE.includes(type))).toEqual([]);
  });
});
