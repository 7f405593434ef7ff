import { existsSync } from 'node:fs';
import { dirname, join } from 'node:path';
import type { Command } from 'commander';
import * as z from 'zod/mini';
import type { ApplicationDescription, Instance, Instances } from '../../adapters/operator/instances.ts';
import { parseEntitlements } from '../../domain/parse-entitlements.ts';
import { InputError } from '../../input/input-error.ts';
import { entitlementsYaml } from '../../input/yaml.ts';
import { MissingPrecondition, UsageError } from '../../operator/failures.ts';
import { escaped } from '../../operator/text.ts';
import { commandOf, type Runner } from '../command/command.ts';
import { type Context, optionsOf } from '../command/context.ts';
import { type DraftEntitlement, entitlementOf, type InitReads } from '../init/entitlement.ts';
import { type Questions, questionsIn } from '../init/questions.ts';
import { addWishes, type Wish } from '../init/wishes.ts';
import { writeFor } from '../shared/write-file.ts';

const Options = z.object({
  instance: z.optional(z.string()),
  output: z.optional(z.string()),
  force: z.optional(z.boolean()),
});

const DEFAULT_FILE = 'entitlements.yml';
const SCHEMA = 'schemas/entitlements.schema.json';

export function initCommand(run: Runner): Command {
  const command = commandOf('init', {
    summary: 'Write entitlements.yml, from questions or options',
    description:
      'Lists the instances, applications and groups to choose from, and checks what you choose. Asks only for what no option says; with --instance, --application, --group, --max and --mode, asks nothing. Each further --application begins another entitlement. Writes at the end; Ctrl-C before that writes nothing.',
    examples: [
      ['usher init --region us-east-1', 'ask for everything'],
      [
        'usher init --application QDevProfile-us-east-1 --group developers --max 200',
        'ask nothing, in a script, if there is one instance',
      ],
      [
        'usher init --application Q --group developers --max 200 --mode observe --application Kiro --group pilots --max 50 --mode observe',
        'two entitlements: the options after an application are of it',
      ],
      [
        'usher init --application KiroProfile-us-east-1 --group developers --max 200 --mode observe --plan Q_DEVELOPER_STANDALONE_PRO',
        'watch a group that is subscribed in the console of Kiro',
      ],
    ],
    permissions: [
      'sso:ListInstances',
      'sso:ListApplications',
      'sso:GetApplicationAssignmentConfiguration',
      'identitystore:ListGroups',
      'identitystore:GetGroupId',
      'identitystore:DescribeGroup',
      'identitystore:ListGroupMemberships',
    ],
  }).option('--instance <ARN>', 'instance of Identity Center');
  const wishes = addWishes(command);
  return command
    .option('--output <FILE>', `file to write, or - for standard output (default: ${DEFAULT_FILE})`)
    .option('--force', 'replace an existing file without asking')
    .action(
      run(async (context) => {
        const options = optionsOf(command, Options);
        await init({ ...options, wishes: wishes() }, context, await questionsIn(context.terminal));
      }),
    );
}

type InitOptions = z.infer<typeof Options> & { wishes: readonly Wish[] };

/**
 * Writes a configuration, once everything is answered.
 *
 * @throws UsageError if the file exists and may not be replaced, or the command line names what does not exist
 */
export async function init(
  { instance: wanted, output = DEFAULT_FILE, force = false, wishes }: InitOptions,
  context: Pick<Context, 'terminal' | 'json' | 'servicesWithoutEntitlements'>,
  ask: Questions,
): Promise<void> {
  const { terminal } = context;
  const replaces = output !== '-' && existsSync(output);
  if (replaces && !force && !(await ask.confirm(`${output} exists. Replace it at the end?`)))
    throw new UsageError(`${output} exists. Name another file with --output, or replace it with --force`);
  const services = await context.servicesWithoutEntitlements();
  const instances = await services.instances();
  const instance = await instanceOf(wanted, instances, ask);
  const { instanceArn, identityStoreId } = instance;
  const reads: InitReads = {
    applications: await applicationsOf(instanceArn, instances),
    settings: await services.applications(),
    people: await services.people(identityStoreId),
    directory: await services.directory(identityStoreId),
    region: services.region,
    ask,
    terminal,
  };
  const entitlements = await entitlementsFor(wishes, reads);
  const configuration = { identityCenter: { region: services.region, instanceArn, identityStoreId }, entitlements };
  const parsed = parseEntitlements(configuration);
  if ('issues' in parsed) throw new InputError('entitlements', parsed.issues);
  const hasSchema = output !== '-' && existsSync(join(dirname(output), SCHEMA));
  const named = parsed.entitlements.entitlements.map((one, index) => ({
    ...one,
    groups: entitlements[index]?.groups ?? one.groups,
  }));
  const text = entitlementsYaml({ ...parsed.entitlements, entitlements: named }, hasSchema ? SCHEMA : undefined);
  if (output === '-') return terminal.line(text.trimEnd());
  // The user was not asked about a file that was made meanwhile.
  writeFor(output, text, { isNew: !replaces });
  if (context.json) {
    for (const { name, application, groups, seats, mode } of parsed.entitlements.entitlements)
      terminal.json({
        type: 'configuration',
        file: output,
        entitlement: name,
        application,
        groups,
        max: seats.max,
        mode,
      });
    return;
  }
  const where = output === DEFAULT_FILE ? '' : ` --entitlements ${output}`;
  const file = output === DEFAULT_FILE ? '' : ` ${output}`;
  terminal.note(`Wrote ${output}. Review it, then: usher doctor${where}, and what it would change: usher plan${file}`);
}

/** Makes the entitlements that the command line names; in a terminal, asks for others if it names none. */
async function entitlementsFor(wishes: readonly Wish[], reads: InitReads): Promise<DraftEntitlement[]> {
  const entitlements: DraftEntitlement[] = [];
  for (const wish of wishes) entitlements.push(await entitlementOf(wish, entitlements, reads));
  const isAsked = wishes.every(({ application }) => application === undefined);
  while (
    isAsked &&
    entitlements.length < reads.applications.length &&
    (await reads.ask.confirm('Add another application?'))
  )
    entitlements.push(await entitlementOf({}, entitlements, reads));
  return entitlements;
}

async function applicationsOf(instanceArn: string, instances: Instances): Promise<ApplicationDescription[]> {
  const all: ApplicationDescription[] = [];
  for await (const page of instances.applications(instanceArn)) all.push(...page);
  if (all.length === 0)
    throw new MissingPrecondition('The instance has no application. Add one in the console of Identity Center first');
  return all;
}

async function instanceOf(wanted: string | undefined, instances: Instances, ask: Questions): Promise<Instance> {
  const all = await instances.instances();
  const [only, ...others] = wanted === undefined ? all : all.filter(({ instanceArn }) => instanceArn === wanted);
  if (!only) {
    throw new MissingPrecondition(
      wanted === undefined
        ? 'This account and Region see no instance of Identity Center. Check --region and --profile'
        : `This account and Region do not see ${escaped(wanted)}. They see: ${all.map(({ instanceArn }) => instanceArn).join(', ') || 'none'}`,
    );
  }
  const choices = all.map((one) => ({
    name: `${one.instanceArn} (${one.status}, of ${one.ownerAccountId})`,
    value: one,
  }));
  const chosen = others.length === 0 ? only : await ask.choose('Instance of Identity Center', '--instance', choices);
  if (chosen.status !== 'ACTIVE' || chosen.identityStoreId === '')
    throw new MissingPrecondition(`${chosen.instanceArn} is ${chosen.status}. Wait until it is ACTIVE`);
  return chosen;
}
