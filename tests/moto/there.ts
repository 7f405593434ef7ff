import { SFNClient } from '@aws-sdk/client-sfn';
import type { ClientSettings } from '../../adapters/clients.ts';
import { connectLedger, type Ledger } from '../../adapters/ledger.ts';
import type { Entitlements } from '../../domain/entitlements.ts';
import type { ExecutionStart, Operated, Script, ScriptStep } from '../../emulator/scenario/script.ts';
import { AccountTime } from './account-time.ts';
import type { Played } from './compare.ts';
import { type Deployed, type Package, resolve, templatesOf, writeEntitlements } from './deployment.ts';
import { Executions } from './executions.ts';
import type { Lambda } from './lambda.ts';
import { type Moto, settingsOf } from './moto.ts';
import { World } from './world.ts';

/** All that the accounts share. */
export interface Engine {
  moto: Moto;
  lambda: Lambda;
  packaged: Package;
  /** The same with notices, if a scenario has some. */
  withNotices: Package;
  /** For files. */
  directory: string;
}

/** The package that a script needs. */
export function packageFor({ entitlements }: Script, { packaged, withNotices }: Engine): Package {
  return entitlements.notices === undefined ? packaged : withNotices;
}

/** An account in which all is ready for one scenario. */
export interface Stage {
  /** Plays the script. @throws Error if it does not come to its end */
  play(): Promise<Played>;
}

/** Nothing takes so long on a machine that is busy; what is seen to happen is waited for, however long it takes. */
const STALLED_AFTER_SECONDS = 120;

/** Sets up what surrounds the deployed rule, machine, table and bus: Identity Center, and the deployed functions. */
export async function stageIn(account: string, engine: Engine, script: Script): Promise<Stage> {
  const { directory, entitlements, start, steps } = script;
  const { moto, lambda } = engine;
  const packaged = packageFor(script, engine);
  const settings = settingsOf(moto.endpoint, account, packaged.region);
  const deployed = await resolve(packaged, settings);
  const time = new AccountTime(start);
  lambda.open(account, time);
  const world = new World({ directory, entitlements }, { account, region: packaged.region, moto, lambda, time });
  const { endpoint, close } = await world.door.listen();
  // Lambda's working directory is where the package lies; a scenario has entitlements of its own.
  const own = {
    ENTITLEMENTS_FILE: writeEntitlements(engine.directory, account, entitlements),
    AWS_ENDPOINT_URL: endpoint,
  };
  for (const one of deployed.functions) {
    await lambda.register({ ...one, environment: { ...one.environment, ...own, ...templatesOf(one, packaged) } });
  }
  if (entitlements.notices) await world.mail.verify(entitlements.notices);
  return {
    async play() {
      try {
        const executions = new Executions(deployed, settings, () => time.time.now());
        const ledger = ledgerOf(deployed, settings);
        const sfn = new SFNClient(settings);
        perform(time, steps, async ({ title, act, operate, start: begun }) => {
          act?.(world);
          await operate?.(operatedAs(title, executions, sfn));
          if (begun) await executions.start(await inputOf(begun, ledger), 'admin' in begun || 'release' in begun);
        });
        await time.runUntilIdle(STALLED_AFTER_SECONDS);
        return {
          executions: await executions.ended(),
          assignments: world.assignments(),
          seats: await seatsIn(entitlements, ledger),
          audit: world.audit.sort(),
          mails: entitlements.notices ? await world.mail.sent() : [],
          calls: Object.fromEntries(world.door.calls),
        };
      } finally {
        await close();
        await lambda.close(account);
      }
    },
  };
}

/** Schedules the steps. Time stands still while those of one moment are made, one after another. */
function perform({ time }: AccountTime, steps: readonly ScriptStep[], make: (step: ScriptStep) => Promise<void>): void {
  for (const [moment, those] of Map.groupBy(steps, ({ at }) => at.getTime())) {
    time.after(Math.max(0, moment - time.now().getTime()) / 1000, () =>
      time.during(async () => {
        for (const step of those) await make(step);
      }),
    );
  }
}

/** What an operator can change in moto. */
function operatedAs(title: string, executions: Executions, sfn: SFNClient): Operated {
  const refuse = (): never => {
    throw new Error(`Not played in moto: ${title}`);
  };
  return {
    sfn,
    arnOf: (name) => executions.arnOf(name),
    configure: refuse,
    get database() {
      return refuse();
    },
    get ses() {
      return refuse();
    },
  };
}

/** What an execution is started with. A release has a digest of the hold at that time. */
async function inputOf(start: ExecutionStart, ledger: Ledger): Promise<object> {
  if (start.input) return start.input;
  const { hold } = await ledger.holdings(start.release);
  const digests = hold?.digests ?? [];
  const found = start.digest === 'told' ? digests.at(0) : digests.at(-1);
  if (!found) throw new Error('Nothing is held');
  return { release: found.digest };
}

function ledgerOf({ functions }: Deployed, settings: ClientSettings): Ledger {
  const table = functions.map(({ environment }) => environment['LEDGER_TABLE']).find((name) => name !== undefined);
  return connectLedger(settings, table ?? '');
}

async function seatsIn({ entitlements }: Entitlements, ledger: Ledger): Promise<string[]> {
  const holdings = await Promise.all(entitlements.map(({ application }) => ledger.holdings(application)));
  return holdings
    .flatMap(({ seats }) => seats)
    .map(({ userId, status }) => `${userId} ${status}`)
    .sort();
}
