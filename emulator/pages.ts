import * as z from 'zod/mini';
import type { Entitlements } from '../domain/entitlements.ts';
import { FaultRuleSchema } from './aws/fault-rules.ts';
import type { GatewayOptions } from './aws/gateway.ts';
import { type Answer, parseJson } from './aws/json-service.ts';
import type { Pace } from './engine/pace.ts';
import { type Trigger, TriggerSchema } from './scenario/action-schema.ts';
import { effectOf } from './scenario/actions.ts';
import { ScenarioReferences } from './scenario/references.ts';
import type { Story } from './scenario/story.ts';
import type { Stack } from './stack/stack.ts';

const MOST_SPEED = 100_000;
/** Half a year: ledger and audit stream have what is older only in part. */
const MOST_STEP_SECONDS = 180 * 24 * 3600;
const SpeedSchema = z.strictObject({ speed: z.number().check(z.minimum(0), z.maximum(MOST_SPEED)) });
const StepSchema = z.strictObject({ seconds: z.number().check(z.minimum(1), z.maximum(MOST_STEP_SECONDS)) });

const TriggersSchema = z.array(TriggerSchema).check(z.minLength(1, 'expected something to do'));

/**
 * Returns the pages of the emulator itself: its configuration, its time and pace, what it plays, who is in its directory, the calls so far, the
 * e-mails that Amazon SES accepted, faults to add or to drop, and what an identity provider does.
 */
export function pagesOf(
  stack: Stack,
  { entitlements, pace, story }: { entitlements: Entitlements; pace: Pace; story?: Story | undefined },
): NonNullable<GatewayOptions['pages']> {
  const { region } = entitlements.identityCenter;
  return (method, path, body) => {
    switch (`${method} ${path}`) {
      case 'GET /entitlements':
        return json(entitlements);
      case 'GET /clock':
        return json({ now: stack.clock.now().toISOString(), speed: pace.speed, region });
      case 'POST /speed': {
        const { data } = SpeedSchema.safeParse(parseJson(body));
        if (!data) return refusal([`speed: expected a number from 0 to ${MOST_SPEED}`]);
        pace.speed = data.speed;
        return json({});
      }
      case 'POST /step': {
        const { data } = StepSchema.safeParse(parseJson(body));
        if (!data) return refusal([`seconds: expected a number from 1 to ${MOST_STEP_SECONDS}`]);
        pace.step(data.seconds);
        return json({});
      }
      case 'GET /directory':
        return json(directoryOf(stack));
      case 'GET /story':
        return json(story?.look() ?? { steps: [], isOver: true });
      case 'GET /calls':
        return json({ all: stack.calls(), fromOutside: stack.callsFromOutside() });
      case 'GET /outbox':
        return json(stack.ses.outbox.mails());
      case 'GET /faults':
        return json(stack.faults.left());
      case 'POST /faults': {
        const rules = z.array(FaultRuleSchema).safeParse(parseJson(body));
        if (!rules.success) return refusal(rules.error.issues.map(({ message }) => message));
        for (const rule of rules.data) stack.faults.add(rule);
        return json({});
      }
      case 'DELETE /faults':
        stack.faults.clear();
        return json({});
      case 'POST /trigger': {
        const parsed = parseJson(body);
        const actions = TriggersSchema.safeParse(Array.isArray(parsed) ? parsed : [parsed]);
        if (!actions.success) return refusal(actions.error.issues.map(({ message }) => message));
        return trigger(actions.data, stack, entitlements.identityCenter);
      }
      default:
        return undefined;
    }
  };
}

/**
 * Does what an identity provider does through SCIM, as in a scenario: one thing or several, all at one time, and none if one is
 * refused. CloudTrail records each.
 */
function trigger(actions: readonly Trigger[], stack: Stack, identityCenter: Entitlements['identityCenter']): Answer {
  const references = new ScenarioReferences({ names: {}, directory: stack.identityCenter.seed(), actions: [] });
  const effects = actions.map((action) => ({ action, ...effectOf(action, 'trigger', references, identityCenter) }));
  if (references.issues.length > 0) return refusal(references.issues.map(({ path, problem }) => `${path}: ${problem}`));
  let membershipId: string | undefined;
  for (const { action, act, recorded } of effects) {
    membershipId = membershipOf(action, stack);
    act?.(stack);
    if (recorded) stack.record(recorded.change, recorded.via);
    membershipId ??= membershipOf(action, stack);
  }
  return json({ membershipId });
}

/** Who is there, by id and name, for one who chooses what happens to whom. */
function directoryOf({ identityCenter }: Stack) {
  const { users, groups } = identityCenter.seed();
  return {
    users: users.map(({ userId, userName, status }) => ({ userId, userName, status })),
    groups: groups.map(({ groupId, displayName, members }) => ({ groupId, displayName, members })),
  };
}

function membershipOf({ join, leave }: Trigger, { identityCenter }: Stack): string | undefined {
  const { group, user } = join ?? leave ?? {};
  return group && user && identityCenter.membership(group, user)?.membershipId;
}

function json(value: object, statusCode = 200): Answer {
  return { statusCode, headers: { 'content-type': 'application/json' }, body: JSON.stringify(value) };
}

function refusal(error: string[]): Answer {
  return json({ error }, 400);
}
