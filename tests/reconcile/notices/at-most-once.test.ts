// @module-tag long
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { NOTICE_KINDS, type NoticeKind } from '../../../domain/notices/schema.ts';
import { dayOf } from '../../../domain/shared/day.ts';
import type { FaultRule } from '../../../emulator/aws/fault-rules.ts';
import { openNoticeWorld } from '../../support/notice-world.ts';

/** Users with a seat, and how many of them. */
const USERS = 4;

/** What happens to one user: a change of the seat, copies of its event, and events that are not true of the seat. */
interface Story {
  kind: NoticeKind;
  /** Seconds after which a copy of the true event arrives. */
  copies: number[];
  /** Kinds and numbers that the seat does not have, with the second of their arrival. */
  untrue: { kind: NoticeKind; changeSeq: number; after: number }[];
}

interface History {
  stories: Story[];
  faults: FaultRule[];
  dailyLimit: number;
  messages: 'once' | 'twice';
  /** How long AWS takes to answer each call. */
  seconds: number;
}

const kinds = fc.constantFrom(...NOTICE_KINDS);
const arrival = fc.constantFrom(0, 1, 5, 200, 601, 3000, 7200);
const stories: fc.Arbitrary<Story> = fc
  .record({
    kind: kinds,
    copies: fc.array(arrival, { minLength: 1, maxLength: 3 }),
    untrue: fc.array(fc.record({ kind: kinds, changeSeq: fc.integer({ min: 1, max: 3 }), after: arrival }), {
      maxLength: 2,
    }),
  })
  .map((story) => ({ ...story, untrue: story.untrue.filter((event) => !isTrueOf(story.kind, event)) }));

/** Of one number, a seat that is assigned is also one that is kept. */
function isTrueOf(kind: NoticeKind, event: { kind: NoticeKind; changeSeq: number }): boolean {
  const isGranted = (one: NoticeKind) => one === 'assigned' || one === 'kept';
  return event.changeSeq === 1 && (event.kind === kind || (isGranted(kind) && isGranted(event.kind)));
}

type Kinds = readonly FaultRule['kind'][];

/** Nothing was sent, or the answer says so. */
const WITHOUT_EFFECT: Kinds = ['throttle', 'internal', 'crash-before', 'timeout-before'];
const ANY_ANSWER: Kinds = [...WITHOUT_EFFECT, 'internal-after', 'crash-after', 'timeout-after'];

function faultsOf(kindsByOperation: Readonly<Record<string, Kinds>>): fc.Arbitrary<FaultRule[]> {
  const one = fc.constantFrom(...Object.entries(kindsByOperation)).chain(([operation, of]) =>
    fc.record({
      operation: fc.constant(operation),
      kind: fc.constantFrom(...of),
      skip: fc.integer({ min: 0, max: 4 }),
      times: fc.integer({ min: 1, max: 3 }),
    }),
  );
  return fc.array(one, { maxLength: 4 });
}

/** Faults before the marker, and the answers with which Amazon SES says that it has sent nothing now. */
const BEFORE_THE_MARKER = {
  'Lambda.Invoke': ['throttle', 'internal'],
  'IdentityStore.DescribeUser': WITHOUT_EFFECT,
  'DynamoDB.GetItem': WITHOUT_EFFECT,
  'DynamoDB.BatchGetItem': WITHOUT_EFFECT,
  'DynamoDB.UpdateItem': ANY_ANSWER,
  'SESv2.SendEmail': ['throttle', 'quota'],
} as const;

/** Faults everywhere, but for the answer of DynamoDB that it has written what it has not. */
const ANYWHERE = {
  ...BEFORE_THE_MARKER,
  'IdentityStore.DescribeUser': [...WITHOUT_EFFECT, 'refuse', 'lost'],
  'DynamoDB.PutItem': ANY_ANSWER,
  'SESv2.SendEmail': [...ANY_ANSWER, 'lost', 'refuse', 'quota', 'conflict'],
} as const;

function histories(faults: fc.Arbitrary<FaultRule[]>, limits: fc.Arbitrary<number>): fc.Arbitrary<History> {
  return fc.record({
    stories: fc.array(stories, { minLength: 1, maxLength: USERS }),
    faults,
    dailyLimit: limits,
    messages: fc.constantFrom('once', 'twice'),
    seconds: fc.constantFrom(0, 0, 0.3, 4),
  });
}

/** Plays a history until nothing is left to happen. */
async function play({ stories: told, faults, dailyLimit, messages, seconds }: History) {
  const world = await openNoticeWorld({
    people: USERS,
    notices: { dailyLimit },
    quirks: { messages },
    latency: () => seconds,
  });
  for (const [index, { kind, copies, untrue }] of told.entries()) {
    await world.seat(index + 1, kind);
    for (const after of copies) world.after(after, () => world.enqueueEvent(index + 1, kind));
    for (const { kind: other, changeSeq, after } of untrue) {
      world.after(after, () => world.enqueueEvent(index + 1, other, { changeSeq }));
    }
  }
  for (const fault of faults) world.faults.add(fault);
  await world.play();
  world.faults.clear();
  const markers = await world.markers();
  return {
    world,
    users: told.map(({ kind }, index) => ({
      kind,
      mails: world.mailsTo(index + 1).length,
      markers: (markers.get(index + 1) ?? []).map((marker) => ({ kind: marker.kind, status: marker.status })),
    })),
  };
}

describe('a notice', () => {
  it('is sent at most once, and never beyond the limit of the day, whatever fails', async () => {
    await fc.assert(
      fc.asyncProperty(histories(faultsOf(ANYWHERE), fc.integer({ min: 1, max: 5 })), async (history) => {
        const { world, users } = await play(history);
        for (const { kind, mails, markers } of users) {
          const [marker, ...others] = markers;
          expect(others).toEqual([]);
          expect(marker?.kind).toBe(kind);
          const mayHave: Partial<Record<string, readonly number[]>> = {
            sent: [1],
            'in-doubt': [0, 1],
            refused: [0],
            limited: [0],
          };
          expect(mayHave[marker?.status ?? '']).toContain(mails);
        }
        const days = Map.groupBy(world.stack.ses.outbox.mails(), ({ at }) => dayOf(at));
        for (const mails of days.values()) expect(mails.length).toBeLessThanOrEqual(history.dailyLimit);
      }),
      { numRuns: 150 },
    );
  });

  it('is sent exactly once if nothing fails between its marker and the answer of Amazon SES', async () => {
    await fc.assert(
      fc.asyncProperty(histories(faultsOf(BEFORE_THE_MARKER), fc.constant(1000)), async (history) => {
        const { users } = await play(history);
        expect(users).toEqual(
          history.stories.map(({ kind }) => ({ kind, mails: 1, markers: [{ kind, status: 'sent' }] })),
        );
      }),
      { numRuns: 150 },
    );
  });
});
