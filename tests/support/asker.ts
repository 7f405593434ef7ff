import type { Entitlements } from '../../domain/entitlements.ts';
import type { Asker } from '../../operator/asker.ts';
import { newMemory } from '../../operator/memory.ts';
import { servicesOf } from '../../operator/services.ts';
import { Unread } from '../../operator/unread.ts';
import { REGION } from './ids.ts';
import type { World } from './world.ts';

/** Asks the account of a world, by the services of the operator's commands. Time stands still for them. */
export function anAsker(world: Pick<World, 'aws' | 'clock'>, entitlements: Entitlements): Asker {
  const services = servicesOf({
    onRetry: () => undefined,
    clock: world.clock,
    stage: 'local',
    region: REGION,
    perSecond: 20,
    access: { ...world.aws, endpoint: world.aws.endpoint ?? '' },
  });
  return {
    clock: world.clock,
    stage: 'local',
    local: true,
    entitlements: async () => entitlements,
    groupNames: async () => new Map(),
    services: async () => services,
    memory: newMemory(),
    unread: new Unread(),
    progress: () => undefined,
  };
}
