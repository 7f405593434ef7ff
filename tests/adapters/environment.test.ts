import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { DynamoDBClient, ListTablesCommand } from '@aws-sdk/client-dynamodb';
import { NodeHttpHandler } from '@smithy/node-http-handler';
import { describe, expect, it, onTestFinished } from 'vitest';
import { identityCenterSettings, lambdaEnvironment } from '../../adapters/environment.ts';
import { exampleEntitlements } from '../../emulator/scenario/example-entitlements.ts';

/** The variables of a deployed function, with a configuration as it is packaged. */
function variables(configuration: unknown = exampleEntitlements()) {
  const folder = mkdtempSync(join(tmpdir(), 'usher-'));
  onTestFinished(() => rmSync(folder, { recursive: true }));
  const file = join(folder, 'entitlements.json');
  writeFileSync(file, JSON.stringify(configuration));
  return {
    AWS_REGION: 'eu-central-1',
    ENTITLEMENTS_FILE: file,
    LEDGER_TABLE: 'usher-ledger',
    AUDIT_BUS: 'usher-audit',
    STATE_MACHINE: 'arn:aws:states:eu-central-1:111122223333:stateMachine:usher-onboarding',
    USHER_VERSION: '1.2.3',
  };
}

describe('the environment of a Lambda function', () => {
  it('is read from its variables and its package', () => {
    const { clock, ...environment } = lambdaEnvironment(variables());
    expect(environment).toEqual({
      entitlements: exampleEntitlements(),
      aws: expect.objectContaining({ region: 'eu-central-1', maxAttempts: 1 }),
      ledgerTable: 'usher-ledger',
      auditBus: 'usher-audit',
      stateMachine: 'arn:aws:states:eu-central-1:111122223333:stateMachine:usher-onboarding',
      version: '1.2.3',
    });
    expect(clock.now()).toBeInstanceOf(Date);
  });

  it('has, for the function that writes to users, the table of notices and the templates in its package', () => {
    const templates = { en: { 'assigned.txt.liquid': 'Subject: Hello' } };
    const { ENTITLEMENTS_FILE, ...rest } = variables();
    const file = join(dirname(ENTITLEMENTS_FILE), 'notices.json');
    writeFileSync(file, JSON.stringify(templates));
    const { notices } = lambdaEnvironment({
      ...rest,
      ENTITLEMENTS_FILE,
      NOTICES_TABLE: 'usher-notices',
      NOTICES_TEMPLATES: file,
    });
    expect(notices).toEqual({ table: 'usher-notices', templates });
  });

  it.each(['NOTICES_TABLE', 'NOTICES_TEMPLATES'])('names %s if it is empty', (name) => {
    expect(() => lambdaEnvironment({ ...variables(), [name]: '' })).toThrow(
      `Environment variables missing or empty: ${name}`,
    );
  });

  it('ends a call that gets no answer, in a few seconds', async () => {
    const { aws } = lambdaEnvironment(variables());
    const client = new DynamoDBClient({ ...aws, credentials: { accessKeyId: 'a', secretAccessKey: 'b' } });
    const { requestHandler } = client.config;
    // The handler reads its options with its first request.
    await client.send(new ListTablesCommand({}), { abortSignal: AbortSignal.abort() }).catch(() => undefined);
    if (!(requestHandler instanceof NodeHttpHandler)) throw new Error('Lambda has the handler of Node');
    expect(requestHandler.httpHandlerConfigs()).toMatchObject({
      connectionTimeout: 5000,
      requestTimeout: 20_000,
      throwOnRequestTimeout: true,
    });
  });

  it('has a clock that sleeps', async () => {
    const { clock } = lambdaEnvironment(variables());
    await expect(clock.sleep(0)).resolves.toBeUndefined();
  });

  it('names every variable that is missing or empty at once, and no value', () => {
    const { AWS_REGION: _, ...rest } = variables();
    expect(() => lambdaEnvironment({ ...rest, AUDIT_BUS: '', LEDGER_TABLE: 'a-table' })).toThrow(
      /^Environment variables missing or empty: AWS_REGION, AUDIT_BUS$/,
    );
  });

  it('fails without the packaged configuration', () => {
    expect(() => lambdaEnvironment({ ...variables(), ENTITLEMENTS_FILE: '/nowhere/at-all.json' })).toThrow('ENOENT');
  });

  it('calls Identity Center in its own Region', () => {
    const environment = lambdaEnvironment(variables());
    expect(identityCenterSettings(environment)).toEqual({ ...environment.aws, region: 'us-east-1' });
  });
});
