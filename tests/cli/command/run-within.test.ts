// @module-tag long
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { Command } from 'commander';
import { beforeAll, describe, expect, it } from 'vitest';
import { type Context, contextOf } from '../../../cli/command/context.ts';
import { runWithin } from '../../../cli/program.ts';
import { anAddMemberToGroup } from '../../support/events.ts';
import { GROUP, user } from '../../support/ids.ts';
import { anOperator, configuration, linesOf } from '../../support/operator.ts';
import { around, aTerminal } from '../../support/terminal.ts';

const operator = anOperator({ people: 4, max: 3 });

/** The context of a command that asks the emulator, and runs others. */
async function aContext(...args: readonly string[]): Promise<Context> {
  const { terminal } = await aTerminal();
  const command = new Command().option('--local').option('--entitlements <FILE>');
  command.parse(['--local', ...args], { from: 'user' });
  const env = { AWS_ENDPOINT_URL: operator.endpoint };
  return contextOf(command, around(terminal), { env, runWithin });
}

const run = async (context: Context, args: readonly string[], input?: string) =>
  linesOf((await Array.fromAsync(context.run(args, input))).join('\n'));

const callsOf = async (operation: string) => (await operator.calls())[operation] ?? 0;

describe('a command line within another command', () => {
  beforeAll(() => operator.run('start', '--all', '--wait'));

  it.each([
    [['seats']],
    [['status', '--executions']],
    [['status', 'execution-1']],
    [['seats', '--people']],
    [['held']],
  ])('prints what it prints by itself: %j', async (args) => {
    const alone = await operator.run(...args, '--json');
    expect(await run(await aContext(), args)).toEqual(linesOf(alone.out));
  });

  it('ends with its error, also with one of its command line', async () => {
    const context = await aContext();
    expect(await run(context, ['status', 'nosuch'])).toEqual([
      { type: 'error', message: expect.stringContaining('There is no execution nosuch'), exitCode: 2 },
    ]);
    expect(await run(context, ['seats', '--nosuch'])).toEqual([
      { type: 'error', message: expect.stringContaining('unknown option'), exitCode: 2 },
    ]);
  });

  it('has its own account of what could not be read', async () => {
    const context = await aContext();
    await operator.fault({ operation: 'SSOAdmin.ListApplicationAssignments', kind: 'refuse', times: 2 });
    expect((await run(context, ['seats'])).map(({ type }) => type)).toContain('unread');
    await operator.clearFaults();
    expect((await run(context, ['seats'])).map(({ type }) => type)).toEqual(['entitlement', 'entitlement']);
  });

  it('reads of executions that have ended only what no command before it has read', async () => {
    const context = await aContext();
    const first = await run(context, ['status', '--executions']);
    const described = await callsOf('SFN.DescribeExecution');
    expect(await run(context, ['status', '--executions'])).toEqual(first);
    expect(await callsOf('SFN.DescribeExecution')).toBe(described);
    await run(context, ['status', 'execution-1', '--steps']);
    expect(await run(context, ['status', 'execution-1'])).toMatchObject([{ moves: { length: expect.any(Number) } }]);
  });

  it('works again after a session that had expired in the middle was renewed, perhaps of another account', async () => {
    const context = await aContext();
    await run(context, ['status', '--executions']);
    const asked = await callsOf('STS.GetCallerIdentity');
    await operator.fault({ operation: 'SFN.ListExecutions', kind: 'expired' });
    expect((await run(context, ['status', '--executions'])).at(-1)).toMatchObject({ type: 'error', exitCode: 3 });
    await operator.clearFaults();
    expect((await run(context, ['status', '--executions'])).at(-1)).toMatchObject({ type: 'execution' });
    expect(await callsOf('STS.GetCallerIdentity')).toBe(asked + 1);
  });

  it('leaves the command around it with what was connected anew', async () => {
    const context = await aContext();
    const before = await context.services();
    expect(await context.services()).toBe(before);
    await operator.fault({ operation: 'SFN.ListExecutions', kind: 'expired' });
    await run(context, ['status', '--executions']);
    await operator.clearFaults();
    expect(await context.services()).not.toBe(before);
  });

  it('works after a session that had expired at first was renewed', async () => {
    const context = await aContext();
    await operator.fault({ operation: 'STS.GetCallerIdentity', kind: 'expired' });
    expect(await run(context, ['status', '--executions'])).toMatchObject([{ type: 'error', exitCode: 3 }]);
    await operator.clearFaults();
    expect((await run(context, ['status', '--executions'])).at(-1)).toMatchObject({ type: 'execution' });
  });

  it('sees the configuration as the file has it by then, also after an error in it', async () => {
    const file = join(operator.folder, 'changing.yml');
    const write = (text: string) => writeFileSync(file, text);
    write(JSON.stringify(configuration(3)));
    const context = await aContext('--entitlements', file);
    const max = async () => (await run(context, ['seats'])).map((line) => line['max'] ?? line['type']);
    expect(await max()).toEqual([3, 3]);
    write(JSON.stringify(configuration(7)));
    expect(await max()).toEqual([7, 7]);
    write('{}');
    expect(await max()).toEqual(['error']);
    write(JSON.stringify(configuration(8)));
    expect(await max()).toEqual([8, 8]);
  });

  it('has a standard input of its own, which may be empty', async () => {
    const context = await aContext();
    const [plan] = await run(context, ['plan', '-'], JSON.stringify(configuration(200)));
    expect(plan).toMatchObject({ type: 'plan', max: 200, gains: 1 });
    expect(await run(context, ['plan', '-'])).toMatchObject([{ type: 'error', exitCode: 2 }]);
    expect(await run(context, ['plan', '-'], 'entitlements: [')).toMatchObject([
      { type: 'error', message: expect.stringContaining('standard input'), exitCode: 2 },
    ]);
    expect(await run(context, ['explain', '-'], JSON.stringify({ scope: 'tick' }))).toMatchObject([
      { type: 'explanation', decision: 'start' },
    ]);
  });

  it('does nothing that needs a confirmation without --yes', async () => {
    const event = JSON.stringify(anAddMemberToGroup({ userId: user(4), groupId: GROUP }));
    const started = await callsOf('SFN.StartExecution');
    expect(await run(await aContext(), ['replay', '-'], event)).toEqual([]);
    expect(await callsOf('SFN.StartExecution')).toBe(started);
    expect(await run(await aContext(), ['replay', '-', '--yes'], event)).not.toEqual([]);
    expect(await callsOf('SFN.StartExecution')).toBe(started + 1);
  });

  it('may be left before its last line', async () => {
    const context = await aContext();
    for await (const line of context.run(['seats'])) {
      expect(line).toContain('"type":"entitlement"');
      break;
    }
    expect(await run(context, ['seats'])).toHaveLength(2);
  });
});
