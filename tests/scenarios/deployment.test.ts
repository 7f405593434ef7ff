import { readFileSync } from 'node:fs';
import { DynamoDBClient, PutItemCommand } from '@aws-sdk/client-dynamodb';
import { marshall } from '@aws-sdk/util-dynamodb';
import type { StateMachineDefinition } from 'aws-local-stepfunctions';
import { describe, expect, it, onTestFinished } from 'vitest';
import { parse } from 'yaml';
import { parseEntitlements } from '../../domain/entitlements.ts';
import { type AuditEntry, openStack, type Stack } from '../../local/stack.ts';
import { readTemplate } from '../../local/template.ts';
import { STORE_ID } from '../fixtures/events.ts';
import { detailOf } from '../fixtures/invariants.ts';
import { APPLICATION, GROUP, people, user } from '../fixtures/stack.ts';

/**
 * An execution of the release before, as it stood in the middle: written by that release's own machine and functions on
 * the local stack. Its ledger and its state, `$`, are as they left them.
 */
interface Interrupted {
  what: string;
  /** When, and in which state. */
  at: string;
  state: string;
  input: object;
  ledger: object[];
  people: number;
  members: number[];
  assigned: number[];
}

const folder = new URL('../fixtures/machine-1/', import.meta.url);
const read = (file: string) => readFileSync(new URL(file, folder), 'utf8');
const EXECUTIONS: Interrupted[] = JSON.parse(read('executions.json'));
/** The machine that these executions began on, and keep. */
const MACHINE: StateMachineDefinition = parse(read('onboarding.asl.yaml'));

function entitlementsFor(brake: { percent: number; atLeast: number }) {
  const parsed = parseEntitlements({
    identityCenter: {
      region: 'us-east-1',
      instanceArn: 'arn:aws:sso:::instance/ssoins-1111222233334444',
      identityStoreId: STORE_ID,
    },
    entitlements: [{ name: 'amazon-q-developer', application: APPLICATION, groups: [GROUP], seats: { max: 200 } }],
    brake,
  });
  if ('faults' in parsed) throw new Error(JSON.stringify(parsed.faults));
  return parsed.entitlements;
}

/** The service of today, in which that execution goes on at the state where it stood. */
async function goingOn(
  { at, state, input, ledger, people: count, members, assigned }: Interrupted,
  {
    meanwhile,
    brake = { percent: 100, atLeast: 100 },
  }: Partial<{
    meanwhile(stack: Stack): void;
    brake: { percent: number; atLeast: number };
  }> = {},
) {
  const audit: AuditEntry[] = [];
  const stack = await openStack({
    entitlements: entitlementsFor(brake),
    directory: {
      identityStoreId: STORE_ID,
      users: people(1, count).map((number) => ({ userId: user(number), userName: `user-${number}` })),
      groups: [{ groupId: GROUP, members: members.map(user) }],
      applications: [{ applicationArn: APPLICATION, assigned: assigned.map(user) }],
    },
    start: new Date(at),
    transport: 'in-process',
    definition: { ...MACHINE, StartAt: state },
    listener: { audit: (entry) => audit.push(entry) },
  });
  onTestFinished(() => stack.close());
  const { region, credentials, requestHandler, endpoint } = stack.sfn.config;
  if (!endpoint) throw new Error('The stack has no endpoint');
  const dynamoDb = new DynamoDBClient({ region, credentials, requestHandler, endpoint });
  for (const item of ledger) {
    await dynamoDb.send(new PutItemCommand({ TableName: 'usher-local-ledger', Item: marshall(item) }));
  }
  meanwhile?.(stack);
  const execution = await stack.start(input);
  await stack.settle();
  const seats = (await stack.seats()).map(({ userId, status }) => `${Number(userId.slice(-12))} ${status}`).sort();
  const told = new Map(audit.map((entry) => [detailOf(entry).metadata.uid, entry.DetailType]));
  return { stack, seats, told: [...told.values()], end: stack.endOf(execution) };
}

function interrupted(what: string): Interrupted {
  const found = EXECUTIONS.find((one) => one.what === what);
  if (!found) throw new Error(`There is no ${what}`);
  return found;
}

describe('an execution that began before the deployment', () => {
  it.each(EXECUTIONS.filter(({ what }) => !what.startsWith('a leave')))(
    'is finished on its own machine by the functions after it: $what',
    async (execution) => {
      const { stack, seats, end } = await goingOn(execution, {
        // What the execution waits for happens now.
        meanwhile({ identityCenter }) {
          if (execution.what.includes('SCIM')) identityCenter.addUser({ userId: user(2), userName: 'user-2' });
          const joiner = execution.what.includes('SCIM') ? [2] : [];
          for (const number of execution.what.startsWith('a join') ? [1] : joiner) {
            if (!execution.members.includes(number)) identityCenter.join(GROUP, user(number));
          }
        },
      });
      expect(end).toMatchObject({ status: 'SUCCEEDED', outcome: 'converged' });
      const members = stack.identityCenter
        .memberships(GROUP, 100)
        .values.map(({ userId }) => Number(userId.slice(-12)));
      expect(members.length).toBeGreaterThan(0);
      expect(seats).toEqual(members.map((number) => `${number} confirmed`).sort());
      expect(stack.identityCenter.assignments()).toHaveLength(members.length);
    },
  );

  it.each(EXECUTIONS.filter(({ what }) => what.startsWith('a leave')))(
    'takes back what it had begun to take back: $what',
    async (execution) => {
      const { stack, seats, end } = await goingOn(execution);
      expect(end).toMatchObject({ status: 'SUCCEEDED', outcome: 'converged' });
      expect(seats).toEqual(['1 revoked', '2 confirmed']);
      expect(stack.identityCenter.assignments()).toMatchObject([{ principalId: user(2) }]);
    },
  );

  it('tells of what the functions before it left to tell', async () => {
    const { told } = await goingOn(interrupted('a hint about a group, in ForEachBatch'));
    expect(told).toEqual(Array.from({ length: 6 }, () => 'Seat Assigned'));
  });

  it('is not answered what its machine does not know: revocations that are held', async () => {
    const { seats, end } = await goingOn(interrupted('a hint about a group, in WaitToSettle'), {
      meanwhile({ identityCenter }) {
        for (const number of people(1, 6)) identityCenter.leave(GROUP, user(number));
      },
    });
    expect(end).toMatchObject({ status: 'SUCCEEDED', outcome: 'converged' });
    expect(seats).toEqual(people(1, 6).map((number) => `${number} held`));
  });
});

describe('the machine', () => {
  it('names itself, and by another number than the one before, if it knows what that one does not', () => {
    const { definition } = readTemplate();
    const numberOf = ({ States }: StateMachineDefinition) => {
      const state = States['NormalizeRequest'];
      return (state && 'Parameters' in state && (state.Parameters as { machine?: number }).machine) || 1;
    };
    expect(numberOf(MACHINE)).toBe(1);
    expect(Object.keys(MACHINE.States)).not.toContain('Held');
    expect(Object.keys(definition.States)).toContain('Held');
    expect(numberOf(definition)).toBe(2);
  });
});
