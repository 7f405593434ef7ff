// @module-tag long
import { StartExecutionCommand, StopExecutionCommand } from '@aws-sdk/client-sfn';
import { describe, expect, it } from 'vitest';
import { INITIAL_PROGRESS } from '../../domain/decision/progress.ts';
import { exampleEntitlements } from '../../emulator/scenario/example-entitlements.ts';
import { platformOf } from '../../emulator/stack/clients.ts';
import { handler as applyChanges } from '../../functions/apply-changes.ts';
import { handler as checkPropagation } from '../../functions/check-propagation.ts';
import { handler as normalizeRequest } from '../../functions/normalize-request.ts';
import { handler as notifyUser } from '../../functions/notify-user.ts';
import { handler as planChanges } from '../../functions/plan-changes.ts';
import { handler as recordAudit } from '../../functions/record-audit.ts';
import { aPropagation, aRequest } from '../support/builders.ts';
import {
  aCreateGroupMembership,
  aDeleteGroupMembership,
  aDeleteUser,
  aDisableUser,
  aNativeNotification,
  anAddMemberToGroup,
  aPatchGroup,
  aPatchUser,
  aRemoveMemberFromGroup,
  bare,
} from '../support/events.ts';
import { ADMIN, APPLICATION, GROUP, ME, STATE_MACHINE, user } from '../support/ids.ts';
import { detailOf } from '../support/invariants.ts';
import { aDeliveredEvent } from '../support/notice-events.ts';
import { noticeUid } from '../support/notices.ts';
import { SECRET } from '../support/secret.ts';
import { openWorld, type World } from '../support/world.ts';

// A world looks for SECRET in states, errors, logs, metrics, audit events and the ledger after each `play`.

/** What a caller who may put events or start executions can write where an id is expected. */
const TEXTS = [
  SECRET,
  `${SECRET} Alice <alice@example.com>`,
  `=HYPERLINK("https://example.com/${SECRET}")`,
  `${SECRET}\n{"level":"ERROR"}`,
  `${SECRET}\u0000\u001b[31m\u202e`,
  `0e0e0e0e-1111-4222-8333-444455556666 ${SECRET}`,
  `arn:aws:states:us-east-1:111122223333:execution:usher-onboarding:${SECRET}@example.com`,
  `arn:aws:identitystore:::user/${SECRET}`,
] as const;

/** Names that Step Functions accepts. */
const NAMES = [`${SECRET}@example.com`, `${SECRET}.Doe`, `O'${SECRET}`, `=${SECRET}()`, `${SECRET}-é`];

type Change = 'joins' | 'leaves' | 'nothing';

/** Events about user 3 and GROUP, and what has really changed. */
const EVENTS: readonly (readonly [name: string, change: Change, event: (time: string) => object])[] = [
  ['a join', 'joins', (time) => anAddMemberToGroup({ groupId: GROUP, userId: user(3), time })],
  ['a leave', 'leaves', (time) => aRemoveMemberFromGroup({ groupId: GROUP, userId: user(3), time })],
  ['a join by the API', 'joins', (time) => aCreateGroupMembership({ groupId: GROUP, userId: user(3), time })],
  ['a leave by the API', 'leaves', (time) => aDeleteGroupMembership({ time })],
  ['a join by SCIM', 'joins', (time) => aPatchGroup({ groupId: GROUP, time })],
  [
    'a leave without an envelope',
    'leaves',
    (time) => bare(aRemoveMemberFromGroup({ groupId: GROUP, userId: user(3), time })),
  ],
  ['a user changed by SCIM', 'nothing', (time) => aPatchUser({ userId: user(3), time })],
  ['a user disabled', 'nothing', (time) => aDisableUser({ userId: user(3), time })],
  ['a user deleted', 'nothing', (time) => aDeleteUser({ userId: user(3), time })],
  [
    'a notification of the store',
    'nothing',
    (time) => ({ ...aNativeNotification(), time, resources: [`arn:aws:identitystore:::user/${user(3)}`] }),
  ],
];

/** Fields that a record may have and Usher does not read. */
const UNREAD = {
  errorMessage: null,
  sharedEventID: 'cccccccc-0000-4000-8000-000000000001',
  additionalEventData: { note: 'x', nested: [{ deep: ['x'] }] },
  tlsDetails: { clientProvidedHostHeader: 'x' },
  userIdentity: {
    type: 'AssumedRole',
    principalId: 'AROAEXAMPLE:x',
    arn: 'arn:aws:sts::111122223333:assumed-role/x/x',
    onBehalfOf: { userId: user(1), identityStoreArn: 'x' },
    sessionContext: { sessionIssuer: { userName: 'x' } },
  },
};

function withUnread(event: object): object {
  return 'detail' in event ? { ...event, detail: { ...Object(event.detail), ...UNREAD } } : { ...event, ...UNREAD };
}

/** The place of a value in JSON, as a list of keys. */
type Place = readonly string[];

function placesIn(value: unknown, at: Place = []): Place[] {
  if (typeof value !== 'object' || value === null) return [];
  return Object.entries(value).flatMap(([key, child]) => [[...at, key], ...placesIn(child, [...at, key])]);
}

function objectsIn(value: object): Place[] {
  return [[], ...placesIn(value).filter((place) => Object(valueAt(value, place)) === valueAt(value, place))];
}

function valueAt(value: unknown, place: Place): unknown {
  return place.reduce<unknown>((found, key) => Reflect.get(Object(found), key), value);
}

/** A copy with another value at a place; what is there is replaced, or a field is added. */
function planted(value: object, place: Place, text: unknown): object {
  const copy = structuredClone(value);
  Reflect.set(Object(valueAt(copy, place.slice(0, -1))), place.at(-1) ?? '', text);
  return copy;
}

/** Each variant of an event with free text in one place: as a value, or as a key with more of it below. */
function variantsOf(event: object): object[] {
  const values = placesIn(event).map((place, index) => planted(event, place, TEXTS[index % TEXTS.length]));
  const keys = objectsIn(event).map((place) => planted(event, [...place, `${SECRET} key`], { [SECRET]: [SECRET] }));
  return [...values, ...keys];
}

/** Lets the events come five minutes apart, each after what it says has really happened. */
async function playEach(
  world: World,
  change: Change,
  variantAt: (index: number, time: string) => object,
  count: number,
) {
  for (let index = 0; index < count; index += 1) {
    world.after(index * 300, async () => {
      // Each time anew, so that the event with the free text is the one that leads to the change.
      if (change === 'joins') world.center.join(GROUP, user(3));
      if (change === 'leaves') world.center.leave(GROUP, user(3));
      await world.start(variantAt(index, world.now().toISOString()));
    });
    world.after(index * 300 + 200, () => {
      if (change === 'joins') return world.leaves(3);
      return change === 'leaves' ? world.joins(3) : undefined;
    });
  }
  await world.play();
}

function startNamed(world: World, name: string, input: object, stateMachineArn = machineOf(world)) {
  return world.stack.sfn.send(new StartExecutionCommand({ stateMachineArn, name, input: JSON.stringify(input) }));
}

function machineOf(world: World): string {
  return world.stack.arnOf('').replace(':execution:', ':stateMachine:').slice(0, -1);
}

describe('free text in any field of an event', () => {
  it.each(EVENTS)('is recorded nowhere: %s', async (_name, change, eventAt) => {
    const seated = change === 'joins' ? [1, 2] : [1, 2, 3];
    const world = await openWorld({ seated, brake: { percent: 100, atLeast: 1000 } });
    const count = variantsOf(withUnread(eventAt(''))).length;
    await playEach(world, change, (index, time) => variantsOf(withUnread(eventAt(time)))[index] ?? {}, count);
    expect(world.ends.length).toBeGreaterThanOrEqual(count);
    // Not only events that lead to nothing were played.
    const changed = world.audited().filter((event) => event.startsWith('Seat '));
    if (change !== 'nothing') expect(changed.length).toBeGreaterThan(count);
  });

  it('leaves the execution as the cause of a grant, and is counted', async () => {
    const world = await openWorld({ seated: [1, 2] });
    world.center.join(GROUP, user(3));
    const event = anAddMemberToGroup({
      groupId: GROUP,
      userId: user(3),
      time: world.now().toISOString(),
      eventId: SECRET,
    });
    const execution = await world.start({ ...event, id: `${SECRET}@example.com` });
    await world.play();
    expect(world.audited()).toEqual(['Seat Assigned 3 group-join']);
    expect(world.audit.map((entry) => detailOf(entry).unmapped?.cause)).toEqual([world.stack.arnOf(execution)]);
    expect(world.measured('ForeignIds')).toEqual([2]);
  });
});

describe('free text in a manual start', () => {
  const fields = [
    'userId',
    'userName',
    'email',
    'groupId',
    'waitSeconds',
    'application',
    'scope',
    'release',
    'adopt',
    'subscriptions',
    'id',
    'eventID',
  ];
  const inputs = [
    ...fields.flatMap((field) =>
      TEXTS.flatMap((text) => [
        { [field]: text, ...(field === 'userName' || field === 'email' ? { waitSeconds: 1 } : {}) },
        { [field]: { [text]: text } },
      ]),
    ),
    ...TEXTS.flatMap((text) => [
      { [text]: text },
      { userId: user(1), [text]: text },
      { userId: user(1), groupId: text },
      { userName: text, waitSeconds: 1 },
      { externalId: { issuer: text, id: text }, waitSeconds: 1 },
      { adopt: 'amazon-q-developer', subscriptions: text },
    ]),
  ];

  it('is recorded nowhere, except for a selector until it is resolved', async () => {
    const world = await openWorld({ seated: [1, 2] });
    for (const [index, input] of inputs.entries()) {
      world.after(index, async () => {
        await world.start(input);
        await world.admin(input);
      });
    }
    await world.play();
    expect(world.ends).toHaveLength(2 * inputs.length);
    expect(await world.seats()).toEqual({ 1: 'confirmed', 2: 'confirmed' });
  });
});

describe('free text in the name of an execution', () => {
  const inputs = [
    { scope: 'tick' },
    { scope: 'everything' },
    { userId: user(3) },
    { userName: `${SECRET}-3` },
    { application: APPLICATION },
    { nonsense: SECRET },
    aPatchGroup({ groupId: GROUP }),
  ];

  it.each(NAMES)('%j is refused before anything is done, audited as a hash and counted', async (name) => {
    const world = await openWorld({ seated: [1, 2] });
    world.center.join(GROUP, user(3));
    for (const [index, input] of inputs.entries()) await startNamed(world, `${name}${index}`, input);
    await world.play();
    expect(new Set(world.ends.map(({ status, cause }) => `${status} ${cause?.slice(0, 30)}`))).toEqual(
      new Set(['FAILED InvalidRequestError: execution']),
    );
    expect(world.measured('ForeignIds')).toEqual(inputs.map(() => 1));
    expect(world.audited()).toEqual(inputs.map(() => 'Onboarding Failed InvalidRequestError'));
    const audited = world.audit.map((entry) => detailOf(entry).metadata.correlation_uid);
    expect(new Set(audited).size).toBe(inputs.length);
    for (const arn of audited) expect(arn).toMatch(/:sha256-[0-9a-f]{64}$/);
    expect(await world.seats()).toEqual({ 1: 'confirmed', 2: 'confirmed' });
  });

  it('is refused by onboarding-admin, too', async () => {
    const world = await openWorld({ seated: [1, 2] });
    const admin = ADMIN.replace(':execution:', ':stateMachine:').replace(/:[^:]*$/, '');
    await startNamed(world, NAMES[0] ?? '', { adopt: 'amazon-q-developer' }, admin);
    await world.play();
    expect(world.audited()).toEqual(['Onboarding Failed InvalidRequestError']);
  });

  it('leaves a name of letters, digits, hyphens and underscores as it is', async () => {
    const world = await openWorld({ seated: [1, 2] });
    world.center.join(GROUP, user(3));
    await startNamed(world, 'Ticket_4711-b', { userId: user(3) });
    await world.play();
    expect(world.stack.endOf('Ticket_4711-b')?.outcome).toBe('converged');
    expect(world.audit.map((entry) => detailOf(entry).unmapped?.cause)).toEqual([world.stack.arnOf('Ticket_4711-b')]);
    expect(world.measured('ForeignIds')).toEqual([]);
  });
});

describe('free text of who stops an execution', () => {
  it.each([...TEXTS, `States.${SECRET}`])('is audited as an unknown error: %j', async (text) => {
    const world = await openWorld({ seated: [1, 2] });
    const execution = await world.start({ userId: user(99) });
    const stop = new StopExecutionCommand({ executionArn: world.stack.arnOf(execution), error: text, cause: text });
    world.after(60, () => world.stack.sfn.send(stop));
    await world.play();
    expect(world.audited()).toEqual(['Onboarding Failed unknown']);
  });
});

describe('free text in the payload of a function that is invoked directly', () => {
  const FUNCTIONS = { normalizeRequest, checkPropagation, planChanges, applyChanges, recordAudit, notifyUser };
  const NOTICES = { notices: { backfill: true } };
  const request = aRequest({ trigger: 'manual', users: [{ userId: user(3) }] });
  const propagation = aPropagation({ visible: true });
  const REF = { round: 1, batch: 1, term: 1 };
  const PAYLOADS: readonly [keyof typeof FUNCTIONS, object][] = [
    ['normalizeRequest', { input: { scope: 'tick' }, execution: ME, startedAt: '2026-11-01T10:00:00Z', machine: 1 }],
    ['checkPropagation', { request, propagation, execution: ME }],
    ['planChanges', { request, propagation, progress: INITIAL_PROGRESS, execution: ME }],
    ['applyChanges', { ...REF, execution: ME }],
    ['recordAudit', { ...REF, execution: ME }],
    [
      'recordAudit',
      {
        detail: {
          executionArn: ME,
          stateMachineArn: STATE_MACHINE,
          name: 'me',
          status: 'FAILED',
          stopDate: 0,
          error: 'Some.Error',
          cause: 'x',
          input: '{}',
        },
      },
    ],
  ];

  /** Every message of the queue with free text somewhere. */
  const messages = [aDeliveredEvent(), { resend: noticeUid(1) }].flatMap(variantsOf);
  const recordsOf = (bodies: readonly object[]) =>
    bodies.map((body, index) => ({ messageId: `message-${index}`, body: JSON.stringify(body) }));

  it.each<[keyof typeof FUNCTIONS, object[]]>([
    ...PAYLOADS.map(([name, payload]): [keyof typeof FUNCTIONS, object[]] => [name, [payload, ...variantsOf(payload)]]),
    ['notifyUser', variantsOf({ Records: recordsOf([aDeliveredEvent()]) })],
    ['notifyUser', [{ Records: recordsOf(messages) }]],
  ])('is recorded nowhere: %s (%#)', async (name, payloads) => {
    const world = await openWorld({ seated: [1, 2], ...NOTICES });
    const logged: string[] = [];
    const platform = () =>
      platformOf(world.aws, {
        entitlements: exampleEntitlements(NOTICES),
        stateMachine: STATE_MACHINE,
        clock: world.stack.clock,
        log: (line) => logged.push(line),
      });
    const errors: string[] = [];
    for (const payload of payloads) {
      const call = world.stack.invoke(name, FUNCTIONS[name].on(platform), payload, 900).catch((error: unknown) => {
        errors.push(String(error));
      });
      await world.play();
      await call;
    }
    expect(logged.length).toBeGreaterThan(0);
    expect([...logged, ...errors].filter((text) => text.includes(SECRET))).toEqual([]);
  });
});
