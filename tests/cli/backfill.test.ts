// @module-tag long

import { once } from 'node:events';
import { describe, expect, it } from 'vitest';
import { ENTITLEMENT, people, user } from '../support/ids.ts';
import { anOperator, linesOf } from '../support/operator.ts';

/** The size of a large company. */
const MEMBERS = 5000;
const OTHERS = 3;
/** The real time of a backfill, at 18 seats per second and half a minute to settle: enough to come back to it. */
const REAL_SECONDS = 6 + MEMBERS / 300;

const operator = anOperator({
  people: MEMBERS + OTHERS,
  members: MEMBERS,
  others: people(1, OTHERS),
  max: 10_000,
  speed: Math.ceil((MEMBERS / 18 + 30) / REAL_SECONDS),
});

// The tests follow one backfill, in this order.
describe('usher backfill', () => {
  it('shows the plan, against the cap and with a price, and changes nothing with --dry-run', async () => {
    const { code, out } = await operator.child('backfill', '--dry-run', '--price', '19.50', '--json');
    expect(code).toBe(0);
    expect(linesOf(out)).toEqual([
      expect.objectContaining({
        type: 'plan',
        entitlement: ENTITLEMENT,
        entitled: MEMBERS,
        grant: MEMBERS,
        wait: 0,
        lose: 0,
        max: 10_000,
        pricePerMonth: MEMBERS * 19.5,
      }),
      expect.objectContaining({ type: 'plan', entitlement: 'kiro', grant: OTHERS, pricePerMonth: OTHERS * 19.5 }),
    ]);
    expect((await operator.calls())['SFN.StartExecution']).toBeUndefined();
  });

  it('starts nothing without a terminal to ask in', async () => {
    const { code, error } = await operator.run('backfill');
    expect(code).toBe(2);
    expect(error).toMatch(/add --yes/);
  });

  it('reports its progress if it is interrupted, and follows the same execution again', async () => {
    const first = operator.start('backfill', '--yes');
    let noted = '';
    first.stderr.on('data', (chunk: Buffer) => {
      noted += chunk;
      if (/seats: [\d,]+ of/.test(noted)) first.kill('SIGINT');
    });
    const [code] = await once(first, 'close');
    expect(code).toBe(130);
    expect(noted).toMatch(
      /[\d,]+ of [\d,]+ users have a seat\. The execution continues\. Check it: usher status backfill-/,
    );
    expect(noted).toMatch(/Follow it again, or plan for the users who are left: usher backfill/);
    const again = await operator.run('backfill', '--yes', '--json');
    expect(again.code).toBe(0);
    const lines = linesOf(again.out);
    expect(lines[0]).toMatchObject({ type: 'resume', execution: expect.stringContaining(':backfill-') });
    expect(lines.slice(-2)).toMatchObject([
      { type: 'progress', done: MEMBERS + OTHERS, total: MEMBERS + OTHERS },
      // The tick comes every five minutes, and may take over what is left to verify.
      { type: 'end', outcome: expect.stringMatching(/^(converged|handedOver)$/) },
    ]);
  });

  it('assigns every user once', async () => {
    expect((await operator.allCalls())['SSOAdmin.CreateApplicationAssignment']).toBe(MEMBERS + OTHERS);
    const log = await operator.call('Logs_20140328.FilterLogEvents', { logGroupName: '/aws/events/usher-local-audit' });
    const assigned = (log['events'] as { message: string }[]).map(({ message }) => JSON.parse(message).detail);
    const userKeys = new Set(assigned.map(({ user: { uid }, privileges }) => `${privileges[0]} ${uid}`));
    expect(userKeys.size).toBe(MEMBERS + OTHERS);
    expect(assigned).toHaveLength(MEMBERS + OTHERS);
    expect(userKeys).toContain(`kiro ${user(1)}`);
  });

  it('has nothing left to do', async () => {
    const { code, error } = await operator.run('backfill', '--yes');
    expect(code).toBe(0);
    expect(error).toMatch(/there is nothing to do/);
  });

  it('ends with 2 for an invalid price', async () => {
    const { code, error } = await operator.run('backfill', '--price', 'cheap');
    expect(error).toMatch(/--price: expected an amount/);
    expect(code).toBe(2);
  });
});
