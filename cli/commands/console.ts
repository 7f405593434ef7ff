import { randomBytes } from 'node:crypto';
import { once } from 'node:events';
import { setTimeout as sleep } from 'node:timers/promises';
import type { Command } from 'commander';
import * as z from 'zod/mini';
import type { About, Ids, Names } from '../../console/routes.ts';
import { reportOf } from '../../operator/error-report.ts';
import { CommandFailed, EXIT, UsageError } from '../../operator/failures.ts';
import { escaped } from '../../operator/text.ts';
import { Unread } from '../../operator/unread.ts';
import { readGroupNames, readNames } from '../../operator/user-names.ts';
import { commandOf, type Runner } from '../command/command.ts';
import { type Context, optionsOf } from '../command/context.ts';
import { connectEmulator } from '../command/emulator.ts';
import { CONSOLE_READS } from '../command/permissions.ts';
import { emulatorEndpoint } from '../shared/endpoint.ts';

const Options = z.object({ allowChanges: z._default(z.boolean(), false), open: z._default(z.boolean(), true) });

/** 256 bits: no one guesses it. */
const TOKEN_BYTES = 32;

export function consoleCommand(run: Runner): Command {
  return commandOf('console', {
    summary: 'Show all of this as a web page, on this machine only, until Ctrl-C',
    description:
      'Serves a page at 127.0.0.1 and opens it. The page asks what these commands ask, with the same credentials, and shows each command. It changes nothing without --allow-changes; with it, its changes need the permissions of start, release and redrive. It ends with Ctrl-C, and after 30 minutes without a page.',
    examples: [
      ['usher console', 'the deployment of entitlements.yml'],
      ['usher console --local', 'the emulator, with a lab to play in; starts one if none runs'],
      ['usher console --no-open', 'only print the address'],
    ],
    permissions: CONSOLE_READS,
    startsEmulator: true,
  })
    .argument('[PAGE]', 'the page to open, such as held, doctor or entitlements/NAME (default: the overview)')
    .option('--allow-changes', 'offer to start, release and redrive')
    .option('--no-open', 'do not open the page')
    .action(run(console));
}

async function console(context: Context, command: Command): Promise<void> {
  const options = optionsOf(command, Options);
  if (!/^(?:[\w-]+(?:\/[\w-]+)*)?$/.test(command.args[0] ?? ''))
    throw new UsageError('PAGE: expected a page such as held, or entitlements/kiro');
  const ending = new AbortController();
  context.onEnd(() => ending.abort());
  context.onStray((error) => context.terminal.note(bugInWords(error)));
  await serve(options, { context, command, ending });
}

interface Serving {
  context: Context;
  command: Command;
  /** Ends the console. */
  ending: AbortController;
}

async function serve(
  { allowChanges, open }: z.infer<typeof Options>,
  { context, command, ending }: Serving,
): Promise<void> {
  const { terminal } = context;
  const [{ serveConsole }, { readAssets }] = await Promise.all([
    import('../../console/server.ts'),
    import('../../console/assets.ts'),
  ]);
  const { url, close } = await serveConsole({
    token: randomBytes(TOKEN_BYTES).toString('base64url'),
    about: await aboutOf(context, allowChanges),
    command: { run: context.run, prefix: prefixOf(command, context), now: timeOf(context) },
    names: (ids) => namesOf(ids, context),
    emulator: context.emulator?.page,
    assets: await readAssets(),
    pause: (seconds, signal) => sleep(seconds * 1000, undefined, { signal }).catch(() => undefined),
    onIdle() {
      terminal.note('The console ends: no page has been open for 30 minutes.');
      ending.abort();
    },
    onProblem: (problem) => terminal.note(bugInWords(problem)),
  });
  try {
    const address = url.replace('/#', `/${command.args[0] ?? ''}#`);
    if (context.json) terminal.json({ type: 'console', url: address });
    else terminal.line(`The console is at ${address} until Ctrl-C.`);
    if (open) await openPage(address, terminal);
    if (!ending.signal.aborted) await once(ending.signal, 'abort');
  } finally {
    await close();
  }
}

/** A bug of a command ends one answer, not the console. */
function bugInWords(error: unknown): string {
  const text = error instanceof Error ? (error.stack ?? error.message) : String(error);
  return ['A bug, which did not end the console:', ...text.split('\n')].map(escaped).join('\n');
}

/** Opens the page. Where nothing can open it, the address has been printed. */
async function openPage(url: string, terminal: Context['terminal']): Promise<void> {
  try {
    await terminal.openFile(url);
  } catch (error) {
    if (!(error instanceof CommandFailed)) throw error;
    terminal.note('Nothing here opens a page: open the address yourself.');
  }
}

/** Returns what tells the time: that of the emulator can be changed at any moment. */
function timeOf({ clock, emulator }: Context): () => Promise<Date> {
  if (!emulator) return async () => clock.now();
  let last = emulator;
  return async () => {
    // If it does not answer, its last clock keeps running: the commands report that it is gone.
    last = await connectEmulator(emulator.endpoint).catch(() => last);
    return last.clock.now();
  };
}

async function aboutOf(context: Context, allowChanges: boolean): Promise<About> {
  const services = await context.services();
  const identity = await context.unread.attempt(services.identity);
  const { entitlements, notices } = await context.entitlements();
  return {
    ...(identity ? { account: identity.value.accountId } : {}),
    stage: context.stage,
    region: services.region,
    local: context.local,
    allowChanges,
    has: { subscriptions: entitlements.some(({ subscription }) => subscription), notices: notices !== undefined },
  };
}

/** Returns undefined while there are no credentials. */
async function namesOf(ids: Ids, context: Context): Promise<Names | undefined> {
  const asker = { ...context, unread: new Unread(), progress: () => undefined };
  try {
    const users = await readNames(ids.users, asker);
    const groups = await readGroupNames(ids.groups, asker);
    return { users: Object.fromEntries(users), groups: Object.fromEntries(groups) };
  } catch (error) {
    // An expired login is no refusal of the one call that noticed it.
    if (reportOf(error).code === EXIT.precondition) return undefined;
    throw error;
  }
}

/** The global options of this command line, which those that the page shows need, too. */
function prefixOf(command: Command, { emulator }: Context): string[] {
  const { region, profile, stage, entitlements, local } = command.optsWithGlobals();
  const named = Object.entries({ region, profile, stage, entitlements });
  return [
    // Other commands do not find it by themselves.
    ...(emulator && emulator.endpoint !== emulatorEndpoint({}) ? [`AWS_ENDPOINT_URL=${emulator.endpoint}`] : []),
    'usher',
    ...named.flatMap(([name, value]) => (typeof value === 'string' ? [`--${name}`, value] : [])),
    ...(local === true ? ['--local'] : []),
  ];
}
