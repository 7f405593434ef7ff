// @module-tag long
import { describe, expect, it } from 'vitest';
import { own } from '../../domain/shared/json.ts';
import { play } from '../../emulator/scenario/player.ts';
import { playHere } from './here.ts';
import { readScenarios } from './scenarios.ts';

const START = new Date('2026-11-01T10:00:00Z');
const SCENARIOS = readScenarios().map((scenario) => ({ ...scenario, script: scenario.script(START) }));

describe('the scenarios that moto plays', () => {
  it.each(SCENARIOS)('end as expected in the local stack: $title', async ({ script }) => {
    const { surprises } = await play(script, { behind: () => undefined });
    expect(surprises).toEqual([]);
  });

  it('have events of every family', () => {
    const events = SCENARIOS.flatMap(({ script }) => script.steps.map(({ start }) => start?.input));
    const sources = new Set(events.map((event) => own(event, 'detail', 'eventSource')));
    expect(sources).toEqual(
      new Set([
        'sso-directory.amazonaws.com',
        'identitystore.amazonaws.com',
        'identitystore-scim.amazonaws.com',
        'quicksight.amazonaws.com',
        undefined,
      ]),
    );
  });

  it('share no group and no application', () => {
    const rules = SCENARIOS.flatMap(({ script }) => script.entitlements.entitlements);
    expect(new Set(rules.map(({ application }) => application)).size).toBe(SCENARIOS.length);
    expect(new Set(rules.flatMap(({ groups }) => groups)).size).toBe(SCENARIOS.length);
  });

  it('come out the same whenever they are played', async () => {
    const [first] = readScenarios();
    const plays = await Promise.all(
      ['2026-01-01T00:00:00Z', '2030-06-30T23:59:59Z'].map((start) => first && playHere(first.script(new Date(start)))),
    );
    expect(plays[0]).toEqual(plays[1]);
    expect(plays[0]?.executions.map(({ outcome }) => outcome)).toEqual(['converged']);
  });
});
