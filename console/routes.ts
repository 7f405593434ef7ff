import { Buffer } from 'node:buffer';
import * as z from 'zod/mini';
import { jsonIn } from '../domain/shared/json.ts';
import type { AdmittedRequest, Answer, StreamedAnswer } from '../http/server.ts';
import { events, json, jsonLines, problem } from './answers.ts';
import { type Command, questionOf } from './ask.ts';
import { changeFor } from './changes.ts';
import { type AskEmulator, passOn } from './lab.ts';
import type { Live } from './live.ts';
import { typed } from './questions.ts';
import type { Runs } from './runs.ts';

/** What the page says of itself: whose account, which deployment, and what it may do. */
export interface About {
  account?: string;
  stage: string;
  region: string;
  /** It shows the emulator. */
  local: boolean;
  /** It was started with `--allow-changes`. */
  allowChanges: boolean;
  /** What is configured: some pages are only for that. */
  has: { subscriptions: boolean; notices: boolean };
}

/** Ids of users and groups. */
export type Ids = z.infer<typeof IdsSchema>;

/** Names by id. Who has no name, or none that could be read, is missing. */
export interface Names {
  users: Readonly<Record<string, string>>;
  groups: Readonly<Record<string, string>>;
}

export interface RouteOptions {
  about: About;
  command: Command;
  /**
   * Reads names for the page, which no command prints: the page shows them to its user and keeps them nowhere. Undefined while
   * there are no usable credentials.
   */
  names(ids: Ids): Promise<Names | undefined>;
  /** Runs the commands of questions. */
  runs: Runs;
  /** The emulator that it shows, for the lab. */
  emulator?: AskEmulator | undefined;
  live: Live;
}

/** A request to a route. */
interface Call {
  request: AdmittedRequest;
  url: URL;
  /** What follows the name of the route in the path. */
  rest: string;
}

type Route = (call: Call) => Answer | StreamedAnswer | Promise<Answer | StreamedAnswer>;

/** More than a screen has rows: one call of AWS per user. */
const MOST_NAMES = 100;
/** More than a page follows. */
const MOST_FOLLOWED = 20;
const IdSchema = z.string().check(z.minLength(1), z.maxLength(100));
const IdList = z._default(z.array(IdSchema).check(z.maxLength(MOST_NAMES)), []);
const ConfigurationSchema = z.strictObject({ text: z.string() });
const ParamsSchema = z.record(z.string(), z.string());
const IdsSchema = z.strictObject({ users: IdList, groups: IdList });

/** Returns the routes of the API, by method and the part of the path after `/api/`. Without `allowChanges` none changes anything. */
export function routesOf({ about, command, names, emulator, runs, live }: RouteOptions): ReadonlyMap<string, Route> {
  const ask = (text: string, { ended }: AdmittedRequest) => {
    const question = questionOf(text, command);
    return question ? printed(runs.run(question.args, ended), question.command, command) : NO_QUESTION;
  };
  const routes: Record<string, Route> = {
    'GET about': () => json(about),
    'GET ask': ({ rest, url, request }) => ask(rest + url.search, request),
    // A parameter that may be a name comes in the body: no address has it.
    'POST ask'({ rest, request }) {
      const { data } = ParamsSchema.safeParse(bodyOf(request));
      return data
        ? ask(`${rest}?${new URLSearchParams(data)}`, request)
        : problem(400, 'Expected the parameters as JSON');
    },
    'GET live'({ request, url }) {
      const asks = [...new Set(url.searchParams.getAll('ask'))];
      const questions = asks.flatMap((one) => questionOf(one, command) ?? []);
      if (questions.length < asks.length) return NO_QUESTION;
      if (asks.length === 0 || asks.length > MOST_FOLLOWED)
        return problem(400, `Expected 1 to ${MOST_FOLLOWED} questions`);
      return events(live.follow(questions, request.ended));
    },
    async 'POST names'({ request }) {
      const { data } = IdsSchema.safeParse(bodyOf(request));
      if (!data) return problem(400, `Expected users and groups: at most ${MOST_NAMES} ids each`);
      const found = await names(data);
      // The page asks for them again: after the next login, all is as before.
      return found ? json(found) : problem(503, 'There are no usable credentials: log in again');
    },
    'POST plan'({ request }) {
      const { data } = ConfigurationSchema.safeParse(bodyOf(request));
      if (!data) return problem(400, 'Expected the text of an entitlements.yml');
      // The text is in no file and in no address.
      const args = ['plan', '-', '--people'];
      return printed(runs.run(args, request.ended, data.text), typedWith(command, args), command);
    },
    'GET preview': ({ rest, url, request }) =>
      preview(rest, Object.fromEntries(url.searchParams), {
        about,
        command,
        run: (args) => runs.run(args, request.ended),
      }),
    ...(emulator && { 'GET lab': (call) => lab(call, emulator), 'POST lab': (call) => lab(call, emulator) }),
    ...(about.allowChanges && {
      'POST change': ({ rest, request }) => change(rest, bodyOf(request), command),
    }),
  };
  return new Map(Object.entries(routes));
}

const NO_QUESTION = problem(400, 'There is no such question, or it has no such parameter');

/** Passes a request of the lab on to the emulator. */
async function lab({ rest, request }: Call, emulator: AskEmulator): Promise<Answer> {
  try {
    const passed = await passOn(rest, request, emulator);
    return passed ? json(jsonIn(passed.text) ?? {}, passed.status) : problem(404, 'The lab has no such route');
  } catch (error) {
    return problem(502, error instanceof Error ? error.message : String(error));
  }
}

/** Answers with the command line of a change and, if the page may make it, with what it would do. */
async function preview(
  action: string,
  values: object,
  { about, command, run }: Pick<RouteOptions, 'about' | 'command'> & Pick<Command, 'run'>,
): Promise<Answer | StreamedAnswer> {
  const found = changeFor(action, values);
  if (!found) return NO_CHANGE;
  return printed(about.allowChanges ? run(found.preview) : nothing(), typedWith(command, found.command), command);
}

/** Makes a change. A client that goes away does not stop it. */
async function change(action: string, values: unknown, command: Command): Promise<Answer | StreamedAnswer> {
  const found = changeFor(action, values);
  if (!found) return NO_CHANGE;
  return printed(command.run(found.confirmed), typedWith(command, found.command), command);
}

const NO_CHANGE = problem(400, 'There is no such change, or it has no such values');

async function* nothing(): AsyncGenerator<string> {
  yield* [];
}

function typedWith({ prefix }: Command, args: readonly string[]): string {
  return typed([...prefix, ...args]);
}

/** Answers with the lines of a command, as it prints them. */
async function printed(lines: AsyncIterable<string>, line: string, { now }: Command): Promise<StreamedAnswer> {
  return jsonLines(lines, {
    'x-usher-command': encodeURIComponent(line),
    'x-usher-now': (await now()).toISOString(),
  });
}

function bodyOf({ body }: AdmittedRequest): unknown {
  return jsonIn(Buffer.from(body).toString());
}
