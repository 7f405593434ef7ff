import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
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
      aws: { region: 'eu-central-1', maxAttempts: 1 },
      ledgerTable: 'usher-ledger',
      auditBus: 'usher-audit',
      stateMachine: 'arn:aws:states:eu-central-1:111122223333:stateMachine:usher-onboarding',
      version: '1.2.3',
    });
    expect(clock.now()).toBeInstanceOf(Date);
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
    expect(identityCenterSettings(environment)).toEqual({ region: 'us-east-1', maxAttempts: 1 });
  });
});
