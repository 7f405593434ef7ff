import type { Command } from 'commander';
import * as z from 'zod/mini';
import { validate } from '../../domain/shared/validation.ts';
import { readYaml } from '../../input/entitlements-file.ts';
import { labelOf, readText, type StandardInput } from '../../input/files.ts';
import { InputError } from '../../input/input-error.ts';
import { CommandFailed, EndsWith, UsageError } from '../../operator/failures.ts';
import type { PlanFile } from '../../operator/lines/plan.ts';
import { type ConfigurationPlan, planConfiguration } from '../../operator/plan/configuration-plan.ts';
import { differencesBetween } from '../../operator/plan/difference.ts';
import { planFileOf } from '../../operator/plan/plan-lines.ts';
import { choiceOption, oneOf } from '../command/choices.ts';
import { commandOf, type Runner } from '../command/command.ts';
import { type Context, optionsOf } from '../command/context.ts';
import { SUBSCRIPTION_READS } from '../command/permissions.ts';
import { finish } from '../command/unread.ts';
import { nameIn, namesOfUsers } from '../command/user-names.ts';
import { changeGrid, planGrid } from '../plan/columns.ts';
import { groupNameInWords } from '../plan/group-names.ts';
import { noticesInWords, planNotes, priceInWords, totalInWords } from '../plan/notes.ts';
import { writeFor } from '../shared/write-file.ts';
import { pricesIn } from './subscriptions/money.ts';

const FORMATS = ['text', 'json', 'markdown'] as const;
const Options = z.object({
  people: z._default(z.boolean(), false),
  names: z._default(z.boolean(), false),
  price: z.optional(z.string()),
  format: z._default(oneOf(FORMATS), 'text'),
  out: z.optional(z.string()),
  diff: z._default(z.boolean(), false),
  detailedExitcode: z._default(z.boolean(), false),
});
type PlanOptions = z.infer<typeof Options>;

/** The exit code of `--detailed-exitcode` where something changes. */
const CHANGED = 2;

export function planCommand(run: Runner): Command {
  return commandOf('plan', {
    summary: 'Show what a configuration would change, for whom, and what the brake would hold (read-only)',
    description:
      'Reads groups, assignments and the ledger afresh, with the status of every user, and decides as the next full sweep does. Writes nothing. Compares with what is deployed only as far as the ledger shows. With --detailed-exitcode, the exit code is 0 if nothing changes, 2 if something does, and 1 for every error.',
    examples: [
      ['usher plan', 'entitlements.yml, in numbers'],
      ['usher plan next.yml --people --names', 'another file, user by user'],
      ['usher plan --price prices.yml', 'with what the seats cost, by your prices'],
      ['usher plan --format markdown --detailed-exitcode', 'for a pull request'],
      ['usher plan --out plan.json', 'keep the plan in a file'],
      ['usher plan --diff plan.json later.json', 'what differs between two plans, offline'],
    ],
    permissions: [
      'dynamodb:GetItem',
      'dynamodb:Query',
      'sso:ListApplicationAssignments',
      'sso:GetApplicationAssignmentConfiguration',
      'identitystore:ListGroupMemberships',
      'identitystore:ListUsers',
      'identitystore:DescribeUser',
      'identitystore:DescribeGroup',
      'identitystore:GetGroupId',
      ...SUBSCRIPTION_READS,
    ],
  })
    .argument('[FILE]', 'the configuration (default: entitlements.yml); - for standard input. With --diff: a plan')
    .argument('[LATER]', 'with --diff: another plan')
    .option('--people', 'also list what changes user by user')
    .option('--names', 'also print names of users and groups')
    .option('--price <FILE>', 'prices per month by plan, to show what the seats cost')
    .addOption(choiceOption('--format <FORMAT>', 'how it is printed; json is one document (default: text)', FORMATS))
    .option('--out <FILE>', 'also write the plan to a file, as JSON in ids only')
    .option('--diff', 'compare two files of --out')
    .option('--detailed-exitcode', '0: nothing changes, 2: something does, 1: every error')
    .hook('preAction', (_command, plan) => takeFile(plan))
    .action(run(plan));
}

/** Makes the argument the configuration of the command line: its Region and prefix count, too. @throws UsageError */
function takeFile(command: Command): void {
  const { entitlements, diff } = command.optsWithGlobals();
  const [file, later] = command.args;
  if (diff === true) {
    if (file === undefined || later === undefined) throw new UsageError('--diff needs two files of --out');
    return;
  }
  if (later !== undefined) throw new UsageError('A plan is made of one configuration. To compare two plans: --diff');
  if (file === undefined) return;
  if (entitlements !== undefined)
    throw new UsageError('Name the configuration once: as an argument or by --entitlements');
  command.parent?.setOptionValue('entitlements', file);
}

async function plan(context: Context, command: Command): Promise<void> {
  const options = optionsOf(command, Options);
  if (options.diff) return compare(command.args, options, context);
  if (options.out === '-') throw new UsageError('--out needs a file. For standard output: --format json');
  const prices = await pricesIn(options.price, context);
  const question = await context.configuration();
  const made = await context.terminal.working('Reading groups and assignments', () =>
    planConfiguration(question, context),
  );
  const file = planFileOf(made, prices);
  // Whom a plan concerns is only for those who made it.
  if (options.out !== undefined) writeFor(options.out, `${JSON.stringify(file, undefined, 2)}\n`, { isPrivate: true });
  await print(file, made, options, context);
  finish(context);
  if (options.detailedExitcode && file.total.hasChanges) throw new EndsWith(CHANGED);
}

async function print(
  file: PlanFile,
  made: ConfigurationPlan,
  { people, names, format }: PlanOptions,
  context: Context,
): Promise<void> {
  const { terminal, json, unread } = context;
  const isListed = people || format === 'markdown';
  const called =
    names && isListed
      ? await namesOfUsers(new Set(file.changes.map(({ userId }) => userId)), context, unread)
      : undefined;
  const groupNames = names ? withNames(file, made) : file.groupNames;
  if (json || format === 'json') {
    const changes = file.changes.map((line) => ({ ...line, ...nameIn(called, line.userId) }));
    if (!json) return terminal.json({ ...file, changes, groupNames });
    for (const line of [...file.plans, ...groupNames, ...(people ? changes : []), file.total]) terminal.json(line);
    return;
  }
  if (format === 'markdown') {
    const { planMarkdown } = await import('../plan/markdown.ts');
    return terminal.line(planMarkdown(file, { names: called, groupNames }));
  }
  const { bold } = terminal.colors;
  if (!file.total.deployed) terminal.note(notDeployed(context));
  const { head, rows } = planGrid(file);
  terminal.table(head, rows);
  for (const { title, notes } of planNotes(file)) {
    terminal.line();
    terminal.line(bold(title));
    for (const note of notes) terminal.paragraph(note, 2);
  }
  if (people && file.changes.length > 0) {
    terminal.line();
    const grid = changeGrid(file.changes, called);
    terminal.table(grid.head, grid.rows);
  }
  terminal.line();
  terminal.paragraph(totalInWords(file));
  for (const text of [noticesInWords(file.total), priceInWords(file)]) if (text !== undefined) terminal.paragraph(text);
  for (const one of groupNames) terminal.note(`${terminal.noteColors.yellow('warning:')} ${groupNameInWords(one)}`);
}

function notDeployed({ stage, local }: Context): string {
  const where = local ? 'The emulator' : `Stage ${stage}`;
  return `${where} has no ledger: this is a plan for a first deployment. If Usher is deployed, check --stage, --region and --profile.`;
}

function withNames({ groupNames }: PlanFile, { renamedGroups }: ConfigurationPlan): PlanFile['groupNames'] {
  return groupNames.map((line) => {
    const { configured, name } = renamedGroups.find(({ groupId }) => groupId === line.groupId) ?? {};
    return { ...line, ...(configured === undefined ? {} : { configured }), ...(name === undefined ? {} : { name }) };
  });
}

async function compare(
  [before = '', after = '']: readonly string[],
  { detailedExitcode, format, names, people, price, out }: PlanOptions,
  { terminal, json, stdin }: Context,
): Promise<void> {
  if (names || people || price !== undefined || out !== undefined || format === 'markdown')
    throw new UsageError('--diff goes with --json, --format json and --detailed-exitcode only');
  const [one, other] = [await readPlanFile(before, stdin), await readPlanFile(after, stdin)];
  const differences = differencesBetween(one, other);
  if (json || format === 'json') {
    for (const line of differences) terminal.json(line);
    if (differences.length === 0) terminal.json({ type: 'none', of: 'plan-difference' });
  } else if (differences.length === 0) terminal.line('The plans say the same.');
  else {
    terminal.table(
      ['ENTITLEMENT', 'USER', 'WHAT', 'BEFORE', 'AFTER'],
      differences.map((one) => [
        one.entitlement ?? one.application,
        one.userId ?? '',
        one.field,
        String(one.before ?? ''),
        String(one.after ?? ''),
      ]),
    );
  }
  const partial = [before, after].filter((_, index) => [one, other][index]?.total.unread !== undefined);
  if (partial.length > 0)
    throw new CommandFailed(`${partial.map(labelOf).join(' and ')}: reads failed, so that the plan has not everything`);
  if (detailedExitcode && differences.length > 0) throw new EndsWith(CHANGED);
}

/** @throws InputError with all errors of the file at once */
async function readPlanFile(file: string, stdin: StandardInput): Promise<PlanFile> {
  const { PlanFileSchema } = await import('../../operator/lines/plan.ts');
  const result = validate(PlanFileSchema, readYaml(await readText(file, stdin), labelOf(file)));
  if ('issues' in result) throw new InputError(labelOf(file), result.issues);
  return result.value;
}
