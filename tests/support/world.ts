import type { Entitlements } from '../../domain/entitlements.ts';
import { plusSeconds } from '../../domain/shared/time.ts';
import type { Quirks } from '../../emulator/aws/identity-center/quirks.ts';
import type { MailSettings } from '../../emulator/aws/ses/mail-settings.ts';
import { type EntitlementsOptions, exampleEntitlements } from '../../emulator/scenario/example-entitlements.ts';
import type { Latency } from '../../emulator/stack/invocations.ts';
import type { Limits } from '../../emulator/stack/limits.ts';
import { openStack, type Stack } from '../../emulator/stack/stack.ts';
import { actions, configurationOf } from './actions.ts';
import { connectServices } from './adapters.ts';
import { aSeat } from './builders.ts';
import { type DirectoryOptions, directoryOf, membersByGroup } from './directory.ts';
import { APPLICATION, GROUP, people, START, user } from './ids.ts';
import { expectInvariants } from './invariants.ts';
import { ledgerTable } from './ledger-table.ts';
import { CallRecorder } from './permissions.ts';
import { readings } from './readings.ts';
import { record } from './record.ts';

export interface WorldOptions extends EntitlementsOptions, DirectoryOptions {
  /** A whole configuration, in place of its parts. */
  configuration?: Entitlements;
  /** Members of GROUP to whom Usher gives their seats before the test begins. */
  seated?: readonly number[];
  /** Members of GROUP who have had their seats of APPLICATION for a month when the test begins. */
  settled?: readonly number[];
  quirks?: Quirks;
  /** The account of Amazon SES; it may send the notices if left out. */
  mail?: MailSettings;
  /** How long AWS takes to answer a function; no time if left out. */
  latency?: Latency;
  /** Limits that depend on how fast the functions work; none if left out. */
  limits?: Limits;
  /** Most users per batch: rounds of several batches with few users. */
  batchUsers?: number;
  /** Records the calls of the functions; a recorder of its own if left out. */
  recorder?: CallRecorder;
}

/** See {@link openWorld}. */
export type World = Awaited<ReturnType<typeof openWorld>>;

/** Long enough that no read of AWS lags behind what was done before the test. */
const SEATED_BEFORE_SECONDS = 120;
const SETTLED_BEFORE_SECONDS = 30 * 24 * 3600;

/**
 * Opens an emulated account in which Usher is deployed, in virtual time.
 *
 * A test that is about one step calls its function with `services`, and moves the time with `clock`. A test that is
 * about the whole starts executions, and lets virtual time pass with `play`. The brake is the default one unless the test
 * sets it. There is nothing to close.
 */
export async function openWorld(options: WorldOptions = {}) {
  const { seated = [], settled = [], assigned = [], quirks = {}, recorder = new CallRecorder() } = options;
  const configuration = configurationOf(options.configuration ?? options);
  const entitlements = exampleEntitlements(configuration);
  const members = membersByGroup(options.members);
  const ofGroup = [...new Set([...seated, ...settled, ...(members[GROUP] ?? [])])];
  const directory = directoryOf(entitlements, {
    ...options,
    members: ofGroup.length > 0 ? { ...members, [GROUP]: ofGroup } : members,
    assigned: [...assigned, ...settled],
  });
  recorder.deployed(entitlements);
  const { records, listener } = record(() => stack, recorder);
  const stack: Stack = await openStack({
    entitlements,
    directory,
    start: START,
    transport: 'in-process',
    quirks,
    listener,
    ...(options.latency ? { latency: options.latency } : {}),
    ...(options.limits ? { limits: options.limits } : {}),
    ...(options.mail ? { mail: options.mail } : {}),
    ...(options.batchUsers === undefined ? {} : { batchUsers: options.batchUsers }),
  });
  const { identityCenter: center, gateway, faults, settings } = stack;
  const table = ledgerTable(settings);
  const asked = readings(stack, records);
  const acts = actions(stack, configuration, play);

  /** Lets virtual time pass until nothing is left to happen, and checks the invariants of every scenario. */
  async function play(): Promise<void> {
    await stack.runUntilIdle();
    const names = new Set(records.states.map(({ execution }) => execution));
    const executions = [...names].flatMap((name) => stack.execution(name) ?? []);
    const { notices } = await stack.save();
    expectInvariants({ ...records, executions, ledger: await table.items(), notices });
    recorder.expectPermitted();
  }

  if (settled.length > 0) {
    const [name = ''] = entitlements.entitlements.map((one) => one.name);
    const slots = { schemaVersion: 1, applicationArn: APPLICATION, revision: 1, taken: settled.length, waiting: false };
    const bound = { ...slots, pk: APPLICATION, sk: '#slots' };
    await table.putAll([bound, ...settled.map((number) => aSettledItem(number, name))]);
    asked.forget();
  }
  if (seated.length > 0) {
    await stack.start({ scope: 'tick' });
    stack.after(SEATED_BEFORE_SECONDS, () => undefined);
    await play();
    asked.forget();
  }

  return {
    stack,
    center,
    gateway,
    faults,
    /** Settings of SDK clients. */
    aws: settings,
    now: stack.clock.now,
    /** Does something this many seconds of virtual time from now. */
    after: stack.after,
    play,
    ...connectServices(stack, entitlements),
    ...table,
    ...records,
    ...asked,
    ...acts,
    /** Deploys the configuration with these changes. */
    deploy: (change: EntitlementsOptions) => recorder.deployed(acts.deploy(change)),
  };
}

/** Opens a world in which users 1 to 20 have had their seats for a month, and this many may lose them in a day. */
export function openBrakedWorld(atLeast: number, options: WorldOptions = {}): Promise<World> {
  return openWorld({ people: 24, settled: people(1, 20), brake: { percent: 0, atLeast }, ...options });
}

function aSettledItem(number: number, entitlement: string) {
  const grantedAt = plusSeconds(START, -SETTLED_BEFORE_SECONDS);
  const requestedAt = plusSeconds(grantedAt, -60);
  const seat = aSeat(number, { revision: 3, entitlement, requestedAt, grantedAt, changedAt: grantedAt });
  return { ...seat, pk: APPLICATION, sk: user(number) };
}
