import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import type { Request } from '../../domain/request/request.ts';
import { plusSeconds } from '../../domain/shared/time.ts';
import { aRequest } from '../support/builders.ts';
import { GROUP, group, user } from '../support/ids.ts';
import { aMailbox, type Choice } from '../support/queue-model.ts';

type Action =
  | { do: 'pass'; seconds: number }
  | { do: 'start'; request: Request; ageSeconds: number }
  | { do: 'step'; number: number; choice: Choice }
  | { do: 'redrive'; number: number };

const groups = fc.integer({ min: 1, max: 3 }).map(group);
const users = fc.integer({ min: 1, max: 3 }).map(user);
const trigger = fc.constantFrom<Request['trigger']>('event', 'event', 'manual', 'tick');
/** More users than the mailbox names, and none of those above. */
const crowd = Array.from({ length: 101 }, (_, number) => ({
  userId: user(1000 + number),
  expected: { groupId: GROUP, membership: 'member' as const },
}));

const look = fc.oneof(
  {
    weight: 4,
    arbitrary: fc.record({
      userId: users,
      expected: fc.record({ groupId: groups, membership: fc.constantFrom('member', 'absent') }),
    }),
  },
  { weight: 2, arbitrary: fc.record({ userId: users }) },
);
const wanted = fc.oneof(
  { weight: 6, arbitrary: look.map((one) => ({ users: [one] })) },
  { weight: 4, arbitrary: groups.map((groupId) => ({ groups: [groupId] })) },
  { weight: 1, arbitrary: fc.constant({ sweep: 'everything' as const }) },
  { weight: 2, arbitrary: fc.constant({ users: crowd }) },
  { weight: 2, arbitrary: fc.constant({}) },
);
const start: fc.Arbitrary<Action> = fc
  .tuple(wanted, trigger, fc.constantFrom(0, 1, 20, 130, 1000))
  .map(([parts, origin, ageSeconds]) => ({
    do: 'start',
    request: aRequest({ ...parts, trigger: origin }),
    ageSeconds,
  }));
const pass: fc.Arbitrary<Action> = fc.record({
  do: fc.constant('pass'),
  seconds: fc.constantFrom(0.4, 1, 5, 29, 30, 31, 60, 120, 290, 301, 3700),
});
const choice = fc.oneof(
  { weight: 6, arbitrary: fc.constantFrom<Choice>('proven', 'again', 'apply') },
  { weight: 1, arbitrary: fc.constantFrom<Choice>('more', 'refuse', 'crash', 'lostAnswer') },
);
const step: fc.Arbitrary<Action> = fc.record({ do: fc.constant('step'), number: fc.nat(7), choice });
const redrive: fc.Arbitrary<Action> = fc.record({ do: fc.constant('redrive'), number: fc.nat(7) });
const history = fc.array(
  fc.oneof(
    { weight: 3, arbitrary: start },
    { weight: 3, arbitrary: pass },
    { weight: 12, arbitrary: step },
    { weight: 1, arbitrary: redrive },
  ),
  { maxLength: 80, size: 'max' },
);

function played(actions: readonly Action[]): ReturnType<typeof aMailbox> {
  const mailbox = aMailbox();
  for (const action of actions) {
    if (action.do === 'pass') mailbox.pass(action.seconds);
    else if (action.do === 'step') mailbox.step(action.number, action.choice);
    else if (action.do === 'redrive') mailbox.redrive(action.number);
    else mailbox.start({ ...action.request, at: plusSeconds(mailbox.now(), -action.ageSeconds) });
  }
  return mailbox;
}

/** Plays random histories, and a few of them in `npm test`; those that `npm run check` plays begin with these. */
function itHolds<T>(fact: string, property: fc.IProperty<T>, numRuns: { few: number; many: number }): void {
  it(fact, () => fc.assert(property, { numRuns: numRuns.few }));
  it(`${fact}, in many more histories`, { tags: ['long'] }, () => fc.assert(property, { numRuns: numRuns.many }));
}

describe('executions that share a work queue', () => {
  itHolds(
    'lose no item, never share the lease, and leave nothing to an execution that has ended or sleeps too long',
    fc.property(history, (actions) => {
      const mailbox = played(actions);
      mailbox.drain();
      for (const { by } of mailbox.entries()) expect(mailbox.isDead(by)).toBe(true);
    }),
    { few: 300, many: 1000 },
  );

  itHolds(
    'leave to the tick only the items of a dead execution, and the tick leaves nothing',
    fc.property(history, (actions) => {
      const mailbox = played(actions);
      mailbox.drain();
      // A refusal is looked at again after an hour; a dead holder keeps the lease for five minutes.
      for (let tick = 0; tick < 14; tick += 1) {
        mailbox.pass(300);
        mailbox.start(aRequest({ trigger: 'tick', at: mailbox.now().toISOString() }));
        mailbox.drain();
      }
      expect(mailbox.entries()).toEqual([]);
      expect(mailbox.queue().lease).toBeUndefined();
    }),
    { few: 100, many: 200 },
  );

  const hints = fc.array(
    fc.record({
      after: fc.constantFrom(0, 0.1, 1, 7, 29),
      wanted,
      trigger,
      ageSeconds: fc.constantFrom(0, 20, 1000),
      steps: fc.array(fc.record({ number: fc.nat(5), choice: fc.constantFrom<Choice>('proven', 'again', 'apply') }), {
        maxLength: 6,
      }),
    }),
    { maxLength: 40, size: 'max' },
  );
  itHolds(
    'sweep an application at most once in 30 s, with any number of hints at any time',
    fc.property(hints, (storm) => {
      const mailbox = aMailbox();
      for (const { after, wanted: parts, trigger: origin, ageSeconds, steps } of storm) {
        mailbox.pass(after);
        mailbox.start(aRequest({ ...parts, trigger: origin, at: plusSeconds(mailbox.now(), -ageSeconds) }));
        for (const { number, choice: what } of steps) mailbox.step(number, what);
      }
      mailbox.drain();
      for (const starts of mailbox.sweeps().values()) {
        const gaps = starts.slice(1).map((time, index) => time.getTime() - (starts[index]?.getTime() ?? 0));
        expect(Math.min(30_000, ...gaps)).toBe(30_000);
      }
    }),
    { few: 75, many: 200 },
  );
});
