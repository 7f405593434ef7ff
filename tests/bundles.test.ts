// @module-tag long
import { execFile } from 'node:child_process';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { describe, expect, it, onTestFinished } from 'vitest';
import { bundle } from '../build/bundle.ts';
import type { Entitlements } from '../domain/entitlements.ts';
import { anAddMemberToGroup } from './support/events.ts';
import { ADMIN, BUS, ME, STATE_MACHINE, TABLE, user } from './support/ids.ts';
import { packaged, type Template } from './support/template.ts';
import { openWorld } from './support/world.ts';

const ROOT = join(import.meta.dirname, '..');
const run = promisify(execFile);

/** As Lambda's runtime does it: import the module that Handler names, call the function, print what it returns. */
const RUNTIME = `
  const [module, name, event] = process.argv.slice(1);
  const handler = (await import(module))[name];
  const context = { awsRequestId: 'r', functionName: 'f', memoryLimitInMB: '512', invokedFunctionArn: 'a' };
  const result = await handler(JSON.parse(event), context).then((value) => ({ value }), ({ name, message }) => ({ name, message }));
  process.stdout.write('\\n' + JSON.stringify(result));
`;

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

  it('have nothing of the SDK that reads files or has retries of its own', async () => {
    const { directory } = await packaged();
    const { metafile } = await bundle(ROOT, 'functions/plan-changes', join(directory, 'bundles-again'));
    const unneeded = /credential-provider-(?!env)|parseIni|readFile|DefaultRateLimiter|EventStreamSerde/;
    const loaded = Object.values(metafile.outputs).flatMap(({ inputs }) =>
      Object.entries(inputs).flatMap(([file, { bytesInOutput }]) => (bytesInOutput > 0 ? file : [])),
    );
    expect(loaded.length).toBeGreaterThan(100);
    expect(loaded.filter((file) => unneeded.test(file))).toEqual([]);
  });

  it('fail temporarily under the name that the state machine retries', async () => {
    const { invoke, faults } = await aLambda();
    faults.add({ operation: 'SFN.DescribeExecution', kind: 'throttle' });
    const detail = { executionArn: ADMIN, stopDate: 1_793_527_200_000 };
    expect(await invoke('recordAudit', { detail })).toMatchObject({ name: 'TransientAwsError' });
  });
});
