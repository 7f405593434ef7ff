import * as z from 'zod/mini';
import { EntitlementsSchema } from '../../domain/entitlements.ts';
import { EXECUTION_OUTCOMES } from '../../domain/shared/outcome.ts';
import { durationSeconds } from '../aws/duration.ts';
import { EventualReadSchema } from '../aws/dynamodb/replica.ts';
import { FaultRuleSchema } from '../aws/fault-rules.ts';
import { DirectorySeedSchema, PlanName } from '../aws/identity-center/directory-seed.ts';
import { SubscriptionQuirksSchema } from '../aws/identity-center/quirks.ts';
import { ReadOperationSchema } from '../aws/identity-center/reads.ts';
import { MailSettingsSchema } from '../aws/ses/mail-settings.ts';
import { momentOf } from './script.ts';

/** Text for readers. Line ends and tabs are allowed, but no other character that moves the cursor of a terminal. */
export const PlainText = z
  .string()
  .check(
    z.minLength(1),
    z.maxLength(2000),
    z.regex(/^[^\p{Cc}\p{Cf}]*(?:[\t\n][^\p{Cc}\p{Cf}]*)*$/u, 'expected plain text'),
  );

/** Returns the seconds of a time since the start, such as `+90s` or `+1h30m`; undefined if the text is not one. */
export function secondsOf(text: string): number | undefined {
  return text.startsWith('+') ? durationSeconds(text.slice(1)) : undefined;
}

const ActionTime = z.string().check(
  z.refine(
    (text) => secondsOf(text) !== undefined || momentOf(text) !== undefined,
    'expected a time since the start, such as +90s, +2m or +1h30m, or an ISO 8601 time in UTC',
  ),
  z.describe('Time since the start (+90s, +2m, +1h30m, +1d) or ISO 8601 time in UTC'),
);

const UserReference = z.string().check(z.minLength(1), z.maxLength(100), z.describe('A userId, or its name in names'));
const GroupReference = z
  .string()
  .check(z.minLength(1), z.maxLength(100), z.describe('A groupId, or its name in names'));
const ApplicationReference = z
  .string()
  .check(z.minLength(1), z.maxLength(200), z.describe('An ARN, or its name in names'));
const ViaSchema = z
  .enum(['scim', 'console', 'api'])
  .check(
    z.describe(
      'How the change is made: by the identity provider, in the console or by the Identity Store API. It decides which event CloudTrail records',
    ),
  );

/** The reads whose lag can be set. */
export const LaggingReadSchema = z.enum([...ReadOperationSchema.options, ...EventualReadSchema.options]);

const MembershipAction = z.strictObject({
  user: UserReference,
  group: GroupReference,
  via: z._default(ViaSchema, 'scim'),
});
const UserAction = z.strictObject({ user: UserReference, via: z._default(ViaSchema, 'scim') });
const AssignmentAction = z
  .strictObject({
    user: z.optional(UserReference),
    group: z.optional(GroupReference),
    application: ApplicationReference,
  })
  .check(
    z.refine(({ user, group }) => (user === undefined) !== (group === undefined), 'expected either user or group'),
  );
const ExecutionReference = z.strictObject({
  execution: z.int().check(z.minimum(1), z.describe('Number of the execution in the order of starts, from 1')),
});
const ExecutionInput = z.record(z.string(), z.unknown());
const ExpectedOutcome = z.enum(EXECUTION_OUTCOMES);

/** The fields that say what an action does. Each action has exactly one. */
const ACTIONS = {
  join: z.optional(MembershipAction.check(z.describe('Adds a user to a group'))),
  leave: z.optional(MembershipAction.check(z.describe('Removes a user from a group'))),
  addUser: z.optional(
    DirectorySeedSchema.shape.users.def.element.check(
      z.describe('Creates a user, as in a directory file. The rule does not match its event'),
    ),
  ),
  addGroup: z.optional(
    z
      .extend(DirectorySeedSchema.shape.groups.def.element, { via: z._default(ViaSchema, 'scim') })
      .check(z.describe('Creates a group, as in a directory file')),
  ),
  deleteGroup: z.optional(
    z
      .strictObject({ group: GroupReference, via: z._default(ViaSchema, 'scim') })
      .check(z.describe('Deletes a group, its memberships, and what is assigned to it as a whole')),
  ),
  disable: z.optional(UserAction.check(z.describe('Disables a user'))),
  enable: z.optional(UserAction.check(z.describe('Enables a user'))),
  delete: z.optional(
    UserAction.check(
      z.describe(
        'Deletes a user, with memberships and, unless the quirk assignmentsOfDeletedUsers says otherwise, assignments',
      ),
    ),
  ),
  assign: z.optional(
    AssignmentAction.check(z.describe('An administrator assigns a user, or a group as a whole, by hand')),
  ),
  unassign: z.optional(
    AssignmentAction.check(
      z.describe('An administrator removes the assignment of a user, or of a group as a whole, by hand'),
    ),
  ),
  subscribe: z.optional(
    z
      .strictObject({
        user: UserReference,
        application: ApplicationReference,
        plan: PlanName.check(z.describe('The plan by the name that AWS returns, such as KIRO_ENTERPRISE_PRO')),
        source: z._default(
          z.enum(['INDIVIDUAL', 'GROUP']).check(z.describe('Whether the user is subscribed, or a group of the user')),
          'INDIVIDUAL',
        ),
      })
      .check(z.describe('An administrator subscribes a user in the console')),
  ),
  unsubscribe: z.optional(
    z
      .strictObject({ user: UserReference, application: ApplicationReference })
      .check(z.describe("An administrator cancels a user's own subscription in the console")),
  ),
  quirks: z.optional(
    SubscriptionQuirksSchema.check(z.describe('From then on, AWS gives these answers on subscriptions')),
  ),
  deleteApplication: z.optional(
    z
      .strictObject({ application: ApplicationReference })
      .check(
        z.describe('Deletes an application, with its assignments and subscriptions. The rule does not match its event'),
      ),
  ),
  start: z.optional(
    ExecutionInput.check(
      z.describe('Starts an execution by hand, with this input. userId, groupId and application may be names'),
    ),
  ),
  admin: z.optional(
    ExecutionInput.check(
      z.describe('Starts an execution of onboarding-admin with this input, such as { adopt: name of an entitlement }'),
    ),
  ),
  release: z.optional(
    z
      .strictObject({
        application: ApplicationReference,
        digest: z._default(z.enum(['newest', 'told']).check(z.describe('Which digest of the hold')), 'newest'),
      })
      .check(
        z.describe(
          'An operator releases held revocations, through onboarding-admin. The digest is the newest one at that time, or (told) that of the event Revocations Held',
        ),
      ),
  ),
  stop: z.optional(
    ExecutionReference.check(
      z.describe('An operator stops an execution, by its number in the order of starts. Does nothing unless it runs'),
    ),
  ),
  redrive: z.optional(
    ExecutionReference.check(
      z.describe(
        'An operator redrives an execution, by its number in the order of starts. Does nothing unless it failed or was stopped',
      ),
    ),
  ),
  deploy: z.optional(
    z
      .omit(EntitlementsSchema, { identityCenter: true, namePrefix: true })
      .check(z.describe('An operator deploys another entitlements.yml, without identityCenter, which stays')),
  ),
  event: z.optional(
    ExecutionInput.check(
      z.describe(
        'Starts an execution with an event as EventBridge delivers it. The event changes nothing in the directory',
      ),
    ),
  ),
  lag: z.optional(
    z
      .strictObject({ operation: LaggingReadSchema, seconds: z.int().check(z.minimum(0), z.maximum(86_400)) })
      .check(z.describe('From then on, this read shows the state of this many seconds ago')),
  ),
  expire: z.optional(
    z
      .strictObject({ service: z.literal('DynamoDB') })
      .check(z.describe('DynamoDB deletes the items whose TTL attribute has passed')),
  ),
  fault: z.optional(FaultRuleSchema),
  mail: z.optional(
    MailSettingsSchema.check(z.describe('From then on, the account of Amazon SES is so; what is left out stays')),
  ),
  read: z.optional(
    z
      .strictObject({ user: UserReference })
      .check(z.describe('A user reads the newest e-mail, which the play shows as text')),
  ),
};

/** Actions that CloudTrail records. */
const RECORDED_ACTIONS: readonly string[] = ['join', 'leave', 'disable', 'enable', 'delete', 'addGroup', 'deleteGroup'];
/** Actions that themselves start an execution. */
const STARTING_ACTIONS: readonly string[] = ['start', 'admin', 'release', 'event'];

/** What starts an execution when an action is played: the event that CloudTrail records, the action itself, or nothing. */
export type ActionStart = 'event' | 'action' | 'nothing';
/** The {@link ActionStart} of every action. */
export const ACTION_STARTS: ReadonlyMap<string, ActionStart> = new Map(
  Object.keys(ACTIONS).map((action) => [
    action,
    RECORDED_ACTIONS.includes(action) ? 'event' : STARTING_ACTIONS.includes(action) ? 'action' : 'nothing',
  ]),
);

/** One entry of `actions`. `readScenario` checks what a schema cannot express. */
export const ActionSchema = z
  .strictObject({
    at: ActionTime,
    say: z.optional(PlainText.check(z.describe('Text for readers: what to watch for, and why'))),
    ...ACTIONS,
    deliver: z.optional(
      z.strictObject({
        afterSeconds: z._default(
          z.int().check(z.minimum(0), z.maximum(86_400), z.describe('How long CloudTrail and EventBridge take')),
          1,
        ),
        times: z._default(
          z.int().check(z.minimum(0), z.maximum(100), z.describe('0: the event is lost; 2: it arrives twice')),
          1,
        ),
      }),
    ),
    expect: z.optional(
      z
        .union([ExpectedOutcome, z.array(ExpectedOutcome).check(z.minLength(1))])
        .check(z.describe('How the executions that it starts may end. The default is any but failed')),
    ),
  })
  .check(
    z.superRefine((action, ctx) => {
      const kinds = Object.keys(ACTIONS).filter((kind) => Object.hasOwn(action, kind));
      const refuse = (path: string[], message: string) => ctx.addIssue({ code: 'custom', path, message });
      if (kinds.length !== 1) refuse([], `expected exactly one of ${Object.keys(ACTIONS).join(', ')}`);
      const [kind = ''] = kinds;
      const recorded = RECORDED_ACTIONS.includes(kind);
      if (action.deliver && !recorded) refuse(['deliver'], `expected only with ${RECORDED_ACTIONS.join(', ')}`);
      if (action.expect && !recorded && !STARTING_ACTIONS.includes(kind))
        refuse(['expect'], 'expected only with an action that starts an execution');
    }),
  );

/** See {@link ActionSchema}. */
export type Action = z.output<typeof ActionSchema>;

/** What an identity provider does through SCIM, of all actions, without a time. */
export const TriggerSchema = z
  .strictObject({
    join: ACTIONS.join,
    leave: ACTIONS.leave,
    disable: ACTIONS.disable,
    enable: ACTIONS.enable,
    delete: ACTIONS.delete,
  })
  .check(
    z.refine(
      (trigger) => Object.keys(trigger).length === 1,
      'expected exactly one of join, leave, disable, enable, delete',
    ),
  );
/** See {@link TriggerSchema}. */
export type Trigger = z.output<typeof TriggerSchema>;
