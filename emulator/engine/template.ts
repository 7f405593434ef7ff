import { readFileSync } from 'node:fs';
import type { StateMachineDefinition } from 'aws-local-stepfunctions';
import { parse } from 'yaml';
import * as z from 'zod/mini';
import { type NoticesTemplate, noticesTemplateIn } from './notices-template.ts';
import { TableSchema } from './table-schema.ts';

/** What the emulator reads from the deployed files, so that it runs the same. */
export interface Template {
  definition: StateMachineDefinition;
  /** The function of each Task state, by the state's name. */
  functions: ReadonlyMap<string, { key: string; timeoutSeconds: number }>;
  /** Properties of the ledger's table, without its name. */
  ledgerTable: z.infer<typeof TableSchema>;
  /** Event patterns of the rules on the default bus. */
  patterns: { events: unknown; failures: unknown };
  notices: NoticesTemplate;
}

const EventRule = z.object({ Properties: z.object({ EventPattern: z.unknown() }) });
const TriggersFile = z.object({
  Resources: z.object({ IdentityCenterEvents: EventRule, FailedExecutions: EventRule }),
});
const FunctionsFile = z.record(z.string(), z.object({ timeout: z.int() }));
/** What a configuration adds to the functions is a variable of the framework. */
const Serverless = z.object({ functions: z.tuple([FunctionsFile], z.string()) });
const LedgerFile = z.object({ Resources: z.object({ Ledger: z.object({ Properties: TableSchema }) }) });

const root = new URL('../../', import.meta.url);

let read: Template | undefined;

/** Reads the state machine, `serverless.yml`, the ledger's table and what notices need, once per process. */
export function readTemplate(): Template {
  read ??= parseTemplate();
  return read;
}

function parseTemplate(): Template {
  const [functions] = Serverless.parse(yamlIn('serverless.yml')).functions;
  const { Ledger } = LedgerFile.parse(yamlIn('deploy/ledger.yml')).Resources;
  const definition: StateMachineDefinition = yamlIn('statemachines/onboarding.asl.yaml');
  const states = tasksOf(definition).map((state) => {
    const key = state.charAt(0).toLowerCase() + state.slice(1);
    const timeoutSeconds = functions[key]?.timeout;
    if (timeoutSeconds === undefined) throw new Error(`serverless.yml has no function ${key} for the state ${state}`);
    return [state, { key, timeoutSeconds }] as const;
  });
  const { IdentityCenterEvents, FailedExecutions } = TriggersFile.parse(yamlIn('deploy/triggers.yml')).Resources;
  const patterns = {
    events: IdentityCenterEvents.Properties.EventPattern,
    failures: FailedExecutions.Properties.EventPattern,
  };
  const notices = noticesTemplateIn(yamlIn('deploy/notices.yml'), yamlIn('deploy/notify-user.yml'));
  return { definition, functions: new Map(states), ledgerTable: Ledger.Properties, patterns, notices };
}

/** Ignores CloudFormation's tags: no value that is read has one. */
function yamlIn(file: string) {
  return parse(readFileSync(new URL(file, root), 'utf8'), { logLevel: 'error', merge: true });
}

function tasksOf({ States }: Pick<StateMachineDefinition, 'States'>): string[] {
  return Object.entries(States).flatMap(([name, { Type }]) => (Type === 'Task' ? [name] : []));
}
