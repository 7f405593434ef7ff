import { describe, expect, it } from 'vitest';
import type { Entitlement } from '../../domain/entitlements.ts';
import { exampleEntitlements } from '../../emulator/scenario/example-entitlements.ts';
import { settingsLines } from '../../operator/settings.ts';
import { APPLICATION, GROUP, OTHER_APPLICATION, OTHER_GROUP } from '../support/ids.ts';

const OF_OTHER = { name: 'kiro', application: OTHER_APPLICATION, groups: [OTHER_GROUP], seats: { max: 7 } };

const configured = (...entitlements: Partial<Entitlement>[]) => exampleEntitlements({ entitlements });

describe('the settings of entitlements', () => {
  it('have all that is configured, with its defaults, and no names of groups', () => {
    const subscription = {
      provider: 'kiro',
      plan: 'Q_DEVELOPER_STANDALONE_PRO',
      region: 'us-east-1',
      mode: 'manage',
      roleArn: 'arn:aws:iam::222233334444:role/usher-subscriber',
    } as const;
    const notices: Entitlement['notices'] = { product: 'Kiro', send: ['assigned'] };
    const one = { ...OF_OTHER, onLeave: { revokeAfterDays: 3 }, mode: 'observe', costCentre: 'R-D' } as const;
    const withId = { ...subscription, externalId: 'x1' };
    const file = { entitlements: [{ ...one, subscription: withId, notices: { ...notices, texts: { kept: 'Hi' } } }] };
    expect(settingsLines({ file, deployed: undefined })).toEqual([
      {
        type: 'entitlement-settings',
        entitlement: 'kiro',
        application: OTHER_APPLICATION,
        groups: [OTHER_GROUP],
        max: 7,
        revokeAfterDays: 3,
        mode: 'observe',
        costCentre: 'R-D',
        subscription,
        notices,
        origin: 'file',
      },
    ]);
  });

  it('are one line if file and deployment agree, and two if they do not', () => {
    const deployed = configured({}, OF_OTHER);
    const file = configured({}, { ...OF_OTHER, seats: { max: 9 } });
    expect(settingsLines({ file, deployed }).map(({ application, max, origin }) => [application, max, origin])).toEqual(
      [
        [APPLICATION, deployed.entitlements[0]?.seats.max, 'both'],
        [OTHER_APPLICATION, 7, 'deployed'],
        [OTHER_APPLICATION, 9, 'file'],
      ],
    );
  });

  it('are those of a side that has the application, also under another name', () => {
    const lines = settingsLines({
      deployed: configured(OF_OTHER),
      file: configured({ name: 'q' }, { ...OF_OTHER, name: 'k' }),
    });
    expect(lines.map(({ entitlement, origin }) => [entitlement, origin])).toEqual([
      ['kiro', 'deployed'],
      ['k', 'file'],
      ['q', 'file'],
    ]);
  });

  it('are asked for by the name of an entitlement', () => {
    const file = configured({ groups: [GROUP] }, OF_OTHER);
    expect(settingsLines({ file, deployed: undefined }, 'kiro')).toMatchObject([{ entitlement: 'kiro' }]);
    expect(settingsLines({ file, deployed: undefined }, 'nosuch')).toEqual([]);
  });
});
