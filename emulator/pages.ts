import * as z from 'zod/mini';
import type { Entitlements } from '../domain/entitlements.ts';
import { FaultRuleSchema } from './aws/fault-rules.ts';
import type { GatewayOptions } from './aws/gateway.ts';
import { type Answer, parseJson } from './aws/json-service.ts';
import { type Trigger, TriggerSchema } from './scenario/action-schema.ts';
import { effectOf } from './scenario/actions.ts';
import { ScenarioReferences } from './scenario/references.ts';
import type { Stack } from './stack/stack.ts';

/**
 * Returns the pages of the emulator itself: its configuration, its time, the calls so far, the e-mails that Amazon SES accepted,
 * faults to add or to drop, and what an identity provider does.
 */
export function pagesOf(stack: Stack, entitlements: Entitlements, speed: number): NonNullable<GatewayOptions['pages']> {
  const { region } = entitlements.identityCenter;
  return (method, path, body) => {
    switch (`${method} ${path}`) {
      case 'GET /entitlements':
        return json(entitlements);
      case 'GET /clock':
        return json({ now: stack.clock.now().toISOString(), speed, region });
      case 'GET /calls':
        return json({ all: stack.calls(), fromOutside: stack.callsFromOutside() });
      case 'GET /outbox':
        return json(stack.ses.outbox.mails());
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
        const action = TriggerSchema.safeParse(parseJson(body));
        if (!action.success) return refusal(action.error.issues.map(({ message }) => message));
        return trigger(action.data, stack, entitlements.identityCenter);
      }
      default:
        return undefined;
    }
  };
}

/** Does what an identity provider does through SCIM, as in a scenario. CloudTrail records it. */
function trigger(action: Trigger, stack: Stack, identityCenter: Entitlements['identityCenter']): Answer {
  const references = new ScenarioReferences({ names: {}, directory: stack.identityCenter.seed(), actions: [] });
  const { act, recorded } = effectOf(action, 'trigger', references, identityCenter);
  if (references.issues.length > 0) return refusal(references.issues.map(({ path, problem }) => `${path}: ${problem}`));
  const before = membershipOf(action, stack);
  act?.(stack);
  if (recorded) stack.record(recorded.change, recorded.via);
  return json({ membershipId: before ?? membershipOf(action, stack) });
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
