// @module-tag long
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { beforeAll, describe, expect, it } from 'vitest';
import { GROUP, OTHER_GROUP, user } from '../support/ids.ts';
import { withNotices } from '../support/notices.ts';
import { anOperator, configuration, linesOf } from '../support/operator.ts';

const operator = anOperator({
  people: 8,
  members: 3,
  others: [6, 7],
  entitlements: (configured) => withNotices(configured, { backfill: false }),
});
/** Its notices are to come. */
const later = anOperator({ people: 2 });
const WIDER = configuration(200, { groups: [GROUP, OTHER_GROUP] });
const FILES = {
  'wider.yml': withNotices(WIDER, { backfill: false }),
  'small.yml': withNotices(WIDER, { backfill: false, dailyLimit: 1 }),
  'backfill.yml': withNotices(configuration()),
  'silent.yml': configuration(),
};

beforeAll(() => {
  for (const [name, content] of Object.entries(FILES))
    writeFileSync(join(operator.folder, name), JSON.stringify(content));
});

async function planOf(...args: readonly string[]) {
  const lines = linesOf((await operator.run('plan', '--json', ...args)).out);
  return { first: lines.find(({ type }) => type === 'plan'), total: lines.at(-1) };
}

describe('before the first full sweep with notices', () => {
  it('usher plan says that no user would be written to, and when notices begin', async () => {
    const { code, out } = await operator.run('plan', '--detailed-exitcode');
    expect(code).toBe(2);
    expect(out).toContain(
      'Its users get notices of what changes after the first full sweep with notices has ended, and none of this plan.',
    );
    expect(out).toContain('No user would be written to.');
    expect(await planOf()).toMatchObject({
      first: { notices: 0, noticesChange: 'begin' },
      total: { notices: 0, noticesPerDay: 200 },
    });
  });

  it('usher plan counts the users where the first sweep counts, too', async () => {
    const { out } = await operator.run('plan', 'backfill.yml');
    expect(out).toContain('Its users get notices from now on, also of what the first full sweep changes');
    expect(out).toContain('At most 3 notices would be sent: to those who have an address.');
  });

  it('usher backfill says it as well', async () => {
    const { error } = await operator.run('backfill', '--dry-run');
    expect(error).toContain('No user would be written to.');
    const [first] = linesOf((await operator.run('backfill', '--dry-run', '--json')).out);
    expect(first).toMatchObject({ type: 'plan', notices: 0, noticesChange: 'begin' });
  });

  it('usher why says why a user was told nothing', async () => {
    await operator.run('start', '--all', '--wait');
    const { out } = await operator.run('why', user(1));
    expect(out).toContain(
      'Notice: none (assigned), because the change was made before notices began for the entitlement',
    );
    const [line] = linesOf((await operator.run('why', user(1), '--json')).out);
    expect(line?.['entitlements']).toMatchObject([{ notice: { kind: 'assigned', reason: 'before-start' } }]);
    expect(linesOf((await operator.run('notices', '--json', '--user', user(1))).out)).toMatchObject([
      { type: 'notice', kind: 'assigned', reason: 'before-start', resend: { possible: false } },
    ]);
  });
});

describe('after it', () => {
  it('usher plan says the same of a first sweep that counts and changes nothing', async () => {
    const unswept = withNotices(configuration());
    writeFileSync(join(later.folder, 'backfill.yml'), JSON.stringify(unswept));
    await later.run('start', '--all', '--wait');
    const { out } = await later.run('plan', 'backfill.yml');
    expect(out).toContain('Its users get notices from now on, also of what the first full sweep changes');
    expect(out).toContain('No user would be written to.');
  });

  it('usher plan finds nothing to change', async () => {
    expect(await planOf('--detailed-exitcode')).toMatchObject({ first: { notices: 0 }, total: { hasChanges: false } });
  });

  it('usher plan counts who would be written to, in every form', async () => {
    expect(await planOf('wider.yml')).toMatchObject({ first: { gains: 2, notices: 2 }, total: { notices: 2 } });
    const { out } = await operator.run('plan', 'wider.yml');
    expect(out).toMatch(/NOTICES\namazon-q-developer.*\t2\nkiro.*\t\n/);
    expect(out).toContain('At most 2 notices would be sent: to those who have an address.\n');
    const markdown = await operator.run('plan', 'wider.yml', '--format', 'markdown');
    expect(markdown.out).toContain('At most 2 notices would be sent: to those who have an address.');
    expect(markdown.out).toContain('| NOTICES |');
  });

  it('usher plan warns of more notices than are sent per day', async () => {
    const { out } = await operator.run('plan', 'small.yml');
    expect(out).toContain(
      'The daily limit is 1 (notices.dailyLimit): if all change on one day, 1 is not sent, unless an operator sends it again.',
    );
  });

  it('usher plan compares notices, and says where they end', async () => {
    await operator.run('plan', '--out', 'before.json');
    await operator.run('plan', 'wider.yml', '--out', 'wider.json');
    await operator.run('plan', 'silent.yml', '--out', 'silent.json');
    const differences = async (file: string) =>
      linesOf((await operator.run('plan', '--json', '--diff', 'before.json', file)).out);
    expect(await differences('wider.json')).toContainEqual(
      expect.objectContaining({ field: 'notices', before: 0, after: 2 }),
    );
    expect(await differences('silent.json')).toMatchObject([
      { field: 'notices', before: 0 },
      { field: 'noticesChange', after: 'end' },
    ]);
    const { code, out } = await operator.run('plan', 'silent.yml', '--detailed-exitcode');
    expect([code, out]).toEqual([2, expect.stringContaining('Its users get no notices any longer.')]);
  });
});

describe('usher why', () => {
  const { entitlements, ...others } = withNotices(configuration(200, { onLeave: { revokeAfterDays: 7 } }));
  const silent = entitlements.map((one) =>
    one.notices ? { ...one, notices: { ...one.notices, send: ['assigned' as const] } } : one,
  );
  const explained = anOperator({ people: 2, entitlements: () => ({ ...others, entitlements: silent }) });

  it('names the last change of the seat, also one of which its user is not told', async () => {
    await explained.run('start', '--all', '--wait');
    for (const action of ['leave', 'join']) {
      await explained.run('local', 'trigger', action, user(1), GROUP);
      await explained.run('start', '--user', user(1), '--wait');
    }
    const { out } = await explained.run('why', user(1));
    expect(out).toMatch(/Seat Assigned.*Seat Leaving.*Seat Kept/s);
    expect(out).toContain('Notice: none (kept), because the configuration does not send this kind.');
  });
});

describe('usher adopt', () => {
  const adopter = anOperator({ people: 3, assigned: [1], entitlements: (configured) => withNotices(configured) });
  const quiet = anOperator({
    people: 3,
    assigned: [1],
    entitlements: (configured) => withNotices(configured, { backfill: false }),
  });

  it('says that adopted users are written to, where adopted seats count', async () => {
    const { error } = await adopter.run('adopt', '--yes', '--wait');
    expect(error).toContain('users whose seat is adopted get the notice assigned (notices.backfill).');
    const { out } = await adopter.run('notices', '--user', user(1), '--json');
    expect(linesOf(out)).toMatchObject([{ kind: 'assigned', status: 'sent' }]);
    expect((await adopter.run('why', user(1))).out).toContain('Notice: assigned, sent');
  });

  it('leaves adopted users alone unless adopted seats count, and usher why says so', async () => {
    await quiet.run('adopt', '--yes', '--wait');
    expect((await quiet.run('why', user(1))).out).toContain('Notice: none (assigned), because the seat was adopted:');
  });
});
