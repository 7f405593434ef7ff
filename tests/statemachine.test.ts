import { existsSync, readFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import { getLanguageService, TextDocument } from 'amazon-states-language-service';
import { describe, expect, it } from 'vitest';
import { parse } from 'yaml';
import * as errors from '../domain/shared/errors.ts';
import { LAMBDA_ERRORS } from './support/machine.ts';

interface Handler {
  ErrorEquals: string[];
  Next?: string;
  [field: string]: unknown;
}

interface State {
  Type: string;
  Comment?: string;
  Resource?: string;
  Next?: string;
  Default?: string;
  TimeoutSeconds?: number;
  Retry?: Handler[];
  Catch?: Handler[];
  ItemProcessor?: Machine;
  [field: string]: unknown;
}

interface Machine {
  StartAt: string;
  States: Record<string, State>;
  [field: string]: unknown;
}

interface Deployment {
  functions: [Record<string, { handler: string; timeout: number }>, ...string[]];
}

interface Machines {
  Resources: { Onboarding: { Properties: { DefinitionString: [string, Record<string, unknown>] } } };
}

const root = new URL('..', import.meta.url);
const read = (path: string) => readFileSync(new URL(path, root), 'utf8');

const machine: Machine = parse(read('statemachines/onboarding.asl.yaml'));
// CloudFormation's tags (!Sub, …) mean nothing here.
const deployment: Deployment = parse(read('serverless.yml'), { logLevel: 'error' });
const machines: Machines = parse(read('deploy/machines.yml'), { logLevel: 'error', merge: true });

const require = createRequire(import.meta.url);
/** It has no types; `checkArn` and `checkPaths` are on by default, and it writes into what it is given. */
const validate: (machine: Machine) => { errorsText(): string } = require('asl-validator');

/** As Step Functions gets it: CloudFormation puts in the ARNs. */
const deployed = (text: string) => text.replaceAll(/\$\{(\w+)\}/g, 'arn:aws:lambda:us-east-1:111122223333:function:$1');

const KNOWN_ERRORS = [...Object.keys(errors), ...LAMBDA_ERRORS, 'States.ALL', 'States.Timeout'];
const RETRY_FIELDS = [
  'ErrorEquals',
  'IntervalSeconds',
  'BackoffRate',
  'MaxAttempts',
  'MaxDelaySeconds',
  'JitterStrategy',
];
const CATCH_FIELDS = ['ErrorEquals', 'Next', 'ResultPath', 'Comment'];

const statesOf = ({ States }: Machine): [string, State][] =>
  Object.entries(States).flatMap(([name, state]) => [
    [name, state] as [string, State],
    ...(state.ItemProcessor ? statesOf(state.ItemProcessor) : []),
  ]);

/** A check of each state; a fault is a sentence about it. */
const eachState = (faultsOf: (state: State, name: string) => string[]) => (subject: Machine) =>
  statesOf(subject).flatMap(([name, state]) => faultsOf(state, name).map((fault) => `${name}: ${fault}`));

const eachTask = (faultsOf: (state: State, name: string) => string[]) =>
  eachState((state, name) => (state.Type === 'Task' ? faultsOf(state, name) : []));

const fieldsBesides = (known: string[], handlers: Handler[] = []) =>
  handlers.flatMap(Object.keys).filter((field) => !known.includes(field));

const camelCase = (name: string) => name.charAt(0).toLowerCase() + name.slice(1);
const kebabCase = (name: string) => camelCase(name).replaceAll(/[A-Z]/g, (letter) => `-${letter.toLowerCase()}`);

function functionFaults({ Resource }: State, name: string): string[] {
  const placeholder = `${name}FunctionArn`;
  const file = `functions/${kebabCase(name)}`;
  const faults: string[] = [];
  if (Resource !== `\${${placeholder}}`) faults.push('its resource is another function');
  if (!existsSync(new URL(`${file}.ts`, root))) faults.push(`${file}.ts is missing`);
  if (deployment.functions[0][camelCase(name)]?.handler !== `${file}.handler`) faults.push('serverless.yml has it not');
  const [, substitutions] = machines.Resources.Onboarding.Properties.DefinitionString;
  if (!(placeholder in substitutions)) faults.push('its placeholder is not replaced');
  return faults;
}

/** Where `Next` alone leads to; a Choice could still go elsewhere. */
function endOf(subject: Machine, name: string | undefined): State | undefined {
  const state = subject.States[name ?? ''];
  return state?.Next && state.Type !== 'Choice' ? endOf(subject, state.Next) : state;
}

const task = (subject: Machine, name = 'PlanChanges'): State => {
  const [, found] = statesOf(subject).find(([candidate]) => candidate === name) ?? [];
  if (!found) throw new Error(`no state ${name}`);
  return found;
};
const firstRetry = (subject: Machine): Handler => task(subject).Retry?.[0] ?? { ErrorEquals: [] };

/** What holds of the machine, how to tell, and a fault that must not pass. */
const rules: [string, (subject: Machine) => string[] | Promise<string[]>, (broken: Machine) => unknown][] = [
  [
    'asl-validator accepts it',
    (subject) => {
      const text = validate(JSON.parse(deployed(JSON.stringify(subject)))).errorsText();
      return text ? [text] : [];
    },
    (broken) => delete task(broken).Next,
  ],
  [
    'the language service of AWS accepts it',
    async (subject) => {
      const service = getLanguageService({});
      const document = TextDocument.create('file:///m.asl.json', 'json', 1, deployed(JSON.stringify(subject)));
      const faults = await service.doValidation(document, service.parseJSONDocument(document));
      return faults.map(({ message }) => String(message));
    },
    (broken) => Object.assign(task(broken), { Next: 'WhatNext' }),
  ],
  [
    'each error that it handles is one that can occur',
    eachState(({ Retry = [], Catch = [] }) =>
      [...Retry, ...Catch].flatMap(({ ErrorEquals }) => ErrorEquals).filter((name) => !KNOWN_ERRORS.includes(name)),
    ),
    (broken) => Object.assign(firstRetry(broken), { ErrorEquals: ['TransientAwsEror'] }),
  ],
  [
    'each task retries what the Lambda service itself may fail with',
    eachTask(({ Retry = [] }) => {
      const retried = Retry.flatMap(({ ErrorEquals }) => ErrorEquals);
      return LAMBDA_ERRORS.filter((name) => !retried.includes(name));
    }),
    (broken) => task(broken).Retry?.pop(),
  ],
  [
    'each task has its function, file and key',
    eachTask(functionFaults),
    (broken) => Object.assign(task(broken), { Resource: task(broken, 'RecordAudit').Resource }),
  ],
  [
    'each function ends itself before its task times out',
    eachTask(({ TimeoutSeconds = 0 }, name) => {
      const { timeout } = deployment.functions[0][camelCase(name)] ?? { timeout: Number.POSITIVE_INFINITY };
      return timeout < TimeoutSeconds ? [] : [`${timeout} s, the task ${TimeoutSeconds} s`];
    }),
    (broken) => Object.assign(task(broken), { TimeoutSeconds: 1 }),
  ],
  [
    'the fields of each Retry are spelt right',
    eachState(({ Retry }) => fieldsBesides(RETRY_FIELDS, Retry)),
    (broken) => Object.assign(firstRetry(broken), { MaxAttempt: 3 }),
  ],
  [
    'the fields of each Catch are spelt right',
    eachState(({ Catch }) => fieldsBesides(CATCH_FIELDS, Catch)),
    (broken) => Object.assign(task(broken), { Catch: [{ ErrorEquals: ['States.ALL'], ResultsPath: '$.error' }] }),
  ],
  [
    'each Retry has full jitter and a longest delay',
    eachState(({ Retry = [] }) =>
      Retry.filter((retry) => retry['JitterStrategy'] !== 'FULL' || !retry['MaxDelaySeconds']).map(({ ErrorEquals }) =>
        ErrorEquals.join(),
      ),
    ),
    (broken) => delete firstRetry(broken)['MaxDelaySeconds'],
  ],
  [
    'States.ALL stands alone and last',
    eachState(({ Retry = [], Catch = [] }) =>
      [Retry, Catch].flatMap((handlers) =>
        handlers
          .filter(({ ErrorEquals }) => ErrorEquals.includes('States.ALL'))
          .filter((handler) => handler.ErrorEquals.length > 1 || handler !== handlers.at(-1))
          .map(() => 'States.ALL'),
      ),
    ),
    (broken) => task(broken).Retry?.unshift({ ErrorEquals: ['States.ALL'] }),
  ],
  [
    'each Choice has a Default',
    eachState(({ Type, Default }) => (Type === 'Choice' && !Default ? ['no Default'] : [])),
    (broken) => delete task(broken, 'WhatNow').Default,
  ],
  [
    // A redrive repeats the task that failed; after a Fail state it would only fail again.
    'no Catch ends in Fail',
    (subject) =>
      statesOf(subject).flatMap(([name, { Catch = [] }]) =>
        Catch.filter(({ Next }) => endOf(subject, Next)?.Type === 'Fail').map(({ Next }) => `${name}: ${Next}`),
      ),
    (broken) => {
      broken.States['Tidy'] = { Type: 'Pass', Next: 'Failed' };
      broken.States['Failed'] = { Type: 'Fail' };
      task(broken).Catch = [{ ErrorEquals: ['States.ALL'], Next: 'Tidy' }];
    },
  ],
  [
    // Without it an engine has its own idea: a year on AWS, a minute elsewhere.
    'each task has a time limit',
    eachTask(({ TimeoutSeconds }) => (TimeoutSeconds ? [] : ['no TimeoutSeconds'])),
    (broken) => delete task(broken, 'ApplyChanges').TimeoutSeconds,
  ],
  [
    // One writer makes one batch, so that the next plan decides after each what is most urgent.
    'no state runs others side by side',
    eachState(({ Type }) => (['Map', 'Parallel'].includes(Type) ? [Type] : [])),
    (broken) => Object.assign(task(broken, 'ApplyChanges'), { Type: 'Map' }),
  ],
  [
    'it uses only what every engine supports',
    (subject) =>
      JSON.stringify(subject).match(
        /"QueryLanguage":|"Assign":|"Arguments":|"Output":|\{%|\$\$\.State\.|DISTRIBUTED|waitForTaskToken|\$\$\.Task\./g,
      ) ?? [],
    (broken) => Object.assign(task(broken), { Assign: { round: 1 } }),
  ],
  [
    'each state says what it is for',
    eachState(({ Comment }) => (Comment ? [] : ['no Comment'])),
    (broken) => delete task(broken).Comment,
  ],
];

describe('the onboarding state machine', () => {
  it.each(rules)('%s', async (_fact, check) => {
    expect(await check(structuredClone(machine))).toEqual([]);
  });

  it.each(rules)('a fault is noticed: %s', async (_fact, check, breakIt) => {
    const broken = structuredClone(machine);
    breakIt(broken);
    expect(await check(broken)).not.toEqual([]);
  });

  it('knows each error by a name that no bundler changes', () => {
    for (const [name, CustomError] of Object.entries(errors)) {
      expect(new CustomError('path', 'problem')).toMatchObject({ name });
    }
    expect(Object.keys(errors)).toHaveLength(6);
  });
});
