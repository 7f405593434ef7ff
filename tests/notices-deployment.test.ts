// @module-tag long
import { execFile } from 'node:child_process';
import { cpSync, globSync, mkdirSync, readdirSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { promisify } from 'node:util';
import { strFromU8, unzipSync } from 'fflate';
import { beforeAll, describe, expect, it, onTestFinished } from 'vitest';
import { namesOf } from '../adapters/resource-names.ts';
import { SBOM_FILE } from '../build/sbom.ts';
import { DETAIL_TYPES } from '../domain/audit/parse.ts';
import { type EventPattern, matches } from '../emulator/aws/eventbridge/event-pattern.ts';
import { exampleEntitlements } from '../emulator/scenario/example-entitlements.ts';
import { isMet, type PolicyStatement, unguarded } from './support/guards.ts';
import { STATE_MACHINE } from './support/ids.ts';
import { noticed } from './support/noticed.ts';
import { aCheckout, packagedWith, packageIn, type Resource, resolved, type Template } from './support/template.ts';
import { openWorld } from './support/world.ts';

const ROOT = join(import.meta.dirname, '..');
const KEY = 'arn:aws:kms:us-east-1:111122223333:key/1';
const FOURTEEN_DAYS_SECONDS = 1_209_600;
/** As that of every other function. */
const BUNDLE_LIMIT_BYTES = 400_000;

/** What may be in a zip: see tests/bundles.test.ts. */
const LICENSES = ['Apache-2.0', 'MIT', 'MIT-0'];
const CONFIGURATION = noticed({ backfill: true });

/** What only notices need. */
const OWN_PARTS = [
  'AuditToNotices',
  'Notices',
  'NoticesInDoubtAlarm',
  'NoticesLateAlarm',
  'NoticesLimitedAlarm',
  'NoticesPolicy',
  'NoticesQuery',
  'NoticesRefusedAlarm',
  'NoticesTable',
  'NoticesToNotifyUser',
  'NotifyUserLambdaFunction',
  'NotifyUserLogGroup',
  'NotifyUserPolicy1',
  'NotifyUserRole',
  'UndeliveredNotices',
  'UndeliveredNoticesAlarm',
  'UndeliveredNoticesPolicy',
];

let without: Template;
let whole: Template;
let directory: string;
/** With all that a key adds. */
let template: Template;
beforeAll(async () => {
  ({ template: without } = await packagedWith(exampleEntitlements()));
  ({ template: whole, directory } = await packagedWith(CONFIGURATION));
  template = resolved(whole, { KeyArn: KEY });
});

function properties(id: string): Resource['Properties'] {
  const found = template.Resources[id];
  if (!found) throw new Error(`The template has no ${id}`);
  return found.Properties;
}

/** Without the names of zips and versions of code, which the configuration in each zip changes. */
function comparable(resources: Record<string, Resource>): unknown {
  return JSON.parse(JSON.stringify(resources).replaceAll(/serverless\/usher\/prod\/[0-9a-f]{64}/g, 'folder'));
}

describe('the template', () => {
  it('has no part of notices unless they are configured, and nothing else differs but the dashboard', () => {
    expect(
      Object.keys(whole.Resources)
        .filter((id) => !(id in without.Resources))
        .sort(),
    ).toEqual(OWN_PARTS);
    const { Dashboard: before, ...rest } = without.Resources;
    const others = Object.fromEntries(Object.entries(whole.Resources).filter(([id]) => id in rest));
    expect(comparable(others)).toEqual(comparable(rest));
    expect(JSON.stringify({ ...without, Resources: { Dashboard: before, ...rest } })).not.toMatch(/notice|ses:/i);
  });

  it('guards every role and queue, also those of notices', () => {
    expect(unguarded(template)).toEqual([]);
  });
});

describe('the rule of notices', () => {
  const pattern = () => properties('AuditToNotices')['EventPattern'] as EventPattern;
  const samples = globSync('schemas/samples/*.json', { cwd: ROOT }).map((file) =>
    JSON.parse(readFileSync(join(ROOT, file), 'utf8')),
  );

  it('takes what users are told of, and nothing that was only observed or found', () => {
    const taken = new Set(samples.filter((event) => matches(pattern(), event)).map((event) => event['detail-type']));
    expect(DETAIL_TYPES.filter((type) => taken.has(type))).toEqual([
      'Seat Assigned',
      'Seat Revoked',
      'Seat Waitlisted',
      'Seat Leaving',
      'Seat Kept',
      'Seat Adopted',
    ]);
  });

  it('takes no replay, and no event of another source', () => {
    for (const event of samples) {
      expect(matches(pattern(), { ...event, 'replay-name': 'to-siem' })).toBe(false);
      expect(matches(pattern(), { ...event, source: 'custom.usher' })).toBe(false);
    }
  });

  it('leaves what it cannot deliver in the dead letters of notices, after a day', () => {
    expect(properties('AuditToNotices')).toMatchObject({
      EventBusName: { Ref: 'AuditBus' },
      Targets: [
        {
          Arn: { 'Fn::GetAtt': ['Notices', 'Arn'] },
          RetryPolicy: { MaximumEventAgeInSeconds: 86_400, MaximumRetryAttempts: 185 },
          DeadLetterConfig: { Arn: { 'Fn::GetAtt': ['UndeliveredNotices', 'Arn'] } },
        },
      ],
    });
  });
});

describe('the queue of notices', () => {
  it('gives a message that failed back after ten minutes, and gives it up after 25 hours', () => {
    const { VisibilityTimeout, RedrivePolicy } = properties('Notices') as {
      VisibilityTimeout: number;
      RedrivePolicy: { maxReceiveCount: number; deadLetterTargetArn: unknown };
    };
    // AWS: at least six times the time that the function has.
    const { Timeout } = properties('NotifyUserLambdaFunction') as { Timeout: number };
    expect(VisibilityTimeout).toBeGreaterThanOrEqual(6 * Timeout);
    expect(VisibilityTimeout * RedrivePolicy.maxReceiveCount).toBe(25 * 3600);
    expect(RedrivePolicy.deadLetterTargetArn).toEqual({ 'Fn::GetAtt': ['UndeliveredNotices', 'Arn'] });
  });

  it('and its dead letters keep messages for fourteen days, encrypted by a key of AWS or the one that was given', () => {
    for (const id of ['Notices', 'UndeliveredNotices']) {
      const keysOf = ({ Resources }: Template) => {
        const { SqsManagedSseEnabled, KmsMasterKeyId } = Resources[id]?.Properties ?? {};
        return [SqsManagedSseEnabled, KmsMasterKeyId];
      };
      expect(properties(id)['MessageRetentionPeriod']).toBe(FOURTEEN_DAYS_SECONDS);
      expect(keysOf(resolved(whole))).toEqual([true, undefined]);
      expect(keysOf(template)).toEqual([undefined, { Ref: 'KeyArn' }]);
    }
  });

  it('and its dead letters take messages from exactly the rule', () => {
    for (const id of ['Notices', 'UndeliveredNotices']) {
      const { PolicyDocument } = properties(`${id}Policy`) as { PolicyDocument: { Statement: PolicyStatement[] } };
      const [allowing, ...others] = PolicyDocument.Statement;
      if (!allowing) throw new Error('There is one');
      expect(others.map(({ Effect }) => Effect)).toEqual(['Deny']);
      expect(allowing).toMatchObject({ Principal: { Service: 'events.amazonaws.com' }, Action: 'sqs:SendMessage' });
      const account = { 'aws:SourceAccount': { Ref: 'AWS::AccountId' } };
      const rule = (name: string) => ({ ...account, 'aws:SourceArn': { 'Fn::GetAtt': [name, 'Arn'] } });
      expect(isMet(allowing, rule('AuditToNotices'))).toBe(true);
      expect(isMet(allowing, rule('AuditToLog'))).toBe(false);
      expect(isMet(allowing, account)).toBe(false);
    }
  });

  it('is read by the function in two batches of ten at a time, whose failures count one by one', () => {
    expect(properties('NoticesToNotifyUser')).toEqual({
      EventSourceArn: { 'Fn::GetAtt': ['Notices', 'Arn'] },
      FunctionName: { 'Fn::GetAtt': ['NotifyUserLambdaFunction', 'Arn'] },
      BatchSize: 10,
      FunctionResponseTypes: ['ReportBatchItemFailures'],
      ScalingConfig: { MaximumConcurrency: 2 },
    });
  });
});

describe('the table of notices', () => {
  it('is encrypted, forgets what is old, and finds what an operator has to decide', () => {
    expect(properties('NoticesTable')).toMatchObject({
      TableName: 'usher-prod-notices',
      BillingMode: 'PAY_PER_REQUEST',
      KeySchema: [{ AttributeName: 'uid', KeyType: 'HASH' }],
      GlobalSecondaryIndexes: [
        {
          IndexName: 'open',
          KeySchema: [
            { AttributeName: 'open', KeyType: 'HASH' },
            { AttributeName: 'at', KeyType: 'RANGE' },
          ],
        },
      ],
      TimeToLiveSpecification: { AttributeName: 'expiresAt', Enabled: true },
      SSESpecification: { SSEEnabled: true, SSEType: 'KMS', KMSMasterKeyId: { Ref: 'KeyArn' } },
    });
  });

  it('and the queues are deleted with the stack, so that notices can be turned off and on', () => {
    const kept = OWN_PARTS.filter(
      (id) => whole.Resources[id]?.DeletionPolicy || whole.Resources[id]?.UpdateReplacePolicy,
    );
    // The framework keeps no log group either.
    expect(kept).toEqual([]);
  });
});

describe('the function that writes to users', () => {
  const filesOf = (zip: string) => unzipSync(readFileSync(join(directory, zip)));

  it('has the table and the templates in its environment, and no other function has', () => {
    const own = { NOTICES_TABLE: { Ref: 'NoticesTable' }, NOTICES_TEMPLATES: 'notices.json' };
    const functions = Object.entries(template.Resources).filter(([, { Type }]) => Type === 'AWS::Lambda::Function');
    expect(functions).toHaveLength(6);
    for (const [id, { Properties }] of functions) {
      const { Variables } = Properties['Environment'] as { Variables: Record<string, unknown> };
      const found = Object.fromEntries(Object.entries(Variables).filter(([name]) => name.startsWith('NOTICES')));
      expect(found, id).toEqual(id === 'NotifyUserLambdaFunction' ? own : {});
    }
  });

  it('has the templates in its zip, and no other function has', () => {
    const zips = readdirSync(directory).filter((file) => file.endsWith('.zip'));
    expect(zips.filter((zip) => 'notices.json' in filesOf(zip))).toEqual(['notifyUser.zip']);
    const { 'notices.json': templates = new Uint8Array() } = filesOf('notifyUser.zip');
    expect(Object.keys(JSON.parse(strFromU8(templates)).en)).toContain('assigned.html.liquid');
  });

  it('has at most 400 kB of code, unpacked', () => {
    const bundle = join(directory, 'bundles', 'notifyUser');
    const code = readdirSync(bundle, { recursive: true, withFileTypes: true }).filter(({ name }) =>
      name.endsWith('.mjs'),
    );
    const bytes = code.reduce((sum, { parentPath, name }) => sum + statSync(join(parentPath, name)).size, 0);
    expect(bytes).toBeGreaterThan(200_000);
    expect(bytes).toBeLessThanOrEqual(BUNDLE_LIMIT_BYTES);
  });

  it('is in the bill of materials, with what renders messages and without what signs for several Regions', () => {
    const bill: {
      dependencies: { ref: string; dependsOn?: string[] }[];
      components: { 'bom-ref': string; licenses?: { license: { id?: string } }[] }[];
    } = JSON.parse(readFileSync(join(directory, SBOM_FILE), 'utf8'));
    const packages = bill.dependencies.find(({ ref }) => ref === 'notifyUser.zip')?.dependsOn ?? [];
    expect(packages).toEqual(expect.arrayContaining(['node_modules/liquidjs', 'node_modules/@aws-sdk/client-sesv2']));
    const licenses = bill.components
      .filter((one) => packages.includes(one['bom-ref']))
      .flatMap(({ licenses: of = [] }) => of.map(({ license }) => license.id));
    expect(licenses).toHaveLength(packages.length);
    expect(LICENSES).toEqual(expect.arrayContaining(licenses));
    expect(packages).not.toContain('node_modules/@aws-sdk/signature-v4-multi-region');
  });

  it('is traced as the others are', () => {
    const mode = (Tracing: string) =>
      resolved(whole, { Tracing }).Resources['NotifyUserLambdaFunction']?.Properties['TracingConfig'];
    expect([mode('ENABLED'), mode('DISABLED')]).toEqual([{ Mode: 'Active' }, { Mode: 'PassThrough' }]);
  });
});

describe('a template of one’s own', () => {
  async function packagedFrom(files: Record<string, string>): Promise<{ error?: string; templates?: string }> {
    const folder = aCheckout();
    writeFileSync(join(folder, 'entitlements.yml'), JSON.stringify(noticed()));
    rmSync(join(folder, 'notices'));
    cpSync(join(ROOT, 'notices'), join(folder, 'notices'), { recursive: true });
    for (const [file, source] of Object.entries(files)) {
      mkdirSync(join(folder, 'notices', dirname(file)), { recursive: true });
      writeFileSync(join(folder, 'notices', file), source);
    }
    try {
      const { directory: found } = await packageIn(folder);
      return { templates: readFileSync(join(found, 'bundles', 'notifyUser', 'notices.json'), 'utf8') };
    } catch (error) {
      const { stdout, stderr } = error as { stdout: string; stderr: string };
      return { error: stdout + stderr };
    }
  }

  it('is in the package in place of the shipped one', async () => {
    const { templates } = await packagedFrom({ 'own/en/footer.txt.liquid': 'Bye from {{ contact }}' });
    expect(JSON.parse(templates ?? '{}').en['footer.txt.liquid']).toBe('Bye from {{ contact }}');
  });

  it('that is broken ends packaging with its file and line, and without a stack', async () => {
    const { error } = await packagedFrom({ 'own/en/assigned.txt.liquid': 'Hello\n{% if %}\n' });
    expect(error).toMatch(/notices\/own\/en\/assigned\.txt\.liquid.*2/);
    expect(error).not.toMatch(/\n\s+at /);
  });
});

describe('the packaged function', () => {
  const run = promisify(execFile);
  const RUNTIME = `
    const { handler } = await import(process.argv[1]);
    const context = { awsRequestId: 'r', functionName: 'f', memoryLimitInMB: '512', invokedFunctionArn: 'a' };
    process.stdout.write('\\n' + JSON.stringify(await handler(JSON.parse(process.argv[2]), context)));
  `;

  it('sends a notice that an operator sends again, from the configured address', async () => {
    const world = await openWorld({ configuration: CONFIGURATION, mail: { sending: 'paused' } });
    await world.joins(1);
    await world.play();
    const [assigned] = world.audit.map(({ Detail }) => Detail as { metadata: { uid: string } });
    world.stack.ses.change({ sending: 'enabled' });
    const { endpoint, close } = await world.gateway.listen();
    onTestFinished(close);
    const cwd = join(directory, 'bundles', 'notifyUser');
    const env = {
      AWS_REGION: 'us-east-1',
      AWS_ACCESS_KEY_ID: 'key',
      AWS_SECRET_ACCESS_KEY: 'secret',
      AWS_SESSION_TOKEN: 'token',
      AWS_ENDPOINT_URL: endpoint,
      ENTITLEMENTS_FILE: 'entitlements.json',
      LEDGER_TABLE: namesOf('local').ledger,
      AUDIT_BUS: namesOf('local').auditBus,
      STATE_MACHINE,
      USHER_VERSION: '1.2.3',
      NOTICES_TABLE: namesOf('local').noticesTable,
      NOTICES_TEMPLATES: 'notices.json',
    };
    const event = { Records: [{ messageId: 'm1', body: JSON.stringify({ resend: assigned?.metadata.uid }) }] };
    const module = join(cwd, 'functions', 'notify-user.mjs');
    const arguments_ = ['--input-type=module', '-e', RUNTIME, module, JSON.stringify(event)];
    const { stdout } = await run(process.execPath, arguments_, { cwd, env });
    expect(JSON.parse(stdout.split('\n').at(-1) ?? '')).toEqual({ batchItemFailures: [] });
    expect(world.stack.ses.outbox.mails()).toMatchObject([
      {
        from: 'usher@example.com',
        to: [expect.stringContaining('@example.com')],
        subject: expect.stringContaining('Kiro'),
      },
    ]);
  });
});
