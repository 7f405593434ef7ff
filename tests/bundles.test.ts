// @module-tag long
import { execFile } from 'node:child_process';
import { globSync, readFileSync } from 'node:fs';
import { basename, dirname, join } from 'node:path';
import { promisify } from 'node:util';
import { describe, expect, it, onTestFinished } from 'vitest';
import { bundle, ERROR_CLASSES, pluginsFor } from '../build/bundle.ts';
import { bundledPackages } from '../build/bundled-packages.ts';
import { noticesFor } from '../build/license-notices.ts';
import type { Entitlements, SubscriptionSettings } from '../domain/entitlements.ts';
import { anEntitlement } from './support/builders.ts';
import { anAddMemberToGroup } from './support/events.ts';
import { ADMIN, APPLICATION, BUS, INSTANCE_ARN, ME, STATE_MACHINE, TABLE, user } from './support/ids.ts';
import { packaged, type Template } from './support/template.ts';
import { openWorld } from './support/world.ts';

const ROOT = join(import.meta.dirname, '..');
const run = promisify(execFile);

/** What may be in a zip. Another license asks for a decision. */
const LICENSES = ['Apache-2.0', 'MIT', 'MIT-0'];

/** As Lambda's runtime does it: import the module that Handler names, call the function, print what it returns. */
const RUNTIME = `
  const [module, name, event] = process.argv.slice(1);
  const handler = (await import(module))[name];
  const context = { awsRequestId: 'r', functionName: 'f', memoryLimitInMB: '512', invokedFunctionArn: 'a' };
  const result = await handler(JSON.parse(event), context).then((value) => ({ value }), ({ name, message }) => ({ name, message }));
  process.stdout.write('\\n' + JSON.stringify(result));
`;

/** A folder that is removed with the package, and not part of it: another test compares all of its files. */
async function besidePackage(name: string): Promise<string> {
  return join(dirname((await packaged()).directory), name);
}

/** Invokes packaged functions in processes of their own, with the environment that Lambda gives and nothing else. */
async function aLambda() {
  const { directory, template } = await packaged();
  const configuration: Entitlements = JSON.parse(
    readFileSync(join(directory, 'bundles', 'planChanges', 'entitlements.json'), 'utf8'),
  );
  const { application = '', groups: [groupId = ''] = [] } = configuration.entitlements[0] ?? {};
  const world = await openWorld({ configuration, members: { [groupId]: [1] } });
  const { endpoint, close } = await world.gateway.listen();
  onTestFinished(close);
  const invoke = async (key: string, event: object) => {
    const [module = '', name = ''] = handlerOf(template, key).split('.');
    const bundle = join(directory, 'bundles', key);
    const arguments_ = [
      '--input-type=module',
      '-e',
      RUNTIME,
      join(bundle, `${module}.mjs`),
      name,
      JSON.stringify(event),
    ];
    const env = {
      AWS_REGION: 'us-east-1',
      AWS_ACCESS_KEY_ID: 'key',
      AWS_SECRET_ACCESS_KEY: 'secret',
      AWS_SESSION_TOKEN: 'token',
      AWS_ENDPOINT_URL: endpoint,
      ENTITLEMENTS_FILE: 'entitlements.json',
      LEDGER_TABLE: TABLE,
      AUDIT_BUS: BUS,
      STATE_MACHINE,
      USHER_VERSION: '1.2.3',
    };
    const { stdout } = await run(process.execPath, arguments_, { cwd: bundle, env });
    return JSON.parse(stdout.split('\n').at(-1) ?? '');
  };
  return { ...world, application, groupId, invoke };
}

function handlerOf({ Resources }: Template, key: string): string {
  const found = Object.values(Resources).find(({ Properties }) => Properties['FunctionName'] === `usher-prod-${key}`);
  return String(found?.Properties['Handler']);
}

const ROLE = 'arn:aws:iam::222233334444:role/usher-subscriber';
const COMMON = { region: 'us-east-1', mode: 'report' } as const;
const KIRO = { ...COMMON, provider: 'kiro', plan: 'Q_DEVELOPER_STANDALONE_PRO' } as const;
const BUSINESS = { ...COMMON, provider: 'amazon-q-business', plan: 'Q_LITE', roleArn: ROLE } as const;
const entitledTo = (subscription: SubscriptionSettings) => anEntitlement(1, { subscription });

/** Lists subscriptions as a function does in Lambda, with clients that are loaded on demand. */
const LISTING = `
  const [module, input] = process.argv.slice(1);
  const { connectSubscriptions } = await import(module);
  const settings = { region: 'us-east-1', maxAttempts: 1, requestHandler: { requestTimeout: 20000 } };
  const open = connectSubscriptions(settings, { pace: async () => undefined });
  const all = [];
  for await (const page of (await open(JSON.parse(input))).subscriptions()) all.push(...page);
  process.stdout.write('\\n' + JSON.stringify(all));
`;

/** Lists subscriptions with the packaged clients of these settings. */
async function listed(settings: SubscriptionSettings, calls: string[]) {
  const outdir = await besidePackage('bundles-of-clients');
  await bundle(ROOT, 'adapters/subscriptions/connect', outdir, pluginsFor(ROOT, [entitledTo(settings)]));
  const provider = settings.provider === 'kiro' ? 'codewhisperer' : 'qbusiness';
  const subscriptions = [{ user: user(1), plan: settings.provider === 'kiro' ? 'KIRO_ENTERPRISE_PRO' : 'Q_LITE' }];
  const world = await openWorld({
    directory: { applications: [{ applicationArn: APPLICATION, provider, subscriptions }] },
  });
  const { endpoint, close } = await world.gateway.listen();
  onTestFinished(close);
  const input = { ...settings, application: APPLICATION, instanceArn: INSTANCE_ARN };
  const module = join(outdir, 'adapters/subscriptions/connect.mjs');
  const env = {
    AWS_ACCESS_KEY_ID: 'key',
    AWS_SECRET_ACCESS_KEY: 'secret',
    AWS_SESSION_TOKEN: 'token',
    AWS_ENDPOINT_URL: endpoint,
  };
  const before = world.stack.calls();
  const arguments_ = ['--input-type=module', '-e', LISTING, module, JSON.stringify(input)];
  const { stdout } = await run(process.execPath, arguments_, { cwd: outdir, env });
  for (const [call, count] of Object.entries(world.stack.calls())) if (count > (before[call] ?? 0)) calls.push(call);
  return JSON.parse(stdout.split('\n').at(-1) ?? '');
}

describe('the packaged clients of subscriptions', () => {
  it.each<[string, SubscriptionSettings, string[]]>([
    ['kiro', KIRO, ['UserSubscriptions.ListUserSubscriptions']],
    [
      'kiro, of another account,',
      { ...KIRO, roleArn: ROLE },
      ['STS.AssumeRole', 'UserSubscriptions.ListUserSubscriptions'],
    ],
    [
      'amazon-q-business, of another account,',
      BUSINESS,
      ['QBusiness.GetApplication', 'QBusiness.ListApplications', 'QBusiness.ListSubscriptions', 'STS.AssumeRole'],
    ],
  ])('of %s list them', async (_fact, settings, expected) => {
    const calls: string[] = [];
    expect(await listed(settings, calls)).toMatchObject([{ principal: { user: user(1) }, plan: settings.plan }]);
    expect(calls.sort()).toEqual(expected);
  });

  it.each<[string, SubscriptionSettings[], string[], number]>([
    ['no entitlement', [], [], 400_000],
    ['one of kiro', [KIRO], ['kiro.ts'], 400_000],
    ['one of each kind', [KIRO, BUSINESS], ['amazon-q-business.ts', 'assume-role.ts', 'kiro.ts'], 470_000],
  ])('are in a function only if an entitlement asks for them: %s', async (_fact, settings, files, bytes) => {
    const outdir = await besidePackage('bundles-configured');
    const plugins = pluginsFor(ROOT, settings.map(entitledTo));
    const { metafile } = await bundle(ROOT, 'functions/plan-changes', outdir, plugins);
    const outputs = Object.values(metafile.outputs);
    const loaded = outputs.flatMap(({ inputs }) =>
      Object.entries(inputs).flatMap(([file, { bytesInOutput }]) => (bytesInOutput > 0 ? basename(file) : [])),
    );
    const connectors = ['amazon-q-business.ts', 'assume-role.ts', 'kiro.ts'];
    expect(connectors.filter((file) => loaded.includes(file))).toEqual(files);
    expect(outputs.reduce((sum, output) => sum + output.bytes, 0)).toBeLessThanOrEqual(bytes);
    const packages = bundledPackages(metafile, ROOT);
    for (const { license } of packages) expect(LICENSES).toContain(license);
    for (const { name } of packages) expect(noticesFor(packages)).toContain(`\n${name} `);
  });
});

/** Removes an assignment with the packaged client; AWS answers with this error. */
const REMOVAL = `
  const [module, type] = process.argv.slice(1);
  const { connectApplications } = await import(module);
  const body = JSON.stringify({ __type: type, message: 'no' });
  const handle = async () => ({
    response: { statusCode: 400, headers: {}, body: new Blob([body]).stream() },
  });
  const settings = { region: 'us-east-1', maxAttempts: 1, requestHandler: { handle } };
  const removed = await connectApplications(settings, { pace: async () => undefined })
    .unassign('application', 'user')
    .catch(({ name, reason }) => [name, reason].join(' '));
  process.stdout.write('\\n' + removed);
`;

describe('the packaged errors', () => {
  it.each([
    ['ConflictException', 'conflict'],
    ['ResourceNotFoundException', 'removed'],
    ['com.amazonaws.sso#AccessDeniedException', 'RefusedError access-denied'],
    ['ThrottlingException', 'TransientAwsError '],
    ['NewException', 'RefusedError NewException'],
  ])('are known by their names: %s', async (type, expected) => {
    const outdir = await besidePackage('bundles-of-errors');
    await bundle(ROOT, 'adapters/sso-admin', outdir);
    const arguments_ = ['--input-type=module', '-e', REMOVAL, join(outdir, 'adapters/sso-admin.mjs'), type];
    const env = { AWS_ACCESS_KEY_ID: 'key', AWS_SECRET_ACCESS_KEY: 'secret' };
    const { stdout } = await run(process.execPath, arguments_, { cwd: outdir, env });
    expect(stdout.split('\n').at(-1)).toBe(expected);
  });

  it('keep the classes that an adapter knows', () => {
    const adapters = globSync('adapters/{,notices/,subscriptions/}*.ts', { cwd: ROOT }).map((file) =>
      readFileSync(join(ROOT, file), 'utf8'),
    );
    const known = adapters.flatMap((source) => {
      const imported = [...source.matchAll(/import \{([^}]*)\} from '@aws-sdk\/client-/g)].flatMap(([, names = '']) =>
        names.split(',').map((name) => name.trim()),
      );
      return [...source.matchAll(/instanceof (\w+)/g)].flatMap(([, name = '']) =>
        imported.includes(name) && !name.endsWith('ServiceException') ? name : [],
      );
    });
    expect([...new Set(known)].sort()).toEqual([...ERROR_CLASSES].sort());
  });
});

describe('the packaged functions', () => {
  it('turn an event into a seat', async () => {
    const { application, groupId, invoke, assigned, audit } = await aLambda();
    const execution = ME;
    const input = anAddMemberToGroup({ groupId, userId: user(1) });
    const { value: started } = await invoke('normalizeRequest', {
      input,
      execution,
      startedAt: '2026-11-01T10:00:05Z',
      machine: 1,
    });
    const { request } = started;
    const { value: propagation } = await invoke('checkPropagation', { ...started, execution });
    expect(propagation).toMatchObject({ visible: true });
    const { value: plan } = await invoke('planChanges', { request, propagation, ...started.plan, execution });
    expect(plan).toMatchObject({ outcome: 'apply', changes: [{ kind: 'grant', userIds: [user(1)] }] });
    const { round, batch, term } = plan;
    expect(await invoke('applyChanges', { round, batch, term, execution })).toEqual({ value: { granted: 1 } });
    expect(assigned(application)).toEqual([1]);
    expect(await invoke('recordAudit', { round, batch, execution })).toEqual({ value: { waitSeconds: 30 } });
    expect(audit).toMatchObject([{ DetailType: 'Seat Assigned' }]);
  });

  it.each(['normalizeRequest', 'checkPropagation', 'planChanges', 'applyChanges', 'recordAudit'])(
    '%s fails under the name that the state machine handles',
    async (key) => {
      const { invoke } = await aLambda();
      expect(await invoke(key, { nonsense: true })).toMatchObject({ name: 'InvalidRequestError' });
    },
  );

  it.each([
    ['none', []],
    ['all', [KIRO, BUSINESS]],
  ])(
    'have nothing of the SDK that reads files or has retries of its own, with %s of the subscriptions',
    async (_fact, subscriptions) => {
      const plugins = pluginsFor(ROOT, subscriptions.map(entitledTo));
      const { metafile } = await bundle(ROOT, 'functions/plan-changes', await besidePackage('bundles-again'), plugins);
      const unneeded = /credential-provider-(?!env)|parseIni|readFile|DefaultRateLimiter|EventStreamSerde/;
      const loaded = Object.values(metafile.outputs).flatMap(({ inputs }) =>
        Object.entries(inputs).flatMap(([file, { bytesInOutput }]) => (bytesInOutput > 0 ? file : [])),
      );
      expect(loaded.length).toBeGreaterThan(100);
      expect(loaded.filter((file) => unneeded.test(file))).toEqual([]);
    },
  );

  it('fail temporarily under the name that the state machine retries', async () => {
    const { invoke, faults } = await aLambda();
    faults.add({ operation: 'SFN.DescribeExecution', kind: 'throttle' });
    const detail = { executionArn: ADMIN, stopDate: 1_793_527_200_000 };
    expect(await invoke('recordAudit', { detail })).toMatchObject({ name: 'TransientAwsError' });
  });
});
