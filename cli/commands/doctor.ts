import type { Command } from 'commander';
import type { Finding, Verdict } from '../../operator/doctor/check.ts';
import { SECTIONS } from '../../operator/doctor/sections.ts';
import { CommandFailed } from '../../operator/failures.ts';
import { count } from '../../operator/text.ts';
import { Unread } from '../../operator/unread.ts';
import { choiceArgument } from '../command/choices.ts';
import { commandOf, type Runner } from '../command/command.ts';
import type { Context } from '../command/context.ts';
import { SUBSCRIPTION_READS } from '../command/permissions.ts';

const SECTION_WORDS = SECTIONS.map((title) => title.toLowerCase());

export function doctorCommand(run: Runner): Command {
  return commandOf('doctor', {
    summary: 'Check the account, Identity Center and the deployment, and report problems (read-only)',
    description:
      'Each check reports what was found, why it matters and how to fix it. Exit code: 1 if there is a problem; held revocations and failed executions are problems, too. A warning, or something that could not be checked, is none.',
    examples: [
      ['usher doctor', 'before and after a deployment'],
      ['usher doctor deployment activity', 'only these sections, again'],
      ['usher doctor --json | jq \'select(.verdict == "problem")\'', 'for programs'],
    ],
    permissions: [
      'sts:GetCallerIdentity',
      'organizations:DescribeOrganization',
      'organizations:ListDelegatedAdministrators',
      'sso:ListInstances',
      'sso:DescribeInstance',
      'sso:ListApplications',
      'sso:DescribeApplication',
      'sso:GetApplicationAssignmentConfiguration',
      'sso:ListApplicationAssignments',
      'identitystore:ListGroups',
      'identitystore:DescribeGroup',
      'identitystore:GetGroupId',
      'identitystore:ListGroupMemberships',
      'cloudtrail:DescribeTrails',
      'cloudtrail:GetTrailStatus',
      'cloudtrail:GetEventSelectors',
      'events:DescribeRule',
      'events:ListTargetsByRule',
      'events:DescribeEventBus',
      'events:DescribeArchive',
      'scheduler:GetSchedule',
      'dynamodb:DescribeTable',
      'dynamodb:GetItem',
      'dynamodb:Query',
      'states:ListExecutions',
      'states:DescribeExecution',
      'sqs:GetQueueUrl',
      'sqs:GetQueueAttributes',
      'logs:FilterLogEvents',
      'ses:GetAccount',
      'ses:GetEmailIdentity',
      ...SUBSCRIPTION_READS,
    ],
  })
    .addArgument(choiceArgument('[SECTION...]', 'only the checks of these sections', SECTION_WORDS))
    .action(run(doctor));
}

const SIGNS: Readonly<Record<Verdict, string>> = { ok: '✓', warning: '!', problem: '✗', unknown: '?' };

async function doctor(context: Context, { args }: Command): Promise<void> {
  const { terminal, json } = context;
  // Without credentials nothing can be checked: that is a missing precondition, not a finding.
  await new Unread().attempt((await context.services()).identity);
  const { checksOf } = await import('../../operator/doctor/checks.ts');
  const checks = checksOf(context);
  const counts: Record<Verdict, number> = { ok: 0, warning: 0, problem: 0, unknown: 0 };
  for (const title of SECTIONS) {
    if (args.length > 0 && !args.includes(title.toLowerCase())) continue;
    const findings = await terminal.working(`Checking: ${title}`, checks[title]);
    for (const { verdict } of findings) counts[verdict] += 1;
    if (json) for (const finding of findings) terminal.json({ type: 'check', section: title, ...finding });
    else if (findings.length > 0) printFindings(title, findings, context);
  }
  if (json) {
    if (Object.values(counts).every((number) => number === 0)) terminal.json({ type: 'none', of: 'check' });
  } else {
    terminal.line(
      `${counts.ok} ok, ${count(counts.warning, 'warning')}, ${count(counts.problem, 'problem')}, ${counts.unknown} unknown.`,
    );
  }
  if (counts.problem > 0) throw new CommandFailed(`${count(counts.problem, 'problem')} to fix`);
}

function printFindings(title: string, findings: readonly Finding[], { terminal }: Context): void {
  const { bold, green, yellow, red, dim } = terminal.colors;
  const color = { ok: green, warning: yellow, problem: red, unknown: yellow };
  terminal.line(bold(title));
  for (const { check, verdict, found, why, fix } of findings) {
    terminal.line(`  ${color[verdict](SIGNS[verdict])} ${check}: ${found}`);
    if (verdict === 'ok') continue;
    terminal.paragraph(`Why it matters: ${why}.`, 6, dim);
    if (fix !== undefined) terminal.paragraph(`${fix}.`, 6);
  }
  terminal.line();
}
