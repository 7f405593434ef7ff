import { type Entitlements, parseEntitlements } from '../../domain/entitlements.ts';
import { own } from '../../domain/shared/json.ts';
import { validate } from '../../domain/shared/validation.ts';
import { readYaml } from '../../input/entitlements-file.ts';
import { titleOf } from '../../input/event-title.ts';
import { InputError } from '../../input/input-error.ts';
import { recordOf } from '../aws/cloudtrail/cloudtrail.ts';
import { effectOf } from './actions.ts';
import { ScenarioReferences } from './references.ts';
import { type Action, type Scenario, ScenarioSchema, secondsOf } from './schema.ts';
import { ANY_BUT_FAILED, momentOf, type Script, type Step } from './script.ts';

/**
 * Reads a scenario: users and groups as they are at the start, and what happens when.
 *
 * @param file named in errors, not opened
 * @throws InputError with all faults at once
 */
export function readScenario(text: string, file: string): Script {
  return scriptOf(readYaml(text, file), file);
}

/** {@link readScenario} of what stands in a file. */
export function scriptOf(raw: unknown, file: string): Script {
  const shape = validate(ScenarioSchema, raw);
  const rules = parseEntitlements(own(raw, 'entitlements'));
  if ('faults' in shape || 'faults' in rules) {
    const others = 'faults' in shape ? shape.faults.filter(({ path }) => !/^entitlements\b/.test(path)) : [];
    const theirs = 'faults' in rules ? rules.faults : [];
    throw new InputError(file, [
      ...others,
      ...theirs.map(({ path, problem }) => ({ path: ['entitlements', path].filter(Boolean).join('.'), problem })),
    ]);
  }
  const { value: scenario } = shape;
  const { entitlements } = rules;
  const cast = new ScenarioReferences(scenario);
  if (entitlements.identityCenter.identityStoreId !== scenario.directory.identityStoreId) {
    cast.refuse('directory.identityStoreId', 'not the one of entitlements.identityCenter');
  }
  const steps = stepsOf(scenario, cast, entitlements);
  if (cast.faults.length > 0) throw new InputError(file, cast.faults);
  const { title, description, closing, start, directory, quirks } = scenario;
  return {
    ...(title === undefined ? {} : { title }),
    ...(description === undefined ? {} : { description }),
    ...(closing === undefined ? {} : { closing }),
    entitlements,
    directory,
    quirks,
    start: new Date(start),
    names: cast.names,
    steps,
  };
}

/** The steps in order of time, and in that order who is there; both keep the file's order within a moment. */
function stepsOf({ start, actions }: Scenario, cast: ScenarioReferences, { identityCenter }: Entitlements): Step[] {
  const started = new Date(start);
  const timed = actions.map((action, index): Timed => {
    const seconds = secondsOf(action.at);
    const at = seconds === undefined ? momentOf(action.at) : new Date(started.getTime() + seconds * 1000);
    const path = `actions[${index}]`;
    if (!at || at < started) cast.refuse(`${path}.at`, 'before the start');
    return { action, path, at: at ?? started, sequence: index + 1 };
  });
  return timed
    .sort(byTime)
    .flatMap((one) => stepsOfAction(one, cast, identityCenter))
    .sort(byTime);
}

function byTime(a: { at: Date }, b: { at: Date }): number {
  return a.at.getTime() - b.at.getTime();
}

interface Timed {
  action: Action;
  path: string;
  at: Date;
  sequence: number;
}

function stepsOfAction(
  { action, path, at, sequence }: Timed,
  cast: ScenarioReferences,
  identityCenter: Entitlements['identityCenter'],
): Step[] {
  const { say, deliver = { afterSeconds: 1, times: 1 }, expect = ANY_BUT_FAILED } = action;
  const { title, act, operate, recorded, start } = effectOf(action, path, cast, identityCenter);
  const expected = typeof expect === 'string' ? [expect] : expect;
  const lost = recorded !== undefined && deliver.times === 0;
  const own: Step = {
    at,
    title: lost ? `${title}; the event of it is lost` : title,
    ...(say === undefined ? {} : { say }),
    ...(act === undefined ? {} : { act }),
    ...(operate === undefined ? {} : { operate }),
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
