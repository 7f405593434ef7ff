import { describe, expect, it } from 'vitest';
import { MOST_CHARACTERS, planMarkdown } from '../../../cli/plan/markdown.ts';
import type { PlanFile, PlanLine, PlannedChangeLine } from '../../../operator/lines/plan.ts';
import { APPLICATION, application, ENTITLEMENT, GROUP, people, user } from '../../support/ids.ts';

const NONE = { gains: 0, waitlisted: 0, leaving: 0, revoked: 0, held: 0, kept: 0, repaired: 0, dropped: 0 };

function aPlanLine(parts: Partial<PlanLine> = {}): PlanLine {
  return {
    type: 'plan',
    entitlement: ENTITLEMENT,
    application: APPLICATION,
    configuration: 'known',
    mode: 'enforce',
    seats: 2,
    seatsAfter: 3,
    max: 10,
    waitlistedAfter: 0,
    ...NONE,
    ...parts,
  };
}

function aChange(number: number, parts: Partial<PlannedChangeLine> = {}): PlannedChangeLine {
  const about = { entitlement: ENTITLEMENT, application: APPLICATION, mode: 'enforce' as const };
  return { type: 'planned-change', ...about, userId: user(number), change: 'gains', reason: 'group-join', ...parts };
}

function aPlanFile(parts: Partial<PlanFile> = {}): PlanFile {
  const total = { at: '2026-11-30T10:00:00.000Z', deployed: true, hasChanges: true, seats: 2, seatsAfter: 3 };
  return {
    type: 'plan-file',
    schemaVersion: 1,
    total: { type: 'plan-total', ...total, ...NONE, gains: 1 },
    plans: [aPlanLine({ gains: 1 })],
    changes: [aChange(1)],
    groupNames: [],
    ...parts,
  };
}

function render(file: PlanFile, names?: ReadonlyMap<string, string>): string {
  return planMarkdown(file, { names, groupNames: file.groupNames });
}

describe('the plan of a pull request', () => {
  it('says of dropped users that they no longer wait: they were on the waitlist, or AWS had refused the seat', () => {
    const { total } = aPlanFile();
    const words = render(aPlanFile({ total: { ...total, gains: 0, dropped: 2 } }));
    expect(words).toContain('\n2 no longer wait for a seat. 2 seats now, 3 at the end.\n');
  });

  it('has a sentence, a table, and the users folded', () => {
    expect(render(aPlanFile()).split('\n')).toEqual([
      '### Usher plan',
      '',
      '1 gains a seat. 2 seats now, 3 at the end.',
      '',
      '| ENTITLEMENT | SEATS | AFTER | MAX | GAINS | WAITLISTED | LEAVING | REVOKED | HELD | WAITLIST |',
      '| --- | --- | --- | --- | --- | --- | --- | --- | --- | --- |',
      `| ${ENTITLEMENT} | 2 | 3 | 10 | 1 | 0 | 0 | 0 | 0 | 0 |`,
      '',
      '',
      `<details><summary>${ENTITLEMENT}: 1 user</summary>`,
      '',
      '| USER | ENTITLEMENT | CHANGE | REASON | DUE | POSITION |',
      '| --- | --- | --- | --- | --- | --- |',
      `| ${user(1)} | ${ENTITLEMENT} | gains | group-join |  |  |`,
      '',
      '</details>',
    ]);
  });

  it('shows a name as text, whatever is in it', () => {
    const hostile = '<img src=x> @everyone | [a](http://b) `c` *d* \n# e &lt; ~~f~~';
    const row = render(aPlanFile(), new Map([[user(1), hostile]]))
      .split('\n')
      .find((line) => line.includes(user(1)));
    expect(row?.split('|')).toHaveLength(9);
    expect(row).not.toMatch(/[<>@`*[\]~]|&lt;/);
  });

  it('shows only what a reader needs of the rest', () => {
    const budget = { allowed: 10, used: 8, left: 2 };
    const hold = { reason: 'brake' as const, since: '2026-11-30T10:00:00.000Z', held: 5 };
    const text = render(
      aPlanFile({
        plans: [
          aPlanLine({ held: 5, budget, asked: 5, hold, aboveCap: 1, adoptable: 2, undecided: 1 }),
          aPlanLine({
            entitlement: 'old',
            application: application(2),
            configuration: 'removed',
            seats: 4,
            waitlistedAfter: 1,
          }),
          aPlanLine({
            entitlement: 'sick',
            refused: [{ reason: 'x', message: 'no *assignments*' }],
            emptyGroups: [GROUP],
          }),
        ],
        groupNames: [{ type: 'group-name', groupId: GROUP, exists: true }],
      }),
    );
    expect(text).toContain('5 are asked for, and 2 are left of a budget of 10 in 24 hours, of which 8 are used');
    expect(text).toContain('1 seat is above the cap of 10');
    expect(text).toContain('Its 4 seats stay');
    expect(text).toContain('1 user waits there for good');
    expect(text).toContain('no &#42;assignments&#42;');
    expect(text).toContain('is not called the name that the configuration gives it');
  });

  it.each([
    [5000, undefined],
    [5000, new Map(people(1, 5000).map((number) => [user(number), '💥'.repeat(40)]))],
  ])('fits into a comment with %d users, and says how many it leaves out', (many, names) => {
    const text = render(aPlanFile({ changes: people(1, many).map((number) => aChange(number)) }), names);
    expect(text.length).toBeLessThanOrEqual(MOST_CHARACTERS);
    expect(text.length).toBeGreaterThan(MOST_CHARACTERS - 1000);
    const shown = text.match(new RegExp(`\\| ${user(1).slice(0, 20)}`, 'g'))?.length ?? 0;
    const [, cut = ''] = /_([\d,]+) users do not fit into a comment/.exec(text) ?? [];
    expect(shown + Number(cut.replace(',', ''))).toBe(many);
    expect(text.match(/<details>/g)).toHaveLength(text.match(/<\/details>/g)?.length ?? 0);
  });

  it('fits into a comment with a hundred entitlements of which there is much to say', () => {
    const emptyGroups = people(1, 100).map(() => GROUP);
    const plans = people(1, 100).map((number) => aPlanLine({ entitlement: `e${number}`, emptyGroups, aboveCap: 1 }));
    const text = render(aPlanFile({ plans }));
    expect(text.length).toBeLessThanOrEqual(MOST_CHARACTERS);
    expect(text).toMatch(/_Cut: GitHub takes no longer comment\._$/);
  });
});
