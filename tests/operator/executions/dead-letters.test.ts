import { expect, it } from 'vitest';
import type { Message } from '../../../adapters/operator/queues.ts';
import { RefusedError } from '../../../domain/shared/errors.ts';
import { exampleEntitlements } from '../../../emulator/scenario/example-entitlements.ts';
import { receiveDeadLetters } from '../../../operator/executions/dead-letters.ts';
import type { Services } from '../../../operator/services.ts';
import { START } from '../../support/ids.ts';

it('messages of one queue are given back if the other cannot be read', async () => {
  const message: Message = { id: 'a', receipt: 'r', body: '{}', sentAt: START };
  const returned: unknown[] = [];
  const queues = {
    async receiveAll(queue: string) {
      if (queue === 'ticks') throw new RefusedError('access-denied', 'ReceiveMessage: denied');
      return [message];
    },
    async giveBack(...given: unknown[]) {
      returned.push(given);
    },
  };
  const services = {
    names: { queues: { events: 'events', ticks: 'ticks' } },
    queues: async () => queues,
  } as unknown as Services;
  const asker = {
    services: async () => services,
    entitlements: async () => exampleEntitlements(),
    clock: { now: () => START, sleep: async () => undefined },
  };
  await expect(receiveDeadLetters(asker)).rejects.toMatchObject({ reason: 'access-denied' });
  expect(returned).toEqual([['events', message]]);
});
