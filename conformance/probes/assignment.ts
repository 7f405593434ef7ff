import { changeAssignment, isAssigned, unassign } from './assignments.ts';
import { answerOf, type Finding, lagInWords, type Probe, secondsUntil, undo } from './probe.ts';
import type { World } from './world.ts';

const MOST_SECONDS = 120;

/** What AWS answers to writes that repeat, and how long reads lag. Leaves the assignment as it was. */
export const assignment: Probe = {
  name: 'assignment',
  does: 'Assigns the named user to the named application twice, and removes it twice; an assignment that was there stays.',
  beliefs: ['assignment-repeated-create', 'assignment-delete-missing', 'assignment-reads-lag'],
  needs: ['application', 'user'],
  permissions: ['write'],
  calls: ['sso:CreateApplicationAssignment', 'sso:DeleteApplicationAssignment', 'sso:DescribeApplicationAssignment'],
  cost: 'nothing, unless an assignment starts a subscription of this application',
  async run(world) {
    if (await isAssigned(world)) return [await createAgain(world)];
    try {
      const lag = await write(world, 'create', true);
      const repeated = await createAgain(world);
      const end = await write(world, 'delete', false);
      const missing = await answerOf(() => changeAssignment(world, 'delete'));
      const seen = `shown ${lagInWords(lag, MOST_SECONDS)}, gone ${lagInWords(end, MOST_SECONDS)}`;
      return [
        repeated,
        { belief: 'assignment-delete-missing', expected: 'ok', seen: missing, holds: missing === 'ok' },
        {
          belief: 'assignment-reads-lag',
          expected: 'within an hour',
          seen,
          holds: lag !== undefined && end !== undefined ? true : undefined,
        },
      ];
    } finally {
      // Also after an error in the middle: the user had no assignment.
      await undo([unassign(world)], world);
    }
  },
};

async function createAgain(world: World): Promise<Finding> {
  const seen = await answerOf(() => changeAssignment(world, 'create'));
  return { belief: 'assignment-repeated-create', expected: 'ok', seen, holds: seen === 'ok' };
}

/** @returns the seconds until a read shows it */
async function write(world: World, verb: 'create' | 'delete', isThere: boolean): Promise<number | undefined> {
  await changeAssignment(world, verb);
  return secondsUntil(async () => (await isAssigned(world)) === isThere, MOST_SECONDS, world);
}
