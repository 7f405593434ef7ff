import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import * as z from 'zod/mini';
import type { Entitlements } from '../domain/entitlements.ts';
import { daysFrom, plusDays } from '../domain/shared/day.ts';
import type { DirectorySeed } from '../emulator/aws/identity-center/directory-seed.ts';
import { exampleEntitlements } from '../emulator/scenario/example-entitlements.ts';
import { openVirtualEmulator, type VirtualEmulator } from '../emulator/virtual-server.ts';

const STORE = 'd-1234567890';
const DEVELOPERS = '44f834e8-0081-7055-1d60-2eb4f1bb0f7b';
const PILOTS = '44f834e8-0082-7055-1d60-2eb4f1bb0f7c';
const INSTANCE = 'arn:aws:sso::111122223333:application/ssoins-1111222233334444';
const Q_DEVELOPER = `${INSTANCE}/apl-5555666677778888`;
const KIRO = `${INSTANCE}/apl-9999000011112222`;
const PLAN = 'KIRO_ENTERPRISE_PRO';

const NAMES = ['ana', 'ben', 'cleo', 'dan', 'eva', 'finn', 'gil', 'hana', 'ines', 'jan'] as const;
type Name = (typeof NAMES)[number];

const AnswerSchema = z.object({ MembershipId: z.optional(z.string()) });

const DAY_SECONDS = 24 * 3600;
/** The day on which the emulator starts. */
const START_DAY = '2026-11-30';

/** Who is in the groups at first: seven developers, for five seats, and three pilots of Kiro. */
const DEVELOPING = NAMES.slice(0, 7);
const SEATS = 5;
const PILOTING = NAMES.slice(7);
/** All of them leave at once. */
const LEAVING = PILOTING;

/** An emulator for commands. */
interface Scene extends VirtualEmulator {
  /** What the commands name, as `docs/operator.md` shows it, and where it is: activity files, and a configuration. */
  files: ReadonlyMap<string, string>;
}

/** What is deployed; of the developers, with another number of seats. */
function configuration(seats = SEATS): Entitlements {
  return exampleEntitlements({
    entitlements: [
      {
        name: 'q-developer',
        application: Q_DEVELOPER,
        groups: [DEVELOPERS],
        seats: { max: seats },
        costCentre: 'R-D 4711',
      },
      {
        name: 'kiro',
        application: KIRO,
        groups: [PILOTS],
        seats: { max: 10 },
        costCentre: 'Pilots 0815',
        subscription: { provider: 'kiro', plan: 'Q_DEVELOPER_STANDALONE_PRO', region: 'us-east-1', mode: 'report' },
      },
    ],
    brake: { percent: 20, atLeast: 2 },
    notices: { from: 'it@example.com', backfill: true },
  });
}

/**
 * Opens an emulator in which something has happened for every question that `docs/operator.md` answers: all get their seats,
 * two wait; a day later, a user is deleted, and the group of the pilots loses all of its members, which the brake holds.
 *
 * @param before called when Usher is deployed and nothing has happened yet
 */
export async function openScene(before: (emulator: VirtualEmulator) => Promise<void>): Promise<Scene> {
  const emulator = await openVirtualEmulator(configuration(), directory());
  await before(emulator);
  const call = async (target: string, input: object) => {
    const headers = { 'x-amz-target': target, 'content-type': 'application/x-amz-json-1.1' };
    const response = await fetch(emulator.endpoint, { method: 'POST', headers, body: JSON.stringify(input) });
    const text = await response.text();
    if (!response.ok) throw new Error(`${target}: ${text}`);
    return AnswerSchema.parse(JSON.parse(text || '{}'));
  };
  const store = (operation: string, input: object) =>
    call(`AWSIdentityStore.${operation}`, { IdentityStoreId: STORE, ...input });
  await call('AWSStepFunctions.StartExecution', {
    stateMachineArn: 'arn:aws:states:us-east-1:000000000000:stateMachine:usher-local-onboarding',
    input: JSON.stringify({ scope: 'everything' }),
  });
  await emulator.pass(DAY_SECONDS);
  await store('DeleteUser', { UserId: userId('ben') });
  await emulator.pass(3600);
  for (const name of LEAVING) {
    const { MembershipId } = await store('GetGroupMembershipId', {
      GroupId: PILOTS,
      MemberId: { UserId: userId(name) },
    });
    await store('DeleteGroupMembership', { MembershipId });
  }
  await emulator.pass(3600);
  const root = mkdtempSync(join(tmpdir(), 'usher-scene-'));
  const files = new Map([
    ['./activity', writeActivity(join(root, 'activity'), START_DAY)],
    ['next.yml', join(root, 'next.yml')],
  ]);
  writeFileSync(join(root, 'next.yml'), JSON.stringify(configuration(SEATS + 1)));
  const close = async () => {
    rmSync(root, { recursive: true });
    await emulator.close();
  };
  return { ...emulator, files, close };
}

/** Writes activity files as AWS does, one per day: only Hana uses Kiro. @returns their folder */
function writeActivity(root: string, last: string): string {
  for (const day of daysFrom(plusDays(last, -40), last)) {
    const folder = join(root, 'AWSLogs/111122223333/KiroLogs/user_report/us-east-1', day.replaceAll('-', '/'), '00');
    mkdirSync(folder, { recursive: true });
    const row = `${day},${STORE}.${userId('hana')},KIRO_IDE,0.5`;
    writeFileSync(join(folder, 'report.csv'), `Date,UserId,Client_Type,Credits_Used\n${row}\n`);
  }
  return root;
}

function userId(name: Name): string {
  const number = String(NAMES.indexOf(name) + 1).padStart(2, '0');
  return `94e80458-00${number}-70ea-08fa-c3a10a1d8b${number}`;
}

function directory(): DirectorySeed {
  const subscription = (name: Name) => ({ user: userId(name), plan: PLAN });
  return {
    identityStoreId: STORE,
    users: NAMES.map((name) => ({ userId: userId(name), userName: name, email: `${name}@example.com` })),
    groups: [
      { groupId: DEVELOPERS, displayName: 'developers', members: DEVELOPING.map(userId) },
      { groupId: PILOTS, displayName: 'kiro-pilots', members: PILOTING.map(userId) },
    ],
    applications: [
      { applicationArn: Q_DEVELOPER, name: 'QDevProfile-us-east-1', provider: 'codewhisperer' },
      {
        applicationArn: KIRO,
        name: 'KiroProfile-us-east-1',
        provider: 'codewhisperer',
        region: 'us-east-1',
        subscriptions: [subscription('hana'), subscription('ines'), subscription('dan')],
      },
    ],
  };
}
