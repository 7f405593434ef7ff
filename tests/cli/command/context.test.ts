import { join } from 'node:path';
import { Command } from 'commander';
import { expect, it } from 'vitest';
import { contextOf } from '../../../cli/command/context.ts';
import { runWithin } from '../../../cli/program.ts';
import { exampleEntitlements } from '../../../emulator/scenario/example-entitlements.ts';
import { filesOf } from '../../support/folder.ts';
import { around, aTerminal } from '../../support/terminal.ts';

it('a command reads the resources that are named with the prefix of the configuration', async () => {
  // JSON is YAML.
  const text = JSON.stringify({ ...exampleEntitlements(), namePrefix: 'acme-' });
  const folder = filesOf({ 'entitlements.yml': text });
  const command = new Command().option('--entitlements <FILE>').option('--stage <NAME>');
  command.parse(['--entitlements', join(folder, 'entitlements.yml'), '--stage', 'try'], { from: 'user' });
  const { terminal } = await aTerminal();
  const context = await contextOf(command, around(terminal), { env: {}, runWithin });
  expect((await context.services()).names).toMatchObject({
    ledger: 'acme-usher-try-ledger',
    machine: 'acme-usher-try-onboarding',
    auditLogGroup: '/aws/events/acme-usher-try-audit',
  });
});
