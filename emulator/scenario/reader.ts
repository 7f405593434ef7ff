import type { Entitlements } from '../../domain/entitlements.ts';
import { parseEntitlements } from '../../domain/parse-entitlements.ts';
import { own } from '../../domain/shared/json.ts';
import { validate } from '../../domain/shared/validation.ts';
import { readYaml } from '../../input/entitlements-file.ts';
import { titleOf } from '../../input/event-title.ts';
import { InputError } from '../../input/input-error.ts';
import { recordOf } from '../aws/cloudtrail/cloudtrail.ts';
import { type Action, secondsOf } from './action-schema.ts';
import { effectOf } from './actions.ts';
import { ScenarioReferences } from './references.ts';
import { type Scenario, ScenarioSchema } from './schema.ts';
import { ANY_BUT_FAILED, momentOf, type Script, type ScriptStep } from './script.ts';

/**
 * Reads a scenario: the state at the start, and what happens at which time.
 *
 * @param file the name that errors show; it is not opened
 * @throws InputError with all issues
 */
export function readScenario(text: string, file: string): Script {
  return scriptOf(readYaml(text, file), file);
}

/** Validates a parsed scenario file; see {@link readScenario}. */
export function scriptOf(raw: unknown, file: string): Script {
  const shape = validate(ScenarioSchema, raw);
  const rules = parseEntitlements(own(raw, 'entitlements'));
  if ('issues' in shape || 'issues' in rules) {
    const others = 'issues' in shape ? shape.issues.filter(({ path }) => !/^entitlements\b/.test(path)) : [];
    const theirs = 'issues' in rules ? rules.issues : [];
    throw new InputError(file, [
      ...others,
      ...theirs.map(({ path, problem }) => ({ path: ['entitlements', path].filter(Boolean).join('.'), problem })),
    ]);
  }
  const { value: scenario } = shape;
  const { entitlements } = rules;
  const references = new ScenarioReferences(scenario);
  if (entitlements.identityCenter.identityStoreId !== scenario.directory.identityStoreId) {
    references.addIssue('directory.identityStoreId', 'not the one of entitlements.identityCenter');
  }
  const steps = stepsOf(scenario, references, entitlements);
  if (references.issues.length > 0) throw new InputError(file, references.issues);
  const { title, description, closing, start, directory, quirks, mail, latency, otherCallers, limits, batchUsers } =
    scenario;
  return {
    ...(title === undefined ? {} : { title }),
    ...(description === undefined ? {} : { description }),
    ...(closing === undefined ? {} : { closing }),
    entitlements,
    directory,
    quirks,
    ...(mail === undefined ? {} : { mail }),
    ...(latency === undefined ? {} : { latency }),
    ...(otherCallers === undefined ? {} : { otherCallers }),
    ...(limits === undefined ? {} : { limits }),
    ...(batchUsers === undefined ? {} : { batchUsers }),
    start: new Date(start),
    names: references.names,
    steps,
  };
}

/**
 * Returns the steps in the order of time. References are checked in that order, too. Actions and steps of one moment keep
 * their order in the file.
 */
function stepsOf(
  { start, actions }: Scenario,
  references: ScenarioReferences,
  { identityCenter }: Entitlements,
): ScriptStep[] {
  const started = new Date(start);
  const timed = actions.map((action, index): TimedAction => {
    const seconds = secondsOf(action.at);
    const at = seconds === undefined ? momentOf(action.at) : new Date(started.getTime() + seconds * 1000);
    const path = `actions[${index}]`;
    if (!at || at < started) references.addIssue(`${path}.at`, 'before the start');
    return { action, path, at: at ?? started, sequence: index + 1 };
  });
  return timed
    .sort(byTime)
    .flatMap((one) => stepsOfAction(one, references, identityCenter))
    .sort(byTime);
}

function byTime(a: { at: Date }, b: { at: Date }): number {
  return a.at.getTime() - b.at.getTime();
}

interface TimedAction {
  action: Action;
  path: string;
  at: Date;
  sequence: number;
}

function stepsOfAction(
  { action, path, at, sequence }: TimedAction,
  references: ScenarioReferences,
  identityCenter: Entitlements['identityCenter'],
): ScriptStep[] {
  const { say, deliver = { afterSeconds: 1, times: 1 }, expect = ANY_BUT_FAILED } = action;
  const { title, act, operate, reader, recorded, start } = effectOf(action, path, references, identityCenter);
  const expected = typeof expect === 'string' ? [expect] : expect;
  const lost = recorded !== undefined && deliver.times === 0;
  const own: ScriptStep = {
    at,
    title: lost ? `${title}; its event is lost` : title,
    ...(say === undefined ? {} : { say }),
    ...(act === undefined ? {} : { act }),
    ...(operate === undefined ? {} : { operate }),
    ...(reader === undefined ? {} : { reader }),
    ...(start === undefined ? {} : { start: { ...start, expected } }),
  };
  if (!recorded) return [own];
  const { identityStoreId, region } = identityCenter;
  const event = recordOf(recorded.change, { via: recorded.via, at, sequence, identityStoreId, region });
  const delivered = {
    at: new Date(at.getTime() + deliver.afterSeconds * 1000),
    title: titleOf(event),
    start: { input: event, expected },
  };
  return [own, ...Array.from({ length: deliver.times }, () => delivered)];
}
