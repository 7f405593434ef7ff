import * as z from 'zod/mini';
import { EntitlementsSchema } from '../../domain/entitlements.ts';
import { EXECUTION_OUTCOMES } from '../../domain/shared/outcome.ts';
import { FaultRuleSchema } from '../aws/faults.ts';
import { DirectorySeedSchema } from '../aws/identity-center/directory-seed.ts';
import { QuirksSchema, ReadOperationSchema } from '../aws/identity-center/identity-center.ts';
import { momentOf } from './script.ts';

/** What people read: lines and tabs, but nothing that moves the cursor of a terminal. */
const Text = z
  .string()
  .check(
    z.minLength(1),
    z.maxLength(2000),
    z.regex(/^[^\p{Cc}\p{Cf}]*(?:[\t\n][^\p{Cc}\p{Cf}]*)*$/u, 'expected plain text'),
  );

const Moment = z
  .string()
  .check(z.refine((text) => momentOf(text) !== undefined, 'expected an ISO 8601 time in UTC, from 1970 to 8999'));

/** `+90s`, `+2m`, `+1h30m`, `+1d`: since the start. */
const OFFSET = /^\+(?=\d)(?:(\d{1,4})d)?(?:(\d{1,6})h)?(?:(\d{1,6})m)?(?:(\d{1,6})s)?$/;

/** Seconds of an offset; undefined when the text is none. */
export function secondsOf(text: string): number | undefined {
  const found = OFFSET.exec(text);
  if (!found) return undefined;
  const [days, hours, minutes, seconds] = found.slice(1).map((digits) => Number(digits ?? 0));
  return (((days ?? 0) * 24 + (hours ?? 0)) * 60 + (minutes ?? 0)) * 60 + (seconds ?? 0);
}

const At = z.string().check(
  z.refine(
    (text) => secondsOf(text) !== undefined || momentOf(text) !== undefined,
    'expected a time since the start, such as +90s, +2m or +1h30m, or an ISO 8601 time in UTC',
  ),
  z.describe('Time since the start (+90s, +2m, +1h30m, +1d) or ISO 8601 time in UTC'),
);

const User = z.string().check(z.minLength(1), z.maxLength(100), z.describe('A userId, or its name in names'));
const Group = z.string().check(z.minLength(1), z.maxLength(100), z.describe('A groupId, or its name in names'));
const Application = z.string().check(z.minLength(1), z.maxLength(200), z.describe('An ARN, or its name in names'));
const Via = z
  .enum(['scim', 'console', 'api'])
  .check(z.describe('Who makes the change: identity provider, console or Identity Store API. It decides the event.'));

const Membership = z.strictObject({ user: User, group: Group, via: z._default(Via, 'scim') });
const UserChange = z.strictObject({ user: User, via: z._default(Via, 'scim') });
const Assignment = z
  .strictObject({ user: z.optional(User), group: z.optional(Group), application: Application })
  .check(
    z.refine(({ user, group }) => (user === undefined) !== (group === undefined), 'expected either user or group'),
  );
const Execution = z.strictObject({
  execution: z.int().check(z.minimum(1), z.describe('Its number in the order of their starts, from 1')),
});
const Input = z.record(z.string(), z.unknown());
const Ending = z.enum(EXECUTION_OUTCOMES);

/** What an action may do; each does exactly one of these. */
const DEEDS = {
  join: z.optional(Membership.check(z.describe('Puts a user into a group'))),
  leave: z.optional(Membership.check(z.describe('Takes a user out of a group'))),
  addUser: z.optional(
    DirectorySeedSchema.shape.users.def.element.check(
      z.describe('Creates a user, as in a directory file. The rule does not let the event of it pass'),
    ),
  ),
  addGroup: z.optional(
    z
      .extend(DirectorySeedSchema.shape.groups.def.element, { via: z._default(Via, 'scim') })
      .check(z.describe('Creates a group, as in a directory file')),
  ),
  deleteGroup: z.optional(
    z
      .strictObject({ group: Group, via: z._default(Via, 'scim') })
      .check(z.describe('Deletes a group, with its memberships and what is assigned to it as a whole')),
  ),
  disable: z.optional(UserChange.check(z.describe('Disables a user'))),
  enable: z.optional(UserChange.check(z.describe('Enables a user'))),
  delete: z.optional(UserChange.check(z.describe('Deletes a user, with memberships and assignments'))),
  assign: z.optional(Assignment.check(z.describe('Somebody assigns by hand, without Usher'))),
  unassign: z.optional(Assignment.check(z.describe('Somebody takes an assignment back by hand'))),
  start: z.optional(Input.check(z.describe('The input of a manual start'))),
  admin: z.optional(
    Input.check(z.describe('The input of a start of onboarding-admin, such as { adopt: name of an entitlement }')),
  ),
  release: z.optional(
    z
      .strictObject({
        application: Application,
        digest: z._default(
          z
            .enum(['newest', 'told'])
            .check(
              z.describe('Which digest of the hold: as it is at that time, or that of the event Revocations Held'),
            ),
          'newest',
        ),
      })
      .check(z.describe('A person releases what is held, through onboarding-admin')),
  ),
  stop: z.optional(Execution.check(z.describe('Somebody stops an execution; nothing, unless it runs'))),
  redrive: z.optional(
    Execution.check(z.describe('Somebody redrives an execution; nothing, unless it failed or was stopped')),
  ),
  deploy: z.optional(
    z
      .omit(EntitlementsSchema, { identityCenter: true })
      .check(z.describe('Another entitlements.yml is deployed, without identityCenter, which stays')),
  ),
  event: z.optional(
    Input.check(z.describe('An event as EventBridge delivers it; it changes nothing in the directory')),
  ),
  lag: z.optional(
    z
      .strictObject({ operation: ReadOperationSchema, seconds: z.int().check(z.minimum(0), z.maximum(86_400)) })
      .check(z.describe('From now on this read shows the world as it was so many seconds ago')),
  ),
  fault: z.optional(FaultRuleSchema),
};

/** Those of which CloudTrail tells. */
const RECORDED: readonly string[] = ['join', 'leave', 'disable', 'enable', 'delete', 'addGroup', 'deleteGroup'];
/** Those that start an execution themselves. */
const STARTING: readonly string[] = ['start', 'admin', 'release', 'event'];

/** What starts an execution when an action is played: the event that CloudTrail records, the action itself, or nothing. */
export type ActionStart = 'event' | 'action' | 'nothing';
/** The {@link ActionStart} of every action. */
export const ACTION_STARTS: ReadonlyMap<string, ActionStart> = new Map(
  Object.keys(DEEDS).map((deed) => [
    deed,
    RECORDED.includes(deed) ? 'event' : STARTING.includes(deed) ? 'action' : 'nothing',
  ]),
);

const ActionSchema = z
  .strictObject({
    at: At,
    say: z.optional(Text.check(z.describe('Told to whoever watches'))),
    ...DEEDS,
    deliver: z.optional(
      z.strictObject({
        afterSeconds: z._default(
          z.int().check(z.minimum(0), z.maximum(86_400), z.describe('How long CloudTrail and EventBridge take')),
          1,
        ),
        times: z._default(
          z.int().check(z.minimum(0), z.maximum(100), z.describe('0: the event is lost; 2: it comes twice')),
          1,
        ),
      }),
    ),
    expect: z.optional(
      z
        .union([Ending, z.array(Ending).check(z.minLength(1))])
        .check(z.describe('How the executions that it starts may end; all but failed when left out')),
    ),
  })
  .check(
    z.superRefine((action, ctx) => {
      const deeds = Object.keys(DEEDS).filter((deed) => Object.hasOwn(action, deed));
      const refuse = (path: string[], message: string) => ctx.addIssue({ code: 'custom', path, message });
      if (deeds.length !== 1) refuse([], `expected exactly one of ${Object.keys(DEEDS).join(', ')}`);
      const [deed = ''] = deeds;
      const recorded = RECORDED.includes(deed);
      if (action.deliver && !recorded) refuse(['deliver'], `expected only with ${RECORDED.join(', ')}`);
      if (action.expect && !recorded && !STARTING.includes(deed))
        refuse(['expect'], 'expected only with what starts an execution');
    }),
  );

/** One entry of `actions`. */
export type Action = z.output<typeof ActionSchema>;

/** A scenario file. What its shape can't say is checked by `readScenario`. */
export const ScenarioSchema = z.strictObject({
  title: z.optional(Text),
  description: z.optional(Text.check(z.describe('Told before it begins'))),
  closing: z.optional(Text.check(z.describe('Told at the end'))),
  start: z._default(Moment.check(z.describe('Where virtual time begins')), '2026-01-01T00:00:00Z'),
  entitlements: EntitlementsSchema.check(z.describe('As in entitlements.yml')),
  directory: DirectorySeedSchema.check(z.describe('What Identity Center holds at the start')),
  quirks: z._default(QuirksSchema.check(z.describe('How AWS answers where it documents nothing')), {}),
  names: z._default(
    z
      .record(z.string().check(z.regex(/^[\p{L}\d][\p{L}\d ._-]{0,39}$/u, 'expected a short name')), z.string())
      .check(
        z.describe('Names for people, each of a userId, groupId or application ARN. The service never sees them.'),
      ),
    {},
  ),
  actions: z.array(ActionSchema).check(z.minLength(1), z.maxLength(100_000)),
});
/** See {@link ScenarioSchema}. */
export type Scenario = z.output<typeof ScenarioSchema>;
