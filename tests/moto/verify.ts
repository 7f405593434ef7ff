/**
 * `npm run verify:moto`: deploys the package into moto with `npm run deploy`, plays scenarios in moto's interpreter, which
 * this project did not write, and compares the result of each with the emulator.
 */
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { Command } from 'commander';
import * as z from 'zod/mini';
import { drawTable } from '../../cli/ui/columns.ts';
import type { Script } from '../../emulator/scenario/script.ts';
import { differences, NOTHING, type Played } from './compare.ts';
import { createStack, deploy, packageService, packageWithNotices } from './deployment.ts';
import { playHere } from './here.ts';
import { Lambda } from './lambda.ts';
import { DEFAULT_ACCOUNT, findMoto, type Moto, settingsOf, startMoto } from './moto.ts';
import { readScenarios, type Scenario } from './scenarios.ts';
import { type Engine, packageFor, type Stage, stageIn } from './there.ts';

const MISSING = 3;
const INTERRUPTED = 130;
/** Accounts of the scenarios are numbered from here. */
const FIRST_ACCOUNT = 200_000_000_001;

/** Of a log, beside a difference. */
const MOST_LINES = 5;

/** A scenario as the local stack has played it. */
interface Candidate {
  scenario: Scenario;
  script: Script;
  here: Played;
}

/** A scenario that both have played. */
interface Verdict {
  candidate: Candidate;
  there: Played;
  realSeconds: number;
  faults: string[];
}

const Options = z.object({ skip: z.array(z.string()) });

/** What an option that may be given more than once comes to. */
function gathered(one: string, before: string[]): string[] {
  return [...before, one];
}

function command(): Command {
  return new Command('npm run verify:moto --')
    .description('Deploys the package into moto, and compares what comes of scenarios there with the local stack.')
    .argument('[TITLE...]', 'only scenarios whose titles contain one of these')
    .option('--skip <REPAIR>', 'leaves out a repair of launcher.py, to see what it is for', gathered, [])
    .addHelpText('after', '\nExit code: 0 all agree, 1 one differs, 3 moto is missing.');
}

async function main(): Promise<void> {
  const program = command().parse();
  const { skip } = Options.parse(program.opts());
  const found = findMoto();
  if ('missing' in found) {
    console.error(`moto is missing: ${found.missing}. python3 -m pip install 'moto[all,server]==5.2.1' brings it.`);
    process.exitCode = MISSING;
    return;
  }
  process.once('SIGINT', () => process.exit(INTERRUPTED));
  const began = performance.now();
  const scenarios = scenariosOf(program.args);
  const directory = mkdtempSync(join(tmpdir(), 'usher-moto-'));
  const lambda = new Lambda();
  const { port, close } = await lambda.listen();
  let moto: Moto | undefined;
  try {
    const [{ packaged, withNotices }, candidates] = await Promise.all([
      packageAll(scenarios, directory),
      playAllHere(scenarios),
    ]);
    moto = await startMoto({ functions: port, skip });
    const verdicts = await verify(candidates, { moto, lambda, packaged, withNotices, directory });
    if (verdicts.some(({ there }) => there === NOTHING)) console.log(moto.log());
    const unsupported = [...moto.unsupported().keys()].sort();
    report({ verdicts, version: found.version, unsupported, seconds: (performance.now() - began) / 1000 });
  } catch (error) {
    console.error(moto?.log() ?? '');
    throw error;
  } finally {
    await close();
    await moto?.close();
    rmSync(directory, { recursive: true });
  }
}

function scenariosOf(titles: readonly string[]): Scenario[] {
  const all = readScenarios();
  const meant = titles.length === 0 ? all : all.filter(({ title }) => titles.some((part) => title.includes(part)));
  if (meant.length === 0) throw new Error('No scenario has such a title');
  return meant;
}

/** Packages what the scenarios need. */
async function packageAll(scenarios: readonly Scenario[], directory: string) {
  const notices = scenarios.some(({ script }) => script(new Date()).entitlements.notices !== undefined);
  const packaging = packageService(join(directory, 'usual'));
  const [packaged, withNotices] = await Promise.all([
    packaging,
    notices ? packageWithNotices(join(directory, 'with-notices')) : packaging,
  ]);
  return { packaged, withNotices };
}

async function playAllHere(scenarios: readonly Scenario[]): Promise<Candidate[]> {
  const candidates: Candidate[] = [];
  for (const scenario of scenarios) {
    const script = scenario.script(new Date());
    candidates.push({ scenario, script, here: await playHere(script) });
  }
  return candidates;
}

/**
 * Plays side by side, each in an account and a time of its own. What a scenario needs is made ready one after another, while
 * those before it are played.
 */
async function verify(candidates: readonly Candidate[], engine: Engine): Promise<Verdict[]> {
  const { moto, lambda, packaged } = engine;
  const deployed = deploy(packaged, moto);
  // It is waited for further down.
  deployed.catch(() => undefined);
  // The last has the account that the command deploys to.
  const inOrder = [...candidates].sort((one, other) => Number(isSpecial(other)) - Number(isSpecial(one)));
  const plays: Promise<Verdict>[] = [];
  for (const [index, candidate] of inOrder.entries()) {
    const needed = packageFor(candidate.script, engine);
    const last = index === inOrder.length - 1 && !isSpecial(candidate);
    const account = last ? DEFAULT_ACCOUNT : String(FIRST_ACCOUNT + index);
    const { parameters } = candidate.scenario;
    await (last ? deployed : createStack(needed, parameters, settingsOf(moto.endpoint, account, needed.region)));
    const stage = await stageIn(account, engine, candidate.script);
    plays.push(playOne(candidate, stage).then((verdict) => withLog(verdict, lambda, account)));
  }
  const verdicts = await Promise.all(plays);
  await deployed;
  return verdicts.sort((one, other) => candidates.indexOf(one.candidate) - candidates.indexOf(other.candidate));
}

/** Whether it needs another stack than the command deploys. */
function isSpecial({ scenario, script }: Candidate): boolean {
  return script.entitlements.notices !== undefined || Object.keys(scenario.parameters).length > 0;
}

async function playOne(candidate: Candidate, stage: Stage): Promise<Verdict> {
  const { scenario, here } = candidate;
  const began = performance.now();
  const verdict = await stage.play().then(
    (there) => ({ there, faults: differences(here, there) }),
    (error: unknown) => ({ there: NOTHING, faults: [`not played to its end: ${error}`] }),
  );
  const realSeconds = (performance.now() - began) / 1000;
  const told = verdict.faults.length === 0 ? 'agrees' : 'DIFFERS';
  console.log(`${realSeconds.toFixed(0).padStart(4)} s  ${scenario.title}: ${told}`);
  return { candidate, realSeconds, ...verdict };
}

/** Adds what the functions had to say about it. */
function withLog(verdict: Verdict, lambda: Lambda, account: string): Verdict {
  if (verdict.faults.length === 0) return verdict;
  const failures = lambda
    .log(account)
    .filter((line) => !/"level":"(?:INFO|DEBUG)"/.test(line) && !/"_aws":/.test(line));
  return { ...verdict, faults: [...verdict.faults, ...failures.slice(-MOST_LINES)] };
}

/** In few words, such as `converged, ignored (3)`: the reasons are told where they differ. */
function outcomesOf({ executions }: Played): string {
  const kinds = Map.groupBy(executions, ({ outcome }) => outcome.split(':')[0] ?? '');
  return [...kinds].map(([kind, all]) => (all.length > 1 ? `${kind} (${all.length})` : kind)).join(', ');
}

function report(told: {
  verdicts: readonly Verdict[];
  version: string;
  unsupported: readonly string[];
  seconds: number;
}): void {
  const { verdicts, version, unsupported, seconds } = told;
  const head = [
    'SCENARIO',
    'OUTCOME HERE',
    `OUTCOME IN MOTO ${version}`,
    'STATES',
    'CALLS',
    'ASSIGNMENTS',
    'SECONDS',
    '',
  ];
  const rows = verdicts.map(({ candidate, there, realSeconds, faults }) => {
    const { scenario, here } = candidate;
    const both = (count: (played: Played) => number) => `${count(here)} / ${count(there)}`;
    return [
      scenario.title,
      outcomesOf(here),
      outcomesOf(there),
      both(({ executions }) => executions.reduce((sum, { states }) => sum + states.length, 0)),
      both(({ calls }) => Object.values(calls).reduce((sum, count) => sum + count, 0)),
      both(({ assignments }) => assignments.length),
      realSeconds.toFixed(0),
      faults.length === 0 ? 'agrees' : 'DIFFERS',
    ];
  });
  const table = [...drawTable(head, rows, { width: Number.POSITIVE_INFINITY })];
  console.log(`\n${table.join('\n')}\nCounts: here / in moto.`);
  for (const { candidate, faults } of verdicts) {
    for (const fault of faults) console.log(`${candidate.scenario.title}: ${fault}`);
  }
  if (unsupported.length > 0) console.log(`Not checked: ${unsupported.join(', ')}. moto makes nothing of them.`);
  const agreeing = verdicts.filter(({ faults }) => faults.length === 0).length;
  const differing = verdicts.length - agreeing;
  if (differing > 0) process.exitCode = 1;
  console.log(`${seconds.toFixed(0)} s in all.`);
  if (differing > 0) console.log(`${differing} of ${verdicts.length} scenarios differ`);
  console.log(`${agreeing} scenarios agree`);
}

await main().catch((error: unknown) => {
  console.error(error instanceof Error ? error.message : error);
  process.exitCode = 1;
});
