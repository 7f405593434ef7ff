import { StopExecutionCommand } from '@aws-sdk/client-sfn';
import { describe, expect, it } from 'vitest';
import type { Changes } from '../../domain/decision/batches.ts';
import { INITIAL_PROGRESS } from '../../domain/decision/progress.ts';
import { acquireLease } from '../../domain/queue/lease.ts';
import { digestOf } from '../../domain/queue/rounds.ts';
import type { Request } from '../../domain/request/request.ts';
import type { FaultRule } from '../../emulator/aws/fault-rules.ts';
import { type EntitlementsOptions, exampleEntitlements } from '../../emulator/scenario/example-entitlements.ts';
import { platformOf } from '../../emulator/stack/clients.ts';
import { handler as applyChanges } from '../../functions/apply-changes.ts';
import { handler as planChanges } from '../../functions/plan-changes.ts';
import { handler as recordAudit } from '../../functions/record-audit.ts';
import { aBatch, aRequest } from '../support/builders.ts';
import { ADMIN, APPLICATION, GROUP, OTHER_APPLICATION, OTHER_GROUP, people, STATE_MACHINE } from '../support/ids.ts';
import { aRound, storeBatch } from '../support/rounds.ts';
import { openBrakedWorld, openWorld, type World } from '../support/world.ts';

const DESCRIBE = 'SFN.DescribeExecution';
const DELETE = 'SSOAdmin.DeleteApplicationAssignment';
const CREATE = 'SSOAdmin.CreateApplicationAssignment';
const NAME = 'amazon-q-developer';
const KIRO = { name: 'kiro', application: OTHER_APPLICATION, groups: [OTHER_GROUP] };
/** As Lambda returns it, by name and message. */
const NOT_ASKED_FOR = {
  name: 'RefusedError',
  message: expect.stringMatching(/^No running execution was started with/),
};
const NOT_FAILED = { name: 'RefusedError', message: expect.stringMatching(/^The execution has not failed/) };
const FOREIGN = { name: 'RefusedError', message: 'This is no execution of onboarding or onboarding-admin' };

const FUNCTIONS = { planChanges, applyChanges, recordAudit };

/** Someone who may invoke the functions of a world directly, and nothing else. */
function anInvoker({ stack, aws, services, now }: World, configuration: EntitlementsOptions = {}) {
  const entitlements = exampleEntitlements(configuration);
  const platform = () =>
    platformOf(aws, { entitlements, stateMachine: STATE_MACHINE, clock: stack.clock, log: () => undefined });
  const begin = (name: keyof typeof FUNCTIONS, payload: object): Promise<unknown> =>
    stack.invoke(name, FUNCTIONS[name].on(platform), payload, 900).catch((error: unknown) => error);
  /** @returns what the function returns, or its error */
  const invoke = async (name: keyof typeof FUNCTIONS, payload: object) => {
    const call = begin(name, payload);
    await stack.runUntilIdle();
    return call;
  };
  const planOf = (request: Partial<Request>, execution: string) => ({
    request: aRequest({ trigger: 'manual', cause: execution, ...request }),
    propagation: { visible: true, checkAfterSeconds: 0 },
    progress: INITIAL_PROGRESS,
    execution,
  });
  return {
    plan: (request: Partial<Request>, execution = ADMIN) => invoke('planChanges', planOf(request, execution)),
    /** The same while virtual time passes anyway. */
    beginPlan: (request: Partial<Request>, execution: string) => begin('planChanges', planOf(request, execution)),
    /** Makes a batch that somehow came into the ledger, under a lease that the invoker has got by a plan. */
    async apply(changes: Changes) {
      const queue = acquireLease(await services.ledger.queue(), ADMIN, now());
      if (!queue) throw new Error('nobody else holds the lease');
      const { lease } = (await services.ledger.saveQueue(queue)) ?? queue;
      const round = aRound({ readAt: now().toISOString(), configuration: digestOf(entitlements) });
      const ref = await storeBatch(services.ledger, [changes], round);
      return invoke('applyChanges', { ...ref, term: lease?.term, execution: ADMIN });
    },
    record: (executionArn: string) =>
      invoke('recordAudit', {
        detail: {
          executionArn,
          stateMachineArn: STATE_MACHINE,
          status: 'FAILED',
          stopDate: 0,
          error: 'Invented.Error',
        },
      }),
  };
}

/** Six of twenty users have left together, and the brake holds their revocations. */
async function aHeldWorld() {
  const world = await openBrakedWorld(1);
  await world.leaveTogether(people(1, 6));
  expect(world.audited()).toEqual(['Revocations Held brake']);
  return { world, release: await world.digest(), before: await world.items() };
}

describe('PlanChanges, invoked directly,', () => {
  it('releases no hold for an execution that never began', async () => {
    const { world, release, before } = await aHeldWorld();
    expect(await anInvoker(world).plan({ release })).toMatchObject(NOT_ASKED_FOR);
    expect(await world.items()).toEqual(before);
    await world.ticking(65);
    expect([world.calls(DELETE), world.assigned()]).toEqual([0, people(1, 20)]);
  });

  it.each<[string, (world: World, release: string) => Promise<string>]>([
    ['of onboarding, started with it', (world, release) => world.start({ release })],
    ['of onboarding-admin that has ended', (world) => world.admin({ release: '0'.repeat(64) })],
  ])('releases no hold for an execution %s', async (_which, start) => {
    const { world, release } = await aHeldWorld();
    const execution = await start(world, release);
    await world.play();
    const before = await world.items();
    expect(await anInvoker(world).plan({ release }, world.stack.arnOf(execution))).toMatchObject(NOT_ASKED_FOR);
    expect(await world.items()).toEqual(before);
  });

  it('releases no hold for a running execution of onboarding-admin that asks for something else', async () => {
    const { world, release } = await aHeldWorld();
    const execution = await world.admin({ userName: 'someone', waitSeconds: 3600 });
    const executionArn = world.stack.arnOf(execution);
    let answer: Promise<unknown> | undefined;
    world.after(60, () => {
      answer = anInvoker(world).beginPlan({ release }, executionArn);
    });
    world.after(120, () => world.stack.sfn.send(new StopExecutionCommand({ executionArn })));
    await world.play();
    expect(await answer).toMatchObject(NOT_ASKED_FOR);
    expect((await world.stack.hold(APPLICATION))?.released).toBeUndefined();
  });

  it('adopts nothing', async () => {
    const world = await openWorld({ people: 2, members: { [GROUP]: [1] }, assigned: [1] });
    expect(await anInvoker(world).plan({ adopt: APPLICATION })).toMatchObject(NOT_ASKED_FOR);
    expect(await world.items()).toEqual([]);
    await world.ticking(65);
    expect(await world.seats()).toEqual({});
  });

  it.each<[string, Partial<Request>]>([
    ['a manual start', { applications: [APPLICATION] }],
    ['a manual start of what is due', { sweep: 'due' }],
    ['a tick', { trigger: 'tick', applications: [APPLICATION] }],
  ])('gives up no seat of a retired application, as %s', async (_how, request) => {
    const world = await openWorld({ people: 4, entitlements: [{}, KIRO], seated: [1, 2, 3] });
    const configuration = { entitlements: [KIRO], retired: [APPLICATION] };
    world.deploy(configuration);
    await anInvoker(world, configuration).plan(request);
    await world.ticking(65);
    expect([world.assigned(), world.calls(DELETE)]).toEqual([[1, 2, 3], 0]);
  });
});

describe('ApplyChanges, invoked directly under the lease,', () => {
  it('grants nothing to a user in no group', async () => {
    const world = await openWorld({ people: 2, seated: [1] });
    expect(await anInvoker(world).apply(aBatch('grant', [2]))).toEqual({ later: 1 });
    expect([world.assigned(), world.calls(CREATE), await world.seats()]).toEqual([[1], 0, { 1: 'confirmed' }]);
  });

  it.each(['group-leave', 'user-disabled', 'user-deleted', 'entitlement-removed'] as const)(
    'revokes no seat of a member, for the reason %s',
    async (reason) => {
      const world = await openWorld({ people: 2, seated: [1] });
      expect(await anInvoker(world).apply(aBatch('revoke', [1], { reason }))).toEqual({ later: 1 });
      expect([world.assigned(), world.calls(DELETE)]).toEqual([[1], 0]);
    },
  );

  it('revokes no seat of a retired application that no operator has given up', async () => {
    const world = await openWorld({ people: 4, entitlements: [{}, KIRO], seated: [1, 2, 3] });
    const configuration = { entitlements: [KIRO], retired: [APPLICATION] };
    world.deploy(configuration);
    const batch = aBatch('revoke', [1, 2, 3], { reason: 'entitlement-removed' });
    expect(await anInvoker(world, configuration).apply(batch)).toEqual({ later: 3 });
    expect([world.assigned(), world.calls(DELETE)]).toEqual([[1, 2, 3], 0]);
  });
});

describe('RecordAudit, invoked directly,', () => {
  it('publishes no failure of an execution that never began, or of another state machine', async () => {
    const world = await openWorld({ people: 1 });
    const { record } = anInvoker(world);
    expect(await record(ADMIN)).toMatchObject(NOT_FAILED);
    for (const arn of [ADMIN.replace('usher-local', 'payroll'), 'someone@example.com']) {
      expect(await record(arn)).toMatchObject(FOREIGN);
    }
    expect(world.audited()).toEqual([]);
  });

  it('publishes no failure of an execution that succeeded', async () => {
    const world = await openWorld({ people: 1 });
    const execution = await world.tick();
    await world.play();
    expect(await anInvoker(world).record(world.stack.arnOf(execution))).toMatchObject(NOT_FAILED);
    expect(world.audited()).toEqual([]);
  });

  it('publishes of a failed execution only what Step Functions says, under the id that it has', async () => {
    const world = await openWorld({ people: 1 });
    const execution = await world.start({ nonsense: true });
    await world.play();
    expect(await anInvoker(world).record(world.stack.arnOf(execution))).toEqual({});
    expect(world.copies()).toEqual(['Onboarding Failed', 'Onboarding Failed']);
    expect(world.audited()).toEqual(['Onboarding Failed InvalidRequestError']);
  });
});

describe('a request of an operator', () => {
  const started: Omit<FaultRule, 'kind'> = { operation: DESCRIBE };

  it('is carried out although Step Functions throttles the question whether it was asked', async () => {
    const { world, release } = await aHeldWorld();
    world.faults.add({ ...started, kind: 'throttle', times: 3 });
    const execution = await world.admin({ release });
    await world.play();
    expect(world.stack.endOf(execution)?.outcome).toBe('converged');
    expect(await world.having('revoked')).toEqual(people(1, 6));
  });

  it('fails with nothing written while the question is refused, and is carried out by a redrive', async () => {
    const { world, release, before } = await aHeldWorld();
    world.faults.add({ ...started, kind: 'refuse' });
    const execution = await world.admin({ release });
    await world.play();
    expect(world.stack.endOf(execution)).toMatchObject({
      outcome: 'failed',
      cause: expect.stringMatching(/^RefusedError: DescribeExecution: AccessDeniedException/),
    });
    expect(await world.items()).toEqual(before);
    await world.redrive(execution);
    await world.play();
    expect(world.stack.endOf(execution)?.outcome).toBe('converged');
    expect(await world.having('revoked')).toEqual(people(1, 6));
  });

  it.each<[string, (world: World) => Promise<string>, number]>([
    ['release', async (world) => world.admin({ release: await world.digest() }), 1],
    ['adopt', (world) => world.admin({ adopt: NAME }), 1],
    ['a start by application', (world) => world.start({ application: APPLICATION }), 0],
    ['a start by user', (world) => world.start({ userName: 'user-1', waitSeconds: 0 }), 0],
    ['a tick', (world) => world.tick(), 0],
    ['an event', (world) => world.joins(1), 0],
  ])('(%s) costs at most one question to Step Functions', async (_what, start, calls) => {
    const { world } = await aHeldWorld();
    const questions = () => world.calls(DESCRIBE);
    const before = questions();
    const execution = await start(world);
    await world.play();
    const recorded = world.stack.endOf(execution)?.status === 'SUCCEEDED' ? 0 : 1;
    expect(questions() - before - recorded).toBe(calls);
  });
});
