// @module-tag long
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { commandOf } from '../../../cli/command/command.ts';
import { contextOf } from '../../../cli/command/context.ts';
import { connectEmulator } from '../../../cli/command/emulator.ts';
import { startEmulator } from '../../../cli/command/own-emulator.ts';
import { runWithin } from '../../../cli/program.ts';
import { emulatorEndpoint } from '../../../cli/shared/endpoint.ts';
import { exampleDirectory } from '../../../emulator/scenario/example-directory.ts';
import { exampleEntitlements } from '../../../emulator/scenario/example-entitlements.ts';
import { filesOf } from '../../support/folder.ts';
import { runHere } from '../../support/operator.ts';
import { around, aTerminal } from '../../support/terminal.ts';

const entitlements = exampleEntitlements();

/** A command with `--local`. */
function aCommand(startsEmulator: boolean, file: string) {
  const manual = {
    summary: 'Try',
    examples: [],
    permissions: [],
    ...(startsEmulator && ({ startsEmulator } as const)),
  };
  const command = commandOf('try', manual).option('--local').option('--entitlements <FILE>');
  return command.parse(['--local', '--entitlements', file], { from: 'user' });
}

describe('an emulator of this process', () => {
  it('listens until it is ended', async () => {
    const { endpoint, users, end } = await startEmulator({
      entitlements,
      directory: exampleDirectory(entitlements, 7),
      port: 0,
      speed: 1,
      onNotice: () => undefined,
      onProblem: () => undefined,
    });
    expect(users).toBe(7);
    expect((await connectEmulator(endpoint)).region).toBe(entitlements.identityCenter.region);
    await end();
    await expect(connectEmulator(endpoint)).rejects.toThrow(endpoint);
  });

  it('is started by no command that is pointed at another one', async () => {
    const folder = filesOf({ 'entitlements.yml': JSON.stringify(entitlements) });
    const { terminal } = await aTerminal();
    const command = aCommand(true, join(folder, 'entitlements.yml'));
    const context = contextOf(command, around(terminal), {
      env: { AWS_ENDPOINT_URL: 'http://127.0.0.1:1' },
      runWithin,
    });
    await expect(context).rejects.toThrow(/No emulator answers at http:\/\/127\.0\.0\.1:1\./);
  });
});

const runs = await connectEmulator(emulatorEndpoint({})).then(
  () => true,
  () => false,
);

describe.skipIf(runs)('where no emulator runs', () => {
  const contextWith = async (startsEmulator: boolean) => {
    const folder = filesOf({ 'entitlements.yml': JSON.stringify(entitlements) });
    const { terminal, written } = await aTerminal();
    const context = contextOf(aCommand(startsEmulator, join(folder, 'entitlements.yml')), around(terminal), {
      env: {},
      runWithin,
    });
    return { context, written };
  };

  it('a command that may start one has one of its own, and says so', async () => {
    const { context, written } = await contextWith(true);
    const { emulator, endEmulator } = await context;
    expect(emulator?.region).toBe(entitlements.identityCenter.region);
    expect(written.join('')).toContain(`has started one at ${emulator?.endpoint}, which ends with it`);
    await endEmulator?.();
  });

  it.each([
    [['--region', 'eu-west-1', 'console', '--no-open']],
    [['--stage', 'No Stage', 'console', '--no-open']],
    [['console', '--no-open', 'no page']],
  ])('it ends with a command that fails: %j', async (args) => {
    const cwd = filesOf({ 'entitlements.yml': JSON.stringify(entitlements) });
    const { code, error } = await runHere(['--local', ...args], { cwd, env: {} });
    const [endpoint] = /http:[^,]+/.exec(error) ?? ['none'];
    expect({ code, error }).toEqual({ code: 2, error: expect.stringContaining('has started one at http://') });
    await expect(connectEmulator(endpoint)).rejects.toThrow(endpoint);
  });

  it('any other command fails', async () => {
    await expect((await contextWith(false)).context).rejects.toThrow(/Start one: usher local/);
  });
});
