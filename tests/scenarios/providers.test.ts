import { describe, expect, it } from 'vitest';
import { exampleEntitlements } from '../../emulator/scenario/example-entitlements.ts';
import { applicationFindings } from '../../operator/doctor/applications.ts';
import { anAsker } from '../support/asker.ts';
import { APPLICATION } from '../support/ids.ts';
import { openWorld } from '../support/world.ts';

/** An application whose provider is this one, without a subscription in the configuration. */
function openProvided(provider: string | undefined) {
  const application = { applicationArn: APPLICATION, name: 'theirs', ...(provider === undefined ? {} : { provider }) };
  return openWorld({ directory: { applications: [application] } });
}

describe.each([
  ['is missing', undefined],
  ['is known', 'codewhisperer'],
  ['no page names', 'a-new-kind'],
  ['is that of applications of the customer', 'custom'],
])('an application whose provider %s', (_fact, provider) => {
  it('gives and takes seats by its ARN', async () => {
    const world = await openProvided(provider);
    await world.joins(1);
    await world.joins(2);
    await world.play();
    await world.leaves(1);
    await world.play();
    expect(world.assigned()).toEqual([2]);
    expect(await world.seats()).toEqual({ 1: 'revoked', 2: 'confirmed' });
    expect(world.calls('SSOAdmin.DescribeApplication')).toBe(0);
  });

  it('is listed, and usher doctor finds it', async () => {
    const world = await openProvided(provider);
    const asker = anAsker(world, exampleEntitlements());
    const { instances } = await asker.services();
    const [page = []] = await Array.fromAsync((await instances()).applications(world.center.instanceArn));
    expect(page).toMatchObject([{ applicationArn: APPLICATION, provider }]);
    const [listed, found, ...others] = await applicationFindings(asker, { assigned: new Map(), members: new Map() });
    expect(listed).toMatchObject({ check: 'applications', verdict: 'ok', found: '1 application' });
    const names = provider === undefined ? 'theirs' : `theirs, ${provider}`;
    expect(found).toMatchObject({ verdict: 'ok', found: `ENABLED (${names})` });
    // Only of the one provider that is known does it ask for more.
    const asks = others.filter(({ check }) => check.startsWith('subscription')).map(({ verdict }) => verdict);
    expect(asks).toEqual(provider === 'codewhisperer' ? ['warning'] : []);
  });
});
