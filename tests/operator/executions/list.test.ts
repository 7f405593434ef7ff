import { describe, expect, it } from 'vitest';
import type { ExecutionDetail, ExecutionSummary } from '../../../adapters/executions.ts';
import type { LoggedEvent } from '../../../adapters/operator/audit-log.ts';
import { RefusedError } from '../../../domain/shared/errors.ts';
import { exampleEntitlements } from '../../../emulator/scenario/example-entitlements.ts';
import type { Asker } from '../../../operator/asker.ts';
import { listExecutions } from '../../../operator/executions/list.ts';
import { newMemory } from '../../../operator/memory.ts';
import type { Services } from '../../../operator/services.ts';
import { Unread } from '../../../operator/unread.ts';
import { execution, START, user } from '../../support/ids.ts';

/** One execution of the account: the newest has the highest number, and began a minute after the one before. */
interface Past {
  input?: object;
  more?: Partial<ExecutionDetail>;
  /** Detail-types of its audit events. */
  events?: readonly string[];
}
const TICK = { scope: 'tick' };
const COUNT = 100_000;

function startOf(number: number): Date {
  return new Date(START.getTime() + (number - COUNT) * 60_000);
}

/** An account with a hundred thousand executions, which are ticks unless the test says otherwise. Counts its requests. */
function anAccount(past: Readonly<Record<number, Past>> = {}) {
  const calls = { list: 0, describe: 0, audit: 0 };
  const unread = new Unread();
  const summary = (number: number): ExecutionSummary => ({
    arn: execution(String(number)),
    name: String(number),
    status: 'SUCCEEDED',
    startedAt: startOf(number),
    endedAt: new Date(startOf(number).getTime() + 30_000),
    ...past[number]?.more,
  });
  const executions = {
    async *list(machine: string) {
      if (machine === 'admin') return;
      for (let from = COUNT; from > 0; from -= 100) {
        calls.list += 1;
        yield Array.from({ length: 100 }, (_, index) => summary(from - index));
      }
    },
    async describe(arn: string): Promise<ExecutionDetail> {
      calls.describe += 1;
      const number = Number(arn.split(':').at(-1));
      const output = JSON.stringify({ plan: { outcome: 'converged' } });
      const { input = TICK } = past[number] ?? {};
      return {
        ...summary(number),
        input: JSON.stringify(input),
        output,
        redrives: 0,
        isRedrivable: false,
        ...past[number]?.more,
      };
    },
  };
  const log = {
    async *events({ since, until }: { since?: Date; until?: Date }) {
      calls.audit += 1;
      yield Object.entries(past).flatMap(([number, { events = [] }]): LoggedEvent[] => {
        const at = startOf(Number(number));
        if ((since && at < since) || (until && at > until)) return [];
        return events.map((type, index) => ({ id: `${number}-${index}`, at, text: anEvent(type, number, index) }));
      });
    },
  };
  const services = {
    names: { machine: 'onboarding', adminMachine: 'admin' },
    machineArn: async (name: string) => name,
    executions: async () => executions,
    auditLog: async () => log,
  } as unknown as Services;
  const asker: Asker = {
    clock: { now: () => START, sleep: async () => undefined },
    stage: 'local',
    local: true,
    entitlements: async () => exampleEntitlements(),
    groupNames: async () => new Map(),
    services: async () => services,
    memory: newMemory(),
    unread,
    progress: () => undefined,
  };
  return { asker, calls, unread, executions, log };
}

function anEvent(type: string, name: string, index: number): string {
  const metadata = { uid: `${name}-${index}`, correlation_uid: execution(name) };
  return JSON.stringify({ 'detail-type': type, detail: { metadata } });
}

const ALL = { limit: 20, ticks: true };
const FOLDED = { limit: 20, ticks: false };

describe('the list of executions', () => {
  it('reads as many of a hundred thousand as it shows', async () => {
    const { asker, calls } = anAccount();
    const { rows, read, more } = await listExecutions(ALL, asker);
    expect([rows.length, read, more]).toEqual([20, 20, true]);
    expect(calls).toEqual({ list: 1, describe: 20, audit: 1 });
  });

  it('reads a hundred at most to find more than ticks, and says that there are more', async () => {
    const { asker, calls } = anAccount();
    const { rows, read, more } = await listExecutions(FOLDED, asker);
    expect(rows).toEqual([{ ticks: 100, since: startOf(COUNT - 99), until: startOf(COUNT) }]);
    expect([read, more, calls.describe]).toEqual([100, true, 100]);
    expect(calls.list).toBeLessThanOrEqual(2);
  });

  it('folds ticks that changed nothing, and shows those that did, failed or run', async () => {
    const failure = { status: 'FAILED', error: 'RefusedError' } as const;
    const { asker } = anAccount({
      [COUNT]: { more: { status: 'RUNNING', endedAt: undefined as never } },
      [COUNT - 2]: {
        input: { userId: user(1) },
        events: ['Seat Assigned', 'Seat Assigned', 'Seat Revoked', 'Seat Kept'],
      },
      [COUNT - 5]: { events: ['Seat Adopted'] },
      [COUNT - 6]: { more: failure },
    });
    const { rows } = await listExecutions(FOLDED, asker);
    const seen = rows.map((row) =>
      'ticks' in row ? row.ticks : [row.execution.name, row.ending?.outcome, row.changes].map((one) => one ?? '-'),
    );
    expect(seen).toEqual([
      [`${COUNT}`, '-', { gained: 0, lost: 0 }],
      1,
      [`${COUNT - 2}`, 'converged', { gained: 2, lost: 1 }],
      2,
      [`${COUNT - 5}`, 'converged', { gained: 1, lost: 0 }],
      [`${COUNT - 6}`, 'failed', { gained: 0, lost: 0 }],
      93,
    ]);
  });

  it('counts an audit event that was sent twice once', async () => {
    const { asker, log } = anAccount({ [COUNT]: { input: { userId: user(1) } } });
    log.events = async function* () {
      const text = anEvent('Seat Assigned', `${COUNT}`, 0);
      yield [text, text, 'not JSON', '{}'].map((one, index) => ({ id: `${index}`, at: START, text: one }));
    };
    const { rows } = await listExecutions(ALL, asker);
    expect(rows[0]).toMatchObject({ changes: { gained: 1, lost: 0 } });
  });

  it('reads again only what has not ended', async () => {
    const { asker, calls } = anAccount({ [COUNT]: { more: { status: 'RUNNING', endedAt: undefined as never } } });
    await listExecutions(ALL, asker);
    await listExecutions(ALL, asker);
    expect(calls.describe).toBe(21);
  });

  it('shows no changes, and folds no tick, where the audit stream cannot be read', async () => {
    const { asker, unread, log } = anAccount();
    log.events = () => {
      throw new RefusedError('access-denied', 'FilterLogEvents: no');
    };
    const { rows } = await listExecutions(FOLDED, asker);
    expect(rows).toHaveLength(20);
    expect(rows[0]).toMatchObject({ changes: undefined });
    expect(unread.size).toBe(1);
  });

  it('shows no changes of executions in a time of which it did not read all audit events', async () => {
    const { asker, log } = anAccount({ [COUNT - 15]: { input: { userId: user(1) } } });
    let pages = 0;
    log.events = async function* () {
      for (;;) {
        pages += 1;
        yield [{ id: `${pages}`, at: startOf(COUNT - 10), text: anEvent('Seat Assigned', `${COUNT - 15}`, pages) }];
      }
    };
    const { rows } = await listExecutions(ALL, asker);
    expect(pages).toBe(10);
    expect(rows[5]).toMatchObject({ changes: undefined });
    expect(rows[15]).toMatchObject({ changes: { gained: 10, lost: 0 } });
  });

  it('shows an execution that AWS does not describe', async () => {
    const { asker, unread, executions } = anAccount();
    executions.describe = () => Promise.reject(new RefusedError('access-denied', 'DescribeExecution: no'));
    const { rows } = await listExecutions({ limit: 3, ticks: false }, asker);
    expect(rows).toHaveLength(3);
    expect(rows[0]).toMatchObject({ subject: undefined, ending: undefined });
    expect(unread.size).toBe(1);
  });
});
