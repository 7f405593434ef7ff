import { existsSync, writeFileSync } from 'node:fs';
import type { Command } from 'commander';
import * as z from 'zod/mini';
import type { Instance, Instances } from '../../adapters/operator/instances.ts';
import type { People } from '../../adapters/operator/people.ts';
import { parseEntitlements } from '../../domain/entitlements.ts';
import { PLANS, providerOf } from '../../domain/subscription/plan.ts';
import { InputError } from '../../input/input-error.ts';
import { entitlementsYaml } from '../../input/yaml.ts';
import { MissingPrecondition, UsageError } from '../../operator/failures.ts';
import { suggestion } from '../../operator/suggestions.ts';
import { count, escaped } from '../../operator/text.ts';
import { choiceOption, oneOf } from '../command/choices.ts';
import { commandOf, type Runner } from '../command/command.ts';
import { type Context, optionsOf } from '../command/context.ts';
import { requireGroup } from '../command/selectors.ts';
import { wholeNumber } from '../shared/whole-number.ts';
import type { Terminal } from '../ui/terminal.ts';

const MODES = ['enforce', 'observe'] as const;

const Options = z.object({
  instance: z.optional(z.string()),
  application: z.optional(z.string()),
  group: z.optional(z.array(z.string())),
  name: z.optional(z.string()),
  max: z.optional(wholeNumber(0, 200_000)),
  revokeAfterDays: z.optional(wholeNumber(0, 365)),
  mode: z.optional(oneOf(MODES)),
  plan: z.optional(oneOf(PLANS)),
  planRegion: z.optional(z.string()),
  output: z.optional(z.string()),
  force: z.optional(z.boolean()),
});
type InitOptions = z.infer<typeof Options>;

const DEFAULT_FILE = 'entitlements.yml';

export function initCommand(run: Runner): Command {
  return commandOf('init', {
    summary: 'Write entitlements.yml, from questions or options',
    description:
      'Lists the instances, applications and groups to choose from. Asks only for what no option says; with --instance, --application, --group and --max, asks nothing.',
    examples: [
      ['usher init --region us-east-1', 'ask for everything'],
      [
        'usher init --application QDevProfile-us-east-1 --group developers --max 200',
        'ask nothing, if there is one instance',
      ],
      [
        'usher init --application KiroProfile-us-east-1 --group developers --max 200 --mode observe --plan Q_DEVELOPER_STANDALONE_PRO',
        'watch a group that is subscribed in the console of Kiro',
      ],
    ],
    permissions: [
      'sso:ListInstances',
      'sso:ListApplications',
      'identitystore:ListGroups',
      'identitystore:GetGroupId',
      'identitystore:DescribeGroup',
    ],
  })
    .option('--instance <ARN>', 'instance of Identity Center')
    .option('--application <ARN>', 'ARN or name of the application')
    .option('--group <GROUP...>', 'ids or display names of the groups whose members get it')
    .option('--name <NAME>', 'name of the entitlement (default: derived from the application)')
    .option('--max <N>', 'maximum number of seats')
    .option('--revoke-after-days <N>', 'days of grace (default: 0)')
    .addOption(choiceOption('--mode <MODE>', 'observe changes nothing at first (default: enforce)', MODES))
    .addOption(choiceOption('--plan <PLAN>', 'subscription that the users should have', PLANS))
    .option('--plan-region <REGION>', 'Region of its profile (default: from the name of the application, or --region)')
    .option('--output <FILE>', `file to write, or - for standard output (default: ${DEFAULT_FILE})`)
    .option('--force', 'replace an existing file')
    .action(run(init));
}

async function init(context: Context, command: Command): Promise<void> {
  const options = optionsOf(command, Options);
  const { output = DEFAULT_FILE, force } = options;
  if (output !== '-' && existsSync(output) && !force) {
    throw new UsageError(`${output} exists. Name another file with --output, or replace it with --force`);
  }
  const services = await context.servicesWithoutEntitlements();
  const instances = await services.instances();
  const ask = await questionsOf(context);
  const instance = await instanceOf(options, instances, ask);
  const application = await applicationOf(options, instance, instances, ask);
  const people = await services.people(instance.identityStoreId);
  const groups = await groupsOf(options, people, ask, context.terminal);
  const name =
    options.name ?? (await ask.text('Name of the entitlement, in logs and audit events', slugOf(application.name)));
  const max = options.max ?? Number(await ask.text('Maximum number of seats', undefined, '--max'));
  const { revokeAfterDays = 0, mode = 'enforce', plan } = options;
  if (plan === undefined && options.planRegion !== undefined) throw new UsageError('--plan-region needs --plan');
  const region = options.planRegion ?? regionIn(application.name) ?? services.region;
  const { instanceArn, identityStoreId } = instance;
  const wanted = {
    identityCenter: { region: services.region, instanceArn, identityStoreId },
    entitlements: [
      {
        name,
        application: application.applicationArn,
        groups,
        seats: { max },
        onLeave: { revokeAfterDays },
        mode,
        ...(plan === undefined ? {} : { subscription: { provider: providerOf(plan), plan, region } }),
      },
    ],
  };
  const parsed = parseEntitlements(wanted);
  if ('issues' in parsed) throw new InputError('entitlements', parsed.issues);
  const text = entitlementsYaml(parsed.entitlements);
  if (output === '-') return context.terminal.line(text.trimEnd());
  writeFileSync(output, text);
  if (context.json) context.terminal.untypedJson({ file: output, entitlements: parsed.entitlements });
  else {
    const where = output === DEFAULT_FILE ? '' : ` --entitlements ${output}`;
    context.terminal.note(`Wrote ${output}. Review it, then: usher doctor${where}`);
  }
}

/** Reads the Region from the name that AWS gives to the application of a profile: `KiroProfile-us-east-1`. */
function regionIn(name = ''): string | undefined {
  return /Profile-([a-z]{2}(?:-[a-z]+)+-\d)$/.exec(name)?.[1];
}

/** Questions to the operator. Without a terminal, an error names the missing option instead. */
interface Questions {
  text(message: string, suggestion: string | undefined, flag?: string): Promise<string>;
  choose<T>(message: string, flag: string, choices: readonly { name: string; value: T }[]): Promise<T>;
  chooseSome<T>(message: string, flag: string, choices: readonly { name: string; value: T }[]): Promise<T[]>;
}

async function questionsOf({ terminal }: Context): Promise<Questions> {
  if (!terminal.isInteractive) {
    const refuse = (flag: string) => new UsageError(`There is no terminal to ask in: give ${flag}`);
    return {
      async text(_message, suggestion, flag = '--name') {
        if (suggestion === undefined || flag === '--max') throw refuse(flag);
        return suggestion;
      },
      async choose(_message, flag) {
        throw refuse(flag);
      },
      async chooseSome(_message, flag) {
        throw refuse(flag);
      },
    };
  }
  const { checkbox, input, select } = await import('@inquirer/prompts');
  const where = { output: process.stderr };
  return {
    text: (message, suggestion) =>
      input({ message, required: true, ...(suggestion === undefined ? {} : { default: suggestion }) }, where),
    choose: (message, _flag, choices) => select({ message, choices: [...choices] }, where),
    chooseSome: (message, _flag, choices) => checkbox({ message, required: true, choices: [...choices] }, where),
  };
}

async function instanceOf({ instance: wanted }: InitOptions, instances: Instances, ask: Questions): Promise<Instance> {
  const all = await instances.instances();
  const [only, ...others] = wanted === undefined ? all : all.filter(({ instanceArn }) => instanceArn === wanted);
  if (!only) {
    throw new MissingPrecondition(
      wanted === undefined
        ? 'This account and Region see no instance of Identity Center. Check --region and --profile'
        : `This account and Region do not see ${escaped(wanted)}. They see: ${all.map(({ instanceArn }) => instanceArn).join(', ') || 'none'}`,
    );
  }
  if (others.length === 0) return only;
  const choices = all.map((one) => ({
    name: `${one.instanceArn} (${one.status}, of ${one.ownerAccountId})`,
    value: one,
  }));
  return ask.choose('Instance of Identity Center', '--instance', choices);
}

async function applicationOf(
  { application: wanted }: InitOptions,
  { instanceArn }: Instance,
  instances: Instances,
  ask: Questions,
) {
  const all = [];
  for await (const page of instances.applications(instanceArn)) all.push(...page);
  const choices = all.map((one) => ({
    name: [escaped(one.name ?? one.applicationArn), one.provider, one.applicationArn].filter(Boolean).join('  '),
    value: one,
  }));
  if (wanted === undefined) return ask.choose('Application', '--application', choices);
  const [found, ...others] = all.filter(({ applicationArn, name }) => applicationArn === wanted || name === wanted);
  if (!found) {
    const names = all.flatMap(({ name }) => name ?? []);
    throw new UsageError(`The instance has no application ${escaped(wanted)}${suggestion(wanted, names)}`);
  }
  if (others.length > 0) {
    throw new UsageError(
      `${count(others.length + 1, 'application')} have the name ${escaped(wanted)}: ${[found, ...others].map(({ applicationArn }) => applicationArn).join(', ')}. Give an ARN`,
    );
  }
  return found;
}

async function groupsOf(
  { group: wanted }: InitOptions,
  people: People,
  ask: Questions,
  terminal: Terminal,
): Promise<string[]> {
  if (wanted === undefined) {
    const all = [];
    for await (const page of people.groups()) all.push(...page);
    const choices = all.map(({ groupId, displayName }) => ({
      name: `${escaped(displayName ?? '')}  ${groupId}`,
      value: groupId,
    }));
    return ask.chooseSome('Groups whose members get it', '--group', choices);
  }
  const found: string[] = [];
  for (const one of wanted) {
    const groupId = await requireGroup(one, people, terminal);
    if (!(await people.group(groupId))) {
      throw new UsageError(`The identity store has no group ${escaped(one)}`);
    }
    found.push(groupId);
  }
  return found;
}

/** Derives the name of an entitlement: lower-case letters, digits and hyphens. */
function slugOf(name: string | undefined): string {
  const slug = (name ?? '')
    .toLowerCase()
    .replace(/[^a-z0-9]+/g, '-')
    .replace(/^-+|-+$/g, '')
    .slice(0, 63);
  return slug || 'application';
}
