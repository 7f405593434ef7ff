// @module-tag long
import { describe, expect, it } from 'vitest';
import { type EmulatedWorld, openEmulatedWorld } from '../../conformance/emulated.ts';
import { PROBES, type Row, runProbes, whyNot } from '../../conformance/run.ts';
import type { Quirks } from '../../emulator/aws/identity-center/quirks.ts';

const ALL = new Set(['write', 'events', 'subscriptions'] as const);

async function rowsWith(quirks: Quirks, change: (opened: EmulatedWorld) => void = () => undefined): Promise<Row[]> {
  const opened = await openEmulatedWorld(quirks);
  try {
    change(opened);
    const { rows, unrun } = await runProbes({ targets: opened.targets, permissions: ALL }, opened.world);
    expect(unrun).toEqual([]);
    return rows;
  } finally {
    await opened.close();
  }
}

/** What is there: a subscription that was cancelled is not. */
function contentsOf({ identityCenter }: EmulatedWorld['stack']) {
  const { applications, ...directory } = identityCenter.seed();
  const having = applications.map(({ subscriptions = [], ...application }) => ({
    ...application,
    subscriptions: subscriptions.filter(({ status }) => status !== 'CANCELLED'),
  }));
  return { ...directory, applications: having };
}

describe('the probes', () => {
  it('find nothing false on the emulator, and something about every belief of theirs', async () => {
    const rows = await rowsWith({});
    expect(rows.filter(({ verdict }) => verdict === 'false')).toEqual([]);
    expect(new Set(rows.map(({ belief }) => belief))).toEqual(new Set(PROBES.flatMap(({ beliefs }) => beliefs)));
  });

  it.each<[belief: string, quirks: Quirks, seen: string]>([
    ['assignment-repeated-create', { repeatedCreate: 'conflict' }, 'ConflictException'],
    ['assignment-delete-missing', { deleteMissing: 'not-found' }, 'ResourceNotFoundException'],
    ['store-missing-group', { missingGroup: 'no-member' }, 'ok'],
    ['store-user-status', { userStatus: 'absent' }, 'no status'],
    ['subscription-assigns', { subscribingAssigns: false }, 'no assignment'],
    ['subscription-outlives-assignment', { unassigningCancels: true }, 'no subscription'],
    ['subscription-cancel-keeps-assignment', { cancellingUnassigns: true }, 'no assignment'],
    ['subscription-claims-listed', { applicationClaims: 'refused' }, 'access-denied'],
  ])('see the other answer about %s, which Usher tolerates', async (belief, quirks, seen) => {
    const row = (await rowsWith(quirks)).find((one) => one.belief === belief);
    expect(row).toMatchObject({ seen, verdict: 'tolerated' });
  });

  it('see short pages', async () => {
    const row = (await rowsWith({ pages: 'short' })).find(({ belief }) => belief === 'assignment-pages');
    expect(row).toMatchObject({ verdict: 'holds' });
  });

  it('see that an assignment of a group is listed, and not described as one of the user', async () => {
    const rows = await rowsWith({}, ({ stack, targets }) => {
      stack.identityCenter.join(targets.group ?? '', targets.user ?? '');
      stack.identityCenter.assignByHand(targets.application ?? '', targets.group ?? '', 'GROUP');
    });
    const about = (id: string) => rows.find(({ belief }) => belief === id);
    expect(about('assignment-through-groups')).toMatchObject({ seen: 'GROUP', verdict: 'holds' });
    expect(about('assignment-direct')).toMatchObject({ seen: 'not described', verdict: 'holds' });
  });

  it('see how long a read lags', async () => {
    const rows = await rowsWith({}, ({ stack }) => {
      stack.identityCenter.setLag('SSOAdmin.DescribeApplicationAssignment', 30);
    });
    expect(rows.find(({ belief }) => belief === 'assignment-reads-lag')).toMatchObject({
      seen: 'shown after 30 s, gone after 30 s',
      verdict: 'holds',
    });
  });

  it('leave the account as it was, also when a call fails in the middle', async () => {
    const opened = await openEmulatedWorld();
    const { stack, targets, world } = opened;
    const before = contentsOf(stack);
    for (const operation of [
      'SSOAdmin.DescribeApplicationAssignment',
      'IdentityStore.IsMemberInGroups',
      'Q.CreateAssignment',
    ]) {
      stack.faults.add({ kind: 'refuse', operation, times: 1 });
      await runProbes({ targets, permissions: ALL }, world);
      expect(contentsOf(stack)).toEqual(before);
    }
    await opened.close();
  });

  it.each([1, 2, 3, 4, 5, 6])('leave the account as it was if they are stopped in pause %i', async (pause) => {
    const { stack, targets, world, close } = await openEmulatedWorld();
    const before = contentsOf(stack);
    for (const read of ['SSOAdmin.DescribeApplicationAssignment', 'IdentityStore.IsMemberInGroups'] as const)
      stack.identityCenter.setLag(read, 1);
    const stopping = new AbortController();
    let pauses = 0;
    const clock = {
      now: world.clock.now,
      sleep(seconds: number) {
        pauses += 1;
        if (pauses === pause) stopping.abort(new Error('it was stopped'));
        return world.clock.sleep(seconds);
      },
    };
    const stopped = { ...world, clock, stop: stopping.signal };
    const { unrun } = await runProbes({ targets, permissions: ALL }, stopped);
    expect(unrun.length).toBeGreaterThan(0);
    expect(unrun.every(({ reason }) => reason === 'it was stopped')).toBe(true);
    expect(contentsOf(stack)).toEqual(before);
    await close();
  });

  it.each([
    [
      'SSOAdmin.DeleteApplicationAssignment',
      'The assignment of the user is left (AccessDeniedException): remove it by hand',
    ],
    ['Q.DeleteAssignment', 'The subscription of the user is left (access-denied): remove it by hand'],
  ] as const)('say what is left if %s is refused', async (operation, reason) => {
    const { stack, targets, world, close } = await openEmulatedWorld();
    stack.faults.add({ kind: 'refuse', operation, times: 100 });
    const { unrun } = await runProbes({ targets, permissions: ALL }, world);
    expect(unrun.map((one) => one.reason)).toContain(reason);
    await close();
  });

  it('end a membership that no read shows yet', async () => {
    const { stack, targets, world, close } = await openEmulatedWorld();
    const before = contentsOf(stack);
    for (const read of ['IdentityStore.IsMemberInGroups', 'IdentityStore.GetGroupMembershipId'] as const)
      stack.identityCenter.setLag(read, 600);
    await runProbes({ targets, permissions: new Set(['write']) }, world);
    expect(contentsOf(stack)).toEqual(before);
    await close();
  });

  it('see events of SCIM in an account that does not own the instance', async () => {
    const { targets, world, close } = await openEmulatedWorld();
    const inputs = async () => (await world.inputs()).map((input) => ({ ...Object(input), account: '999988887777' }));
    const { rows } = await runProbes({ targets, permissions: ALL }, { ...world, inputs });
    expect(rows.find(({ belief }) => belief === 'event-scim-account')).toMatchObject({
      seen: 'another account',
      verdict: 'tolerated',
    });
    await close();
  });

  it('are not run without what they need', () => {
    const reasons = PROBES.map((probe) => whyNot(probe, { targets: { user: 'x' }, permissions: new Set() }));
    expect(reasons).toMatchObject([
      undefined,
      'it needs --group ID',
      'it needs --application ARN',
      'it needs --machine ARN, --events',
      'it needs --application ARN, --subscriptions',
      'it needs --group ID, --write',
      'it needs --application ARN, --write',
      'it needs --application ARN, --plan PLAN, --write, --subscriptions',
    ]);
  });
});
