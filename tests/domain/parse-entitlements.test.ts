import { describe, expect, it } from 'vitest';
import { groupNamesIn, parseEntitlements } from '../../domain/parse-entitlements.ts';
import { KIRO_PLANS } from '../../domain/subscription/plan.ts';

const GROUP = '44f834e8-0081-7055-1d60-2eb4f1bb0f7b';
const OTHER_GROUP = '9067a0d1cc-44f834e8-0081-7055-1d60-2eb4f1bb0f7c';

function anApplication(tail = '5555666677778888', instance = 'ssoins-1111222233334444') {
  return `arn:aws:sso::111122223333:application/${instance}/apl-${tail}`;
}

function anEntitlement(parts: Record<string, unknown> = {}) {
  return { name: 'one', application: anApplication(), groups: [GROUP], seats: { max: 200 }, ...parts };
}

function aFile(parts: Record<string, unknown> = {}) {
  return {
    identityCenter: {
      region: 'us-east-1',
      instanceArn: 'arn:aws:sso:::instance/ssoins-1111222233334444',
      identityStoreId: 'd-1234567890',
    },
    entitlements: [anEntitlement()],
    ...parts,
  };
}

const KIRO = { provider: 'kiro', plan: 'Q_DEVELOPER_STANDALONE_PRO', region: 'us-east-1' };
const ROLE = 'arn:aws:iam::222233334444:role/usher-subscriber';

/** An entitlement of another application, named by a number. */
function another(number: number, parts: Record<string, unknown>) {
  return anEntitlement({ name: `another-${number}`, application: anApplication(`555566667777000${number}`), ...parts });
}

function faultsOf(value: unknown): Record<string, string> {
  const result = parseEntitlements(value);
  return 'issues' in result ? Object.fromEntries(result.issues.map(({ path, problem }) => [path, problem])) : {};
}

const NOTICES = { from: 'usher@mail.example.com', signIn: { startUrl: 'https://acme.awsapps.com/start' } };
const KIRO_NOTICES = { product: 'Kiro', send: ['assigned'] };

/** A file with notices, at the top and in its entitlement. */
function aNoticedFile(settings: object = {}, notices: object = {}) {
  const entitlement = anEntitlement({ notices: { ...KIRO_NOTICES, ...notices } });
  return aFile({ notices: { ...NOTICES, ...settings }, entitlements: [entitlement] });
}

describe('notices in the configuration', () => {
  it('have defaults that keep their number small', () => {
    expect(parseEntitlements(aNoticedFile())).toMatchObject({
      entitlements: {
        notices: { ...NOTICES, language: 'en', dailyLimit: 200, perSecond: 1, backfill: false },
        entitlements: [{ notices: KIRO_NOTICES }],
      },
    });
  });

  it.each<[string, object]>([
    ['a sender of the identity', { identity: 'mail.example.com' }],
    ['a sender below the identity', { identity: 'example.com' }],
    ['an identity in other letters', { identity: 'Example.COM' }],
    ['the sender itself as identity', { identity: 'usher@Mail.example.com' }],
    ['a name in any script', { fromName: '情報システム部' }],
    ['a region and a language', { region: 'eu-west-1', language: 'pt-BR' }],
    ['a slow pace', { perSecond: 0.1, dailyLimit: 1 }],
  ])('take %s', (_fact, settings) => {
    expect(faultsOf(aNoticedFile(settings))).toEqual({});
  });

  it.each<[string, unknown, Record<string, string>]>([
    [
      'in an entitlement alone',
      aFile({ entitlements: [anEntitlement({ notices: KIRO_NOTICES })] }),
      { 'entitlements[0].notices': 'expected notices at the top, too: they say who sends' },
    ],
    [
      'at the top alone',
      aFile({ notices: NOTICES }),
      { notices: 'expected notices in an entitlement, too: they say what users are told' },
    ],
    [
      'of a sender outside the identity',
      aNoticedFile({ identity: 'ample.com' }),
      { 'notices.from': 'expected an address of notices.identity' },
    ],
    [
      'of a sender who is not the address that is the identity',
      aNoticedFile({ identity: 'other@mail.example.com' }),
      { 'notices.from': 'expected an address of notices.identity' },
    ],
    [
      'of a sender that differs from the address in upper case before the @, which Amazon SES distinguishes',
      aNoticedFile({ identity: 'Usher@mail.example.com' }),
      { 'notices.from': 'expected an address of notices.identity' },
    ],
    [
      'of a sender that IAM would replace in a policy',
      aNoticedFile({ from: 'usher${x}@mail.example.com' }),
      { 'notices.from': 'expected an address without ${' },
    ],
    [
      'with a text that no notice has',
      aNoticedFile({}, { texts: { assigned: 'Yes.', revoked: 'No.' } }),
      { 'entitlements[0].notices.texts.revoked': 'expected a kind that send names: no notice has this text' },
    ],
    [
      'with a name that is too long in a header',
      aNoticedFile({ fromName: '情'.repeat(64) }),
      { 'notices.fromName': 'expected at most 320 characters, encoded for e-mail, with from' },
    ],
    [
      'with line breaks and marks that turn text',
      aNoticedFile({ fromName: 'IT\r\nBcc: x' }, { product: '\u202eoriK' }),
      {
        'entitlements[0].notices.product': 'expected one line of plain text',
        'notices.fromName': 'expected one line of plain text',
      },
    ],
    [
      'with addresses that Amazon SES does not take',
      aNoticedFile({ from: 'Usher <usher@example.com>', replyTo: 'añá@example.com' }),
      {
        'notices.from': 'expected an e-mail address in ASCII',
        'notices.replyTo': 'expected an e-mail address in ASCII',
      },
    ],
    [
      'with a start URL that is not secure',
      aNoticedFile({ signIn: { startUrl: 'http://acme.awsapps.com/start' } }),
      {
        'notices.signIn.startUrl': 'expected a URL that begins with https://, without a user name and a password',
      },
    ],
    [
      'of the same kind twice',
      aNoticedFile({}, { send: ['assigned', 'assigned'] }),
      { 'entitlements[0].notices.send': 'expected each kind once' },
    ],
  ])('are refused %s', (_fact, file, faults) => {
    expect(faultsOf(file)).toEqual(faults);
  });
});

describe('parseEntitlements', () => {
  it('fills in defaults', () => {
    expect(parseEntitlements(aFile())).toEqual({
      entitlements: {
        ...aFile(),
        entitlements: [{ ...anEntitlement(), onLeave: { revokeAfterDays: 0 }, mode: 'enforce' }],
        retired: [],
        brake: { percent: 20, atLeast: 10 },
        requestsPerSecond: 10,
      },
    });
  });

  it.each([
    ['observe mode', { mode: 'observe' }],
    ['a day of grace', { onLeave: { revokeAfterDays: 1 } }],
    ['a year of grace', { onLeave: { revokeAfterDays: 365 } }],
    ['no seat at all', { seats: { max: 0 } }],
  ])('takes %s', (_fact, parts) => {
    expect(parseEntitlements(aFile({ entitlements: [anEntitlement(parts)] }))).toMatchObject({
      entitlements: { entitlements: [parts] },
    });
  });

  it.each([
    ['of Kiro or Amazon Q Developer', { provider: 'kiro', plan: 'Q_DEVELOPER_STANDALONE_PRO', region: 'eu-central-1' }],
    ['of Amazon Q Business', { provider: 'amazon-q-business', plan: 'Q_LITE', region: 'us-west-2' }],
    [
      'in another account',
      {
        provider: 'kiro',
        plan: 'Q_DEVELOPER_STANDALONE_POWER',
        region: 'us-east-1',
        roleArn: 'arn:aws:iam::222233334444:role/teams/usher-subscriber',
      },
    ],
  ])('takes a subscription %s, which is only reported', (_fact, subscription) => {
    expect(parseEntitlements(aFile({ entitlements: [anEntitlement({ subscription })] }))).toMatchObject({
      entitlements: { entitlements: [{ subscription: { ...subscription, mode: 'report' } }] },
    });
  });

  it('takes a subscription that Usher manages', () => {
    const subscription = { ...KIRO, mode: 'manage', allowDowngrade: true, endpoint: 'kiro.dev' };
    expect(parseEntitlements(aFile({ entitlements: [anEntitlement({ subscription })] }))).toMatchObject({
      entitlements: { entitlements: [{ subscription }] },
    });
  });

  it('manages the subscriptions of one application per Region of Kiro', () => {
    const managed = { ...KIRO, mode: 'manage' };
    const other = (name: string, fields: object) =>
      anEntitlement({
        name,
        application: anEntitlement().application.replace(/.{4}$/, `000${name.at(-1)}`),
        ...fields,
      });
    const entitlements = [
      anEntitlement({ subscription: managed }),
      other('reported-1', { subscription: KIRO }),
      other('elsewhere-2', { subscription: { ...managed, region: 'eu-central-1' } }),
      other('second-3', { subscription: managed }),
    ];
    expect(faultsOf(aFile({ entitlements }))).toEqual({
      'entitlements[3].subscription.mode':
        'expected report: entitlements[0] manages the subscriptions of this Region, and AWS has one list per Region',
    });
  });

  it('takes one external id per role, and none for a role that asks for none', () => {
    const named = { ...KIRO, roleArn: ROLE, externalId: 'usher-prod' };
    const entitlements = [
      anEntitlement({ subscription: named }),
      another(1, { subscription: { ...named, region: 'eu-central-1' } }),
      another(2, { subscription: { ...KIRO, roleArn: `${ROLE}-2` } }),
    ];
    expect(faultsOf(aFile({ entitlements }))).toEqual({});
    const { externalId: _, ...without } = named;
    const contradicting = [without, { ...named, externalId: 'other' }].map((subscription, index) =>
      another(index + 3, { subscription }),
    );
    expect(faultsOf(aFile({ entitlements: [...entitlements, ...contradicting] }))).toEqual({
      'entitlements[3].subscription.externalId': 'expected that of entitlements[0], which names the same role',
      'entitlements[4].subscription.externalId': 'expected that of entitlements[0], which names the same role',
    });
  });

  it('takes ids in upper case and gives them in lower case', () => {
    const { identityCenter } = aFile();
    const result = parseEntitlements({
      identityCenter: { ...identityCenter, identityStoreId: 'd-ABCDEF0123' },
      entitlements: [anEntitlement({ groups: [GROUP.toUpperCase(), OTHER_GROUP.toUpperCase()] })],
    });
    expect(result).toMatchObject({
      entitlements: {
        identityCenter: { identityStoreId: 'd-abcdef0123' },
        entitlements: [{ groups: [GROUP, OTHER_GROUP] }],
      },
    });
  });

  it.each([
    ['a value of the wrong type', { seats: { max: '200' } }, 'seats.max', 'expected a number'],
    ['a fraction of a seat', { seats: { max: 1.5 } }, 'seats.max', 'expected a whole number'],
    ['too small a number', { seats: { max: -1 } }, 'seats.max', 'expected at least 0'],
    ['too large a number', { seats: { max: 200_001 } }, 'seats.max', 'expected at most 200000'],
    ['a missing mapping', { seats: undefined }, 'seats', 'missing: expected a mapping'],
    ['an unknown key', { seats: { max: 1, min: 0 } }, 'seats.min', 'unknown key'],
    ['an unknown mode', { mode: 'dry-run' }, 'mode', 'expected enforce or observe'],
    ['no groups', { groups: [] }, 'groups', 'expected at least 1 in the list'],
    ['a group name', { groups: ['developers'] }, 'groups[0]', 'expected a group id: a UUID or <10 hex>-<UUID>'],
    ['a repeated group', { groups: [GROUP, GROUP.toUpperCase()] }, 'groups[1]', 'the same group as groups[0]'],
    [
      'an application of another instance',
      { application: anApplication('5555666677778888', 'ssoins-9999222233334444') },
      'application',
      'expected an application of identityCenter.instanceArn',
    ],
    ['a list of modes', { mode: ['observe'] }, 'mode', 'expected enforce or observe'],
    ['less than no grace', { onLeave: { revokeAfterDays: -1 } }, 'onLeave.revokeAfterDays', 'expected at least 0'],
    [
      'more than a year of grace',
      { onLeave: { revokeAfterDays: 366 } },
      'onLeave.revokeAfterDays',
      'expected at most 365',
    ],
    [
      'half a day of grace',
      { onLeave: { revokeAfterDays: 0.5 } },
      'onLeave.revokeAfterDays',
      'expected a whole number',
    ],
    ['grace in hours', { onLeave: { revokeAfterHours: 1 } }, 'onLeave.revokeAfterHours', 'unknown key'],
  ])('refuses %s, by path', (_fact, parts, path, problem) => {
    expect(faultsOf(aFile({ entitlements: [anEntitlement(parts)] }))).toEqual({ [`entitlements[0].${path}`]: problem });
  });

  it.each<[string, unknown, Record<string, string>]>([
    ['that is a text', 'kiro', { '': 'expected a mapping' }],
    ['of no provider', {}, { '.provider': 'expected kiro or amazon-q-business' }],
    ['of an unknown provider', { ...KIRO, provider: 'q' }, { '.provider': 'expected kiro or amazon-q-business' }],
    [
      'without plan and Region',
      { provider: 'amazon-q-business' },
      { '.plan': 'missing: expected Q_LITE or Q_BUSINESS', '.region': 'missing: expected a text' },
    ],
    [
      'of a plan of another provider, with those that there are',
      { ...KIRO, provider: 'amazon-q-business' },
      { '.plan': 'expected Q_LITE or Q_BUSINESS' },
    ],
    [
      'of a plan by the name that AWS returns',
      { ...KIRO, plan: 'KIRO_ENTERPRISE_PRO' },
      { '.plan': `expected ${KIRO_PLANS.join(' or ')}` },
    ],
    ['in no Region', { ...KIRO, region: 'Frankfurt' }, { '.region': 'expected a Region such as us-east-1' }],
    [
      'with a role that is none',
      { ...KIRO, roleArn: 'arn:aws:iam::1:role/x' },
      { '.roleArn': 'expected the ARN of an IAM role' },
    ],
    [
      'with an external id that AWS would not take',
      { ...KIRO, roleArn: ROLE, externalId: 'a b' },
      { '.externalId': 'expected 2 to 1224 letters, digits or any of _+=,.@:/-' },
    ],
    [
      'with too short an external id',
      { ...KIRO, roleArn: ROLE, externalId: 'a' },
      { '.externalId': 'expected 2 to 1224 letters, digits or any of _+=,.@:/-' },
    ],
    [
      'with an external id and no role',
      { ...KIRO, externalId: 'usher' },
      { '.externalId': 'expected roleArn, too: only a role has an external id' },
    ],
    ['in a mode that there is not', { ...KIRO, mode: 'buy' }, { '.mode': 'expected report or manage' }],
    [
      'of Amazon Q Business at an endpoint of Kiro',
      { provider: 'amazon-q-business', plan: 'Q_LITE', region: 'us-east-1', endpoint: 'kiro.dev' },
      { '.endpoint': 'unknown key' },
    ],
    ['with an unknown key', { ...KIRO, tier: 'pro' }, { '.tier': 'unknown key' }],
  ])('refuses a subscription %s', (_fact, subscription, problems) => {
    const expected = Object.fromEntries(
      Object.entries(problems).map(([path, problem]) => [`entitlements[0].subscription${path}`, problem]),
    );
    expect(faultsOf(aFile({ entitlements: [anEntitlement({ subscription })] }))).toEqual(expected);
  });

  describe('groups with a name', () => {
    const named = { name: 'q-developers', id: GROUP.toUpperCase() };

    it('are their ids for everything that decides', () => {
      const value = aFile({ entitlements: [anEntitlement({ groups: [named, OTHER_GROUP] })] });
      expect(parseEntitlements(value)).toMatchObject({
        entitlements: { entitlements: [{ groups: [GROUP, OTHER_GROUP] }] },
      });
      expect(JSON.stringify(parseEntitlements(value))).not.toContain('q-developers');
    });

    it('have their names for readers, by id', () => {
      const value = aFile({
        entitlements: [anEntitlement({ groups: [OTHER_GROUP, named] }), another(1, { groups: [OTHER_GROUP] })],
      });
      expect(groupNamesIn(value)).toEqual(new Map([[GROUP, 'q-developers']]));
    });

    it.each([[undefined], [null], ['kiro'], [{ entitlements: 7 }]])('are none in %j', (value) => {
      expect(groupNamesIn(value)).toEqual(new Map());
    });

    it.each<[string, unknown, Record<string, string>]>([
      ['without an id', { name: 'a' }, { '.id': 'missing: expected a text' }],
      ['without a name', { id: GROUP }, { '.name': 'missing: expected a text' }],
      [
        'with an empty name, and a name for an id',
        { name: '', id: 'developers' },
        {
          '.name': 'expected at least 1 characters',
          '.id': 'expected a group id: a UUID or <10 hex>-<UUID>',
        },
      ],
      ['with another key', { ...named, mail: 'x' }, { '.mail': 'unknown key' }],
      ['that is a number', 7, { '': 'expected a group id, or a mapping of name and id' }],
      ['that is nothing', null, { '': 'expected a group id, or a mapping of name and id' }],
      ['that is a list', [GROUP], { '': 'expected a group id, or a mapping of name and id' }],
    ])('are refused by path: one %s', (_fact, group, problems) => {
      const expected = Object.entries(problems).map(([path, problem]) => [`entitlements[0].groups[0]${path}`, problem]);
      expect(faultsOf(aFile({ entitlements: [anEntitlement({ groups: [group] })] }))).toEqual(
        Object.fromEntries(expected),
      );
    });

    it('are refused where the same group has another name, or comes twice', () => {
      const entitlements = [
        anEntitlement({ groups: [named, GROUP] }),
        another(1, { groups: [OTHER_GROUP, { name: 'others', id: GROUP }] }),
        another(2, { groups: [named] }),
      ];
      expect(faultsOf(aFile({ entitlements }))).toEqual({
        'entitlements[0].groups[1]': 'the same group as groups[0]',
        'entitlements[1].groups[1].name': 'expected that of entitlements[0].groups[0].name: it is the same group',
      });
    });
  });

  it('takes at most 100 groups an entitlement', () => {
    const groups = Array.from({ length: 101 }, (_, index) => GROUP.slice(0, -3) + String(index).padStart(3, '0'));
    expect(faultsOf(aFile({ entitlements: [anEntitlement({ groups })] }))).toEqual({
      'entitlements[0].groups': 'expected at most 100 in the list',
    });
    expect(faultsOf(aFile({ entitlements: [anEntitlement({ groups: groups.slice(1) })] }))).toEqual({});
  });

  describe('a cap that no plan could read', () => {
    const capped = (max: number, requestsPerSecond?: number) =>
      faultsOf(aFile({ entitlements: [anEntitlement({ seats: { max } })], requestsPerSecond }));

    it.each([
      [60_001, 1, 'expected at most 60000, or requestsPerSecond of at least 1.1'],
      [100_000, 1, 'expected at most 60000, or requestsPerSecond of at least 1.7'],
      [200_000, 1, 'expected at most 60000, or requestsPerSecond of at least 3.4'],
      [200_000, 3.3, 'expected at most 198000, or requestsPerSecond of at least 3.4'],
    ])('is refused with both numbers that would do: %d seats at %d requests per second', (max, pace, problem) => {
      expect(capped(max, pace)).toEqual({
        'entitlements[0].seats.max': `${problem}: a plan reads no longer list of assignments`,
      });
    });

    it.each([
      [60_000, 1],
      [200_000, 3.4],
      [200_000, 18],
      [200_000, undefined],
    ])('is none: %d seats at %s requests per second', (max, pace) => {
      expect(capped(max, pace)).toEqual({});
    });

    it('is not judged by a number that is no pace', () => {
      expect(capped(200_000, 0)).toEqual({ requestsPerSecond: 'expected at least 1' });
    });
  });

  it('takes the same group for two applications', () => {
    const two = anEntitlement({ name: 'two', application: anApplication('5555666677778889') });
    expect(faultsOf(aFile({ entitlements: [anEntitlement(), two] }))).toEqual({});
  });

  it('refuses a name or an application that another entitlement has', () => {
    expect(faultsOf(aFile({ entitlements: [anEntitlement(), anEntitlement({ seats: { max: 5 } })] }))).toEqual({
      'entitlements[1].name': 'the same name as entitlements[0]',
      'entitlements[1].application': 'the same application as entitlements[0]: one entitlement per application',
    });
  });

  describe('retired applications', () => {
    const retired = anApplication('9999666677778888');

    it('are those of removed entitlements', () => {
      expect(parseEntitlements(aFile({ retired: [retired] }))).toMatchObject({ entitlements: { retired: [retired] } });
    });

    it.each([
      ['has an entitlement', anApplication(), 'an entitlement names this application: expected another'],
      [
        'belongs to another instance',
        anApplication('9999666677778888', 'ssoins-9999222233334444'),
        'expected an application of identityCenter.instanceArn',
      ],
      ['is none', 'kiro', 'expected the ARN of an Identity Center application'],
      ['is nothing', null, 'expected a text'],
    ])('are refused, by path, where one %s', (_fact, application, problem) => {
      expect(faultsOf(aFile({ retired: [retired, application] }))).toEqual({ 'retired[1]': problem });
    });

    it('are a hundred at most', () => {
      const many = Array.from({ length: 101 }, (_, index) => anApplication(String(index).padStart(16, '0')));
      expect(faultsOf(aFile({ retired: many }))).toEqual({ retired: 'expected at most 100 in the list' });
      expect(faultsOf(aFile({ retired: many.slice(1) }))).toEqual({});
    });

    it('are a list', () => {
      expect(faultsOf(aFile({ retired }))).toEqual({ retired: 'expected a list' });
    });

    it('are not compared with an instance that is none', () => {
      const { identityCenter } = aFile();
      expect(faultsOf(aFile({ identityCenter: { ...identityCenter, instanceArn: 'x' }, retired: [retired] }))).toEqual({
        'identityCenter.instanceArn': 'expected the ARN of an Identity Center instance',
      });
    });
  });

  it('reports all errors at once, also contradictions between fields next to an error in another field', () => {
    const value = aFile({
      identityCenter: { region: 'Virginia', instanceArn: 'arn:aws:sso:::instance/ssoins-1111222233334444' },
      entitlements: [
        anEntitlement({ seats: {} }),
        'nonsense',
        anEntitlement({ mode: 'dream', groups: [GROUP, 7, GROUP] }),
      ],
      retired: ['nonsense', anApplication()],
      brake: { percent: 101, atLeast: 1 },
      requestsPerSecond: 0,
    });
    expect(faultsOf(value)).toEqual({
      'identityCenter.region': 'expected a Region such as us-east-1',
      'identityCenter.identityStoreId': 'missing: expected a text',
      'entitlements[0].seats.max': 'missing: expected a number',
      'entitlements[1]': 'expected a mapping',
      'entitlements[2].groups[1]': 'expected a group id, or a mapping of name and id',
      'entitlements[2].groups[2]': 'the same group as groups[0]',
      'entitlements[2].mode': 'expected enforce or observe',
      'entitlements[2].name': 'the same name as entitlements[0]',
      'entitlements[2].application': 'the same application as entitlements[0]: one entitlement per application',
      'retired[0]': 'expected the ARN of an Identity Center application',
      'retired[1]': 'an entitlement names this application: expected another',
      'brake.percent': 'expected at most 100',
      requestsPerSecond: 'expected at least 1',
    });
  });

  it.each([[undefined], [null], ['text'], [7], [[]], [() => 1]])('refuses what is no mapping at all: %s', (value) => {
    expect(faultsOf(value)['']).toMatch(/expected a mapping$/);
  });

  it('pollutes no prototype', () => {
    const result = parseEntitlements(JSON.parse('{"__proto__":{"polluted":true}}'));
    expect(result).toMatchObject({ issues: expect.arrayContaining([{ path: '__proto__', problem: 'unknown key' }]) });
    expect({}).not.toHaveProperty('polluted');
  });

  it('quotes neither values nor keys that are no plain words', () => {
    const secret = 'jane@example.com\u001b[2J';
    const result = parseEntitlements(
      aFile({
        [secret]: 1,
        entitlements: [anEntitlement({ name: secret, groups: [secret], mode: secret, [secret]: 1 })],
      }),
    );
    expect(JSON.stringify(result)).not.toContain('jane');
    expect(result).toMatchObject({
      issues: expect.arrayContaining([{ path: '', problem: 'unknown key (not a plain word)' }]),
    });
  });
});
