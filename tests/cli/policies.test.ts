// @module-tag long

import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import type { Command } from 'commander';
import { describe, expect, it } from 'vitest';
import { permissionsOf } from '../../cli/command/command.ts';
import { programOf } from '../../cli/program.ts';
import { commandFor, QUESTION_NAMES } from '../../console/questions.ts';
import { AUDIT_BUCKET } from '../../emulator/aws/control-plane/control-plane.ts';
import { anAddMemberToGroup } from '../support/events.ts';
import { application, GROUP, OTHER_GROUP, STORE_ID, user } from '../support/ids.ts';
import { withNotices } from '../support/notices.ts';
import { anOperator, linesOf, runHere } from '../support/operator.ts';

const SUBSCRIPTIONS = [
  { provider: 'kiro', plan: 'Q_DEVELOPER_STANDALONE_PRO', region: 'us-east-1', mode: 'report' },
  { provider: 'amazon-q-business', plan: 'Q_LITE', region: 'us-east-1', mode: 'report' },
] as const;
/** A Region with two applications of Kiro, whose claims are compared. */
const SECOND_OF_KIRO = {
  name: 'second-of-kiro',
  application: application(9),
  groups: [OTHER_GROUP],
  seats: { max: 1 },
  onLeave: { revokeAfterDays: 0 },
  mode: 'observe' as const,
  subscription: SUBSCRIPTIONS[0],
};
const operator = anOperator({
  people: 6,
  assigned: [5],
  max: 10,
  entitlements: (configured) =>
    withNotices({
      ...configured,
      entitlements: [
        ...configured.entitlements.map((one, index) => ({ ...one, subscription: SUBSCRIPTIONS[index] })),
        SECOND_OF_KIRO,
      ],
    }),
  directory: (seed) => ({
    ...seed,
    applications: [
      ...seed.applications.map((one, index) => (index === 1 ? { ...one, provider: 'qbusiness' } : one)),
      { applicationArn: application(9), provider: 'codewhisperer', region: 'us-east-1' },
    ],
  }),
});

const PREFIXES: Readonly<Record<string, string>> = {
  SSOAdmin: 'sso',
  IdentityStore: 'identitystore',
  DynamoDB: 'dynamodb',
  EventBridge: 'events',
  SFN: 'states',
  SQS: 'sqs',
  CloudWatchLogs: 'logs',
  CloudTrail: 'cloudtrail',
  Organizations: 'organizations',
  Scheduler: 'scheduler',
  STS: 'sts',
  UserSubscriptions: 'user-subscriptions',
  QBusiness: 'qbusiness',
  S3: 's3',
  SESv2: 'ses',
};
/** Operations whose action has another name. */
const ACTIONS: Readonly<Record<string, string>> = { ListObjectsV2: 'ListBucket' };
/** AWS lets everybody ask who they are, whatever a policy says. */
const NEEDS_NO_POLICY = 'sts:GetCallerIdentity';

interface Policy {
  Statement: { Sid: string; Action: string[]; Resource: string | string[] }[];
}
const policy = (name: string): Policy =>
  JSON.parse(readFileSync(new URL(`../../docs/policies/${name}.json`, import.meta.url), 'utf8'));
const actionsOf = ({ Statement }: Policy) => new Set(Statement.flatMap(({ Action }) => Action));

async function actions(): Promise<Map<string, number>> {
  const calls = Object.entries(await operator.calls());
  return new Map(
    calls.map(([call, number]) => {
      const [service = '', operation] = call.split('.');
      return [`${PREFIXES[service]}:${ACTIONS[operation ?? ''] ?? operation}`, number];
    }),
  );
}

/** Runs a command. @returns the actions that it has taken */
async function takenBy(args: readonly string[]): Promise<Set<string>> {
  const before = await actions();
  const { code, error } = await operator.run(...args);
  expect({ args, code, error: code === 0 ? '' : error }).toEqual({ args, code: 0, error: '' });
  const after = await actions();
  return new Set([...after].filter(([action, number]) => number > (before.get(action) ?? 0)).map(([action]) => action));
}

async function declaredBy(command: string): Promise<Set<string>> {
  const { out } = await runHere([command, '--help'], { cwd: operator.folder, env: {} });
  const [, list = ''] = /Permissions: ([\s\S]*)$/.exec(out) ?? [];
  return new Set(
    list
      .replace(/\([^)]*\)/g, '')
      .split(/[,\s]+/)
      .filter((action) => action.includes(':') && action !== 'none:'),
  );
}

const digest = async () => String(linesOf((await operator.run('held', '--json')).out)[0]?.['digest']);

const READING: readonly (readonly string[])[] = [
  ['status'],
  ['status', '--executions', '--names'],
  ['status', 'execution-1'],
  ['explain', '--execution', 'execution-1'],
  ['seats', '--people', '--names'],
  ['subscriptions', '--people', '--names'],
  ['why', `userName:reader`, '--names'],
  ['held', '--names', '--by'],
  ['audit', '--user', 'reader@example.com', '--by', '--names'],
  ['history', 'reader@example.com', '--by', '--names'],
  ['history', 'kiro', '--bucket', AUDIT_BUCKET],
  ['report', '--bucket', AUDIT_BUCKET],
  ['backfill', '--dry-run'],
  ['plan', '--people', '--names'],
  ['notices', '--names'],
  ['notices', 'preview', 'assigned', '--user', 'reader@example.com'],
  ['notices', '--user', 'reader@example.com', '--names'],
  ['init', '--application', 'KiroProfile-us-east-1', '--group', 'developers', '--max', '1', '--output', '-'],
];
const CHANGING: readonly (readonly string[])[] = [
  ['start', '--user', 'reader@example.com', '--group', 'developers', '--wait'],
  ['adopt', '--yes', '--wait'],
  ['notices', 'resend', '--status', 'refused', '--yes', '--names'],
  ['redrive', '--yes', '--wait', '--names'],
  ['replay', 'events.json', '--yes'],
  ['replay', '--since', '1d', '--yes'],
];

describe('the policies for people', () => {
  const reading = new Set<string>();
  const all = new Set<string>();
  const restoring = new Set<string>();
  const undeclared = new Map<string, string[]>();

  async function collect(args: readonly string[], into: readonly Set<string>[]): Promise<void> {
    const taken = await takenBy(args);
    for (const set of into) for (const action of taken) set.add(action);
    const declared = await declaredBy(args[0] ?? '');
    const missing = [...taken].filter((action) => !declared.has(action));
    if (missing.length > 0) undeclared.set(args.join(' '), missing);
  }

  it('allow what the commands do, with each command declaring its own part', async () => {
    const reader = { IdentityStoreId: STORE_ID, UserName: 'reader', Emails: [{ Value: 'reader@example.com' }] };
    const { UserId } = await operator.call('AWSIdentityStore.CreateUser', reader);
    await operator.call('AWSIdentityStore.CreateGroupMembership', {
      IdentityStoreId: STORE_ID,
      GroupId: GROUP,
      MemberId: { UserId },
    });
    // All notices are refused: those of the users who stay can be sent again.
    await operator.fault({ operation: 'SESv2.SendEmail', kind: 'exception', exception: 'MessageRejected', times: 6 });
    expect((await operator.run('start', '--all', '--wait')).code).toBe(0);
    // A hold, which follows, is a problem.
    await collect(['doctor'], [reading, all]);
    const list = await operator.call('AWSIdentityStore.ListGroupMemberships', {
      IdentityStoreId: STORE_ID,
      GroupId: GROUP,
    });
    for (const { MembershipId } of (list['GroupMemberships'] as { MembershipId: string }[]).slice(0, 3)) {
      await operator.call('AWSIdentityStore.DeleteGroupMembership', { IdentityStoreId: STORE_ID, MembershipId });
    }
    await operator.run('start', '--all', '--wait');
    // A group that is missing has the memberships of the user listed.
    await operator.fault({
      operation: 'IdentityStore.IsMemberInGroups',
      kind: 'exception',
      exception: 'ResourceNotFoundException',
      principalId: UserId,
    });
    for (const args of READING) await collect(args, [reading, all]);
    const event = anAddMemberToGroup({ userId: user(1), groupId: GROUP });
    await operator.call('AmazonSQS.SendMessage', {
      QueueUrl: 'x/usher-local-undelivered-events',
      MessageBody: JSON.stringify(event),
    });
    await operator.call('AmazonSQS.SendMessage', { QueueUrl: 'x/usher-local-undelivered-events', MessageBody: '{}' });
    writeFileSync(join(operator.folder, 'events.json'), JSON.stringify(event));
    await collect(['release', await digest(), '--yes', '--wait'], [all]);
    await operator.fault({ operation: 'SSOAdmin.DescribeApplicationAssignment', kind: 'refuse', principalId: user(6) });
    await operator.run('start', '--user', user(6), '--wait');
    for (const args of CHANGING) await collect(args, [all]);
    await collect(['backfill', '--yes'], [all]);
    const ledger = 'usher-local-ledger';
    const backup = await operator.call('DynamoDB_20120810.CreateBackup', { TableName: ledger, BackupName: 'backup' });
    const { BackupArn } = backup['BackupDetails'] as { BackupArn: string };
    const restored = { TargetTableName: `${ledger}-restored`, BackupArn };
    await operator.call('DynamoDB_20120810.RestoreTableFromBackup', restored);
    await collect(['restore', restored.TargetTableName, '--yes', '--wait'], [restoring]);
    await operator.call('Logs_20140328.PutRetentionPolicy', {
      logGroupName: '/aws/events/usher-local-audit',
      retentionInDays: 1,
    });
    // This execution waits for a user who never comes, longer than the log keeps what the bucket has.
    await operator.run('start', '--user', 'userName:never', '--expected', '--wait-seconds', '172800');
    await collect(['history', 'kiro', '--bucket', AUDIT_BUCKET], [reading, all]);
    expect(Object.fromEntries(undeclared)).toEqual({});
  });

  it('console: what the commands of its questions declare', async () => {
    const program = await programOf();
    const declared = (name: string) => permissionsOf(program.commands.find((one) => one.name() === name) as Command);
    const names = new Set(QUESTION_NAMES.map((name) => commandFor(name)?.[0] ?? ''));
    // No question has these options and sub-commands.
    const asked = [...names].flatMap(declared).filter((action) => !/\((?:--bucket|resend|test)\)/.test(action));
    const actions = new Set(asked.map((action) => action.replace(/ \(.*/, '')));
    expect([...declared('console')].sort()).toEqual([...actions].sort());
  });

  it('read-only: exactly what looking takes', () => {
    reading.delete(NEEDS_NO_POLICY);
    expect([...actionsOf(policy('read-only'))].sort()).toEqual([...reading].sort());
  });

  it('operator: exactly what changing takes in addition', () => {
    const added = [...all].filter((action) => !reading.has(action) && action !== NEEDS_NO_POLICY);
    expect([...actionsOf(policy('operator'))].sort()).toEqual(added.sort());
  });

  it('let no one forge: they write to no bus, log, ledger, function, role or state machine', () => {
    const READS = /:(?:BatchGet|Describe|Filter|Get|IsMemberIn|List|Lookup|Query)/;
    const actions = actionsOf(policy('operator')).union(actionsOf(policy('read-only')));
    expect([...actions].filter((action) => !READS.test(action)).sort()).toEqual([
      // EventBridge replays what the archive has, and nothing else.
      'events:StartReplay',
      'sqs:ChangeMessageVisibility',
      'sqs:DeleteMessage',
      'sqs:ReceiveMessage',
      // Into the queue of notices only, whose messages say where to check: what is sent follows from the ledger.
      'sqs:SendMessage',
      'states:RedriveExecution',
      'states:StartExecution',
    ]);
  });

  it('restore: exactly what a restore takes next to the read-only policy', () => {
    const added = (actions: Iterable<string>) =>
      [...actions].filter((action) => !reading.has(action) && action !== NEEDS_NO_POLICY).sort();
    expect(added(actionsOf(policy('restore')))).toEqual(added(restoring));
  });

  it('are in the handbook as in the help', async () => {
    const handbook = readFileSync(new URL('../../docs/operator.md', import.meta.url), 'utf8');
    const rows = [...handbook.matchAll(/^\| `([a-z]+)` \| ([a-z-]+:[A-Z].*) \|$/gm)].map(
      ([, command = '', list = '']) => [command, list] as const,
    );
    const asking = (await programOf()).commands.filter((command) => permissionsOf(command).length > 0);
    expect(rows.map(([command]) => command).sort()).toEqual(asking.map((command) => command.name()).sort());
    for (const [command, list] of rows) {
      const { out } = await runHere([command, '--help'], { cwd: operator.folder, env: {} });
      const [, help = ''] = /Permissions: ([\s\S]*)$/.exec(out) ?? [];
      expect(`${command}: ${list}`).toBe(`${command}: ${help.trim().replace(/\s+/g, ' ')}`);
    }
  });

  it('have the statements that the handbook names', () => {
    const handbook = readFileSync(new URL('../../docs/operator.md', import.meta.url), 'utf8');
    const lines = handbook.split('\n').filter((line) => line.startsWith('Leave out '));
    const named = lines.flatMap((line) => [...line.matchAll(/`([A-Z][A-Za-z]+)`/g)].map(([, sid]) => sid));
    const sids = ['read-only', 'operator', 'restore'].flatMap((name) => policy(name).Statement.map(({ Sid }) => Sid));
    expect(named).toContain('ResendNotices');
    expect(named.filter((sid) => sid !== 'AuditBucketArn' && !sids.includes(String(sid)))).toEqual([]);
  });

  it('name no resource by a wildcard where something is changed', () => {
    const changing = [policy('operator'), policy('restore')];
    const resources = changing.flatMap(({ Statement }) => Statement).flatMap(({ Resource }) => [Resource].flat());
    expect(resources.filter((resource) => /(?:^|:)\*$/.test(resource) && !resource.includes(':execution:'))).toEqual(
      [],
    );
  });
});
