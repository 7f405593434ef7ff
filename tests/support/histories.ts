import { type Entitlements, parseEntitlements } from '../../domain/entitlements.ts';
import { plusSeconds } from '../../domain/shared/time.ts';
import { type AuditEntry, openStack, type Stack, type StackListener } from '../../emulator/stack/stack.ts';
import { aPerson } from './directory.ts';
import { anAddMemberToGroup, aPatchGroup, aRemoveMemberFromGroup } from './events.ts';
import { APPLICATION, GROUP, OTHER_APPLICATION, OTHER_GROUP, people, STORE_ID, user } from './ids.ts';

const HOUR_SECONDS = 3600;
const PEOPLE = 12;

/** One deployment: three seats of APPLICATION for GROUP, and an entitlement of OTHER_APPLICATION as given. */
function deployment(others: readonly object[], rest: object = {}): Entitlements {
  const parsed = parseEntitlements({
    identityCenter: {
      region: 'us-east-1',
      instanceArn: 'arn:aws:sso:::instance/ssoins-1111222233334444',
      identityStoreId: STORE_ID,
    },
    entitlements: [{ name: 'one', application: APPLICATION, groups: [GROUP], seats: { max: 3 } }, ...others],
    brake: { percent: 0, atLeast: 1 },
    ...rest,
  });
  if ('faults' in parsed) throw new Error(JSON.stringify(parsed.faults));
  return parsed.entitlements;
}

const OTHER = { name: 'other', application: OTHER_APPLICATION, groups: [OTHER_GROUP], seats: { max: 10 } };

interface Scene {
  stack: Stack;
  audit: readonly AuditEntry[];
  now(): string;
  /** Starts an execution and lets it end. */
  start(input: unknown): Promise<void>;
  admin(input: unknown): Promise<void>;
  tickAfter(seconds: number): Promise<void>;
}

/** What happens in a company, as far as it makes the functions do different things. */
const SCENES: Readonly<Record<string, (scene: Scene) => Promise<void>>> = {
  async 'people join and leave, by every kind of event'({ stack, start, now, tickAfter }) {
    const { identityCenter: center } = stack;
    await tickAfter(0);
    center.join(GROUP, user(1));
    await start(anAddMemberToGroup({ groupId: GROUP, userId: user(1), time: now() }));
    for (const number of [2, 3, 4]) center.join(GROUP, user(number));
    await start(aPatchGroup({ groupId: GROUP, time: now() }));
    center.leave(GROUP, user(1));
    await start(aRemoveMemberFromGroup({ groupId: GROUP, userId: user(1), time: now() }));
    await tickAfter(25 * HOUR_SECONDS);
  },
  async 'people are started by hand, before SCIM has brought them'({ stack, start }) {
    const { identityCenter: center } = stack;
    const late = aPerson(90);
    stack.at(new Date(plusSeconds(stack.clock.now(), HOUR_SECONDS)), () => {
      center.addUser(late);
      center.join(GROUP, late.userId);
    });
    await start({ userName: late.userName.replace(/\p{Cc}/gu, '') || 'late' });
    await start({ email: late.email });
    await start({ userId: user(1) });
    await start({ groupId: GROUP });
  },
  async 'people are disabled and deleted'({ stack, start, tickAfter }) {
    const { identityCenter: center } = stack;
    for (const number of [1, 2, 3]) center.join(GROUP, user(number));
    await tickAfter(0);
    center.setStatus(user(1), 'DISABLED');
    await start({ userId: user(1) });
    center.deleteUser(user(2));
    await tickAfter(25 * HOUR_SECONDS);
    await start({ userId: user(3) });
  },
  async 'a mass leave is held, and released'({ stack, audit, admin, tickAfter }) {
    const { identityCenter: center } = stack;
    for (const number of people(1, 3)) center.join(GROUP, user(number));
    await tickAfter(0);
    for (const number of people(1, 3)) center.leave(GROUP, user(number));
    await tickAfter(2 * HOUR_SECONDS);
    await admin({ release: heldIn(audit) });
  },
  async 'what was there before is adopted'({ stack, admin, tickAfter }) {
    const { identityCenter: center } = stack;
    center.join(GROUP, user(5));
    center.assignByHand(APPLICATION, user(5));
    await tickAfter(0);
    await admin({ adopt: 'one' });
  },
  async 'an entitlement observes, then is enforced, then retired'({ stack, start, tickAfter }) {
    const { identityCenter: center } = stack;
    stack.configure(deployment([{ ...OTHER, mode: 'observe' }]));
    center.join(OTHER_GROUP, user(6));
    await tickAfter(0);
    await start(anAddMemberToGroup({ groupId: OTHER_GROUP, userId: user(6), time: stack.clock.now().toISOString() }));
    stack.configure(deployment([OTHER]));
    await tickAfter(2 * HOUR_SECONDS);
    stack.configure(deployment([], { retired: [OTHER_APPLICATION] }));
    await tickAfter(2 * HOUR_SECONDS);
    await start({ application: OTHER_APPLICATION });
    await tickAfter(2 * HOUR_SECONDS);
  },
  async 'functions crash, calls are refused, lists are long'({ stack, start, tickAfter }) {
    const { identityCenter: center, faults } = stack;
    faults.add({ operation: 'SSOAdmin.CreateApplicationAssignment', kind: 'crash-after' });
    faults.add({ operation: 'EventBridge.PutEvents', kind: 'partial' });
    center.join(GROUP, user(7));
    await start({ groupId: GROUP });
    faults.add({ operation: 'SSOAdmin.DeleteApplicationAssignment', kind: 'refuse' });
    center.leave(GROUP, user(7));
    await start({ userId: user(7) });
    await start({ nonsense: true });
    center.unassignByHand(APPLICATION, user(7));
    await tickAfter(2 * HOUR_SECONDS);
  },
};

/** The digest by which what was held last is released. */
function heldIn(audit: readonly AuditEntry[]): string {
  const held = audit.findLast(({ DetailType }) => DetailType === 'Revocations Held');
  if (!held) throw new Error('Nothing was held');
  return (held.Detail as { unmapped: { hold_digest: string } }).unmapped.hold_digest;
}

export const HISTORIES = Object.keys(SCENES);

/** Plays one of {@link HISTORIES} on a stack of its own. */
export async function playHistory(name: string, listener: StackListener): Promise<void> {
  const scene = SCENES[name];
  if (!scene) throw new Error(`There is no history ${name}`);
  const audit: AuditEntry[] = [];
  const stack = await openStack({
    entitlements: deployment([OTHER]),
    directory: {
      identityStoreId: STORE_ID,
      users: people(1, PEOPLE).map(aPerson),
      groups: [{ groupId: GROUP }, { groupId: OTHER_GROUP }],
      applications: [{ applicationArn: APPLICATION }, { applicationArn: OTHER_APPLICATION }],
    },
    start: new Date('2026-11-01T10:00:00Z'),
    transport: 'in-process',
    listener: { ...listener, audit: (entry) => audit.push(entry) },
  });
  try {
    const start = async (input: unknown) => {
      await stack.start(input);
      await stack.runUntilIdle();
    };
    await scene({
      stack,
      audit,
      now: () => stack.clock.now().toISOString(),
      start,
      async admin(input) {
        await stack.startAdmin(input);
        await stack.runUntilIdle();
      },
      async tickAfter(seconds) {
        stack.at(new Date(plusSeconds(stack.clock.now(), seconds)), async () => {
          await stack.start({ scope: 'tick' });
        });
        await stack.runUntilIdle();
      },
    });
  } finally {
    await stack.close();
  }
}
