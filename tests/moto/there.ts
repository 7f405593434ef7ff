import type { ClientSettings } from '../../adapters/clients.ts';
import { connectLedger } from '../../adapters/ledger.ts';
import type { Entitlements } from '../../domain/entitlements.ts';
import type { Script } from '../../emulator/scenario/script.ts';
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
  /** The same with notices. */
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
  /**
   * Plays a script in real time; its directory and entitlements are those that the stage was made for.
   *
   * @param endsWithinSeconds when to give up on executions that don't end
   */
  play(script: Script, endsWithinSeconds: number): Promise<Played>;
}

/** After the last execution a rule may still invoke a function. */
const QUIET_SECONDS = 3;
const POLL_MILLISECONDS = 1000;

/** Sets up what surrounds the deployed rule, machine, table and bus: Identity Center, and the deployed functions. */
export async function stageIn(account: string, engine: Engine, script: Script): Promise<Stage> {
  const { directory, entitlements } = script;
  const { moto, lambda } = engine;
  const packaged = packageFor(script, engine);
  const settings = settingsOf(moto.endpoint, account, packaged.region);
  const deployed = await resolve(packaged, settings);
  const world = new World({ directory, entitlements }, { account, region: packaged.region, moto, lambda });
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
    async play({ steps }, endsWithinSeconds) {
      try {
        const executions = new Executions(deployed.machine, settings);
        for (const { at, title, act, operate, start } of steps) {
          if (operate || (start && (!start.input || start.admin))) throw new Error(`Not played in moto: ${title}`);
          await until(at);
          world.doAt(at, act);
          if (start?.input) await executions.start(start.input);
        }
        const ended = await executions.ended(endsWithinSeconds);
        await quiet(lambda, account);
        return {
          executions: ended,
          assignments: world.assignments(),
          seats: await seatsIn(entitlements, deployed, settings),
          audit: world.audit.sort(),
          mails: entitlements.notices ? await world.mail.sent() : [],
          calls: Object.fromEntries(world.door.calls),
        };
      } finally {
        await close();
      }
    },
  };
}

async function seatsIn(
  { entitlements }: Entitlements,
  { functions }: Deployed,
  settings: ClientSettings,
): Promise<string[]> {
  const table = functions.map(({ environment }) => environment['LEDGER_TABLE']).find((name) => name !== undefined);
  const ledger = connectLedger(settings, table ?? '');
  const holdings = await Promise.all(entitlements.map(({ application }) => ledger.holdings(application)));
  return holdings
    .flatMap(({ seats }) => seats)
    .map(({ userId, status }) => `${userId} ${status}`)
    .sort();
}

async function until(moment: Date): Promise<void> {
  const milliseconds = moment.getTime() - Date.now();
  if (milliseconds > 0) await sleep(milliseconds);
}

async function quiet(lambda: Lambda, account: string): Promise<void> {
  const start = Date.now();
  for (;;) {
    const since = lambda.quietSince(account);
    if (since !== undefined && Date.now() - Math.max(since, start) > QUIET_SECONDS * 1000) return;
    await sleep(POLL_MILLISECONDS);
  }
}

function sleep(milliseconds: number): Promise<void> {
  return new Promise((resolve) => {
    setTimeout(resolve, milliseconds);
  });
}
