import type { Entitlements } from '../../domain/entitlements.ts';
import type { DirectorySeed } from '../../emulator/aws/identity-center/directory-seed.ts';
import { openWorld } from './world.ts';

export interface ServicesOptions {
  entitlements?: Entitlements;
  people?: number;
  /** Members of GROUP. */
  members?: readonly number[];
  directory?: Partial<DirectorySeed>;
}

/** Opens a world for the tests of a snapshot and of the changes that are decided from it. */
export async function openServices({ entitlements, people = 5, ...options }: ServicesOptions = {}) {
  const world = await openWorld({ ...(entitlements ? { configuration: entitlements } : {}), people, ...options });
  return { ...world, door: world.gateway };
}
