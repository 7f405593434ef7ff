import { Writable } from 'node:stream';
import { WriteStream } from 'node:tty';
import { runCommandLine } from '../cli/program.ts';
import { code, prose, tableOf } from './markdown.ts';
import { openScene } from './scene.ts';

/** A question about Usher, who asks it, and the one command that answers it. */
interface Question {
  who: string;
  question: string;
  command: readonly string[];
}

/** Ben, who has been deleted. */
const BEN = '94e80458-0002-70ea-08fa-c3a10a1d8b02';

/** In the order of `docs/operator.md`. The answers are about the users of {@link openScene}. */
const QUESTIONS: readonly Question[] = [
  {
    who: 'help desk',
    question: 'Why does a user have a seat, or none? What is their place on the waitlist?',
    command: ['why', 'gil', '--names'],
  },
  {
    who: 'help desk',
    question: 'A user was deleted: did they lose the seat, and when?',
    command: ['why', BEN],
  },
  {
    who: 'help desk',
    question: 'Did she get the mail?',
    command: ['notices', '--user', 'ana', '--names'],
  },
  {
    who: 'identity admin',
    question: 'Does anything need me now?',
    command: ['status'],
  },
  {
    who: 'identity admin',
    question: 'Why is this held, whom did the group lose, and how do I undo it?',
    command: ['held', '--names'],
  },
  {
    who: 'identity admin',
    question: "What did last night's executions change?",
    command: ['status', '--executions', '--names'],
  },
  {
    who: 'identity admin',
    question: 'What would this configuration change, and for whom?',
    command: ['plan', 'next.yml', '--people', '--names'],
  },
  {
    who: 'identity admin',
    question: 'How long does it take from a join to the seat?',
    command: ['report', '--month', '2026-11'],
  },
  {
    who: 'identity admin',
    question: 'How many seats are there, and how many are taken?',
    command: ['seats'],
  },
  {
    who: 'finance',
    question: 'How many seats did each cost centre have in a month, and at what price?',
    command: ['report', '--month', '2026-12', '--price', '19 USD'],
  },
  {
    who: 'finance',
    question: 'What is paid, and for whom without need?',
    command: ['subscriptions', '--price', 'examples/prices.yml'],
  },
  {
    who: 'finance',
    question: 'Which seats are paid and not used?',
    command: ['subscriptions', '--idle', '30', '--activity', './activity'],
  },
  {
    who: 'auditor',
    question: 'Who had access on a given day?',
    command: ['history', 'q-developer', '--at', '2026-11-30'],
  },
  {
    who: 'auditor',
    question: 'What is the whole history of one person, also of one who was deleted?',
    command: ['history', BEN],
  },
  {
    who: 'auditor',
    question: 'What happened to one user, event by event?',
    command: ['audit', '--user', BEN, '--since', '30d'],
  },
  {
    who: 'auditor',
    question: 'Who started, released or caused this?',
    command: ['audit', '--by', '--names', '--entitlement', 'kiro', '--since', '30d'],
  },
];

/** What other sections of the page show, by name. They come after the questions, because some change the scene. */
const EXAMPLES: Readonly<Record<string, readonly string[]>> = {
  explain: ['explain', 'examples/events.jsonl', '--entitlements', 'examples/entitlements.yml'],
  doctor: ['doctor'],
  start: ['start', '--user', 'ana', '--wait'],
};

/** Before the first event. */
const FIRST = ['backfill', '--dry-run', '--price', '19'];

/** As wide as a page shows without scrolling. */
const COLUMNS = 124;

/**
 * Plays the scene and runs every command in it. @returns the table of questions with the answers, and the outputs that other
 * sections show, in Markdown by the name of the table
 */
export async function answers(): Promise<Map<string, string>> {
  let backfill = '';
  const scene = await openScene(async ({ during, endpoint }) => {
    backfill = blockOf(FIRST, await during(run(FIRST, endpoint)));
  });
  try {
    const shown = async (command: readonly string[]) => {
      const args = command.map((one) => scene.files.get(one) ?? one);
      const output = await scene.during(run(args, scene.endpoint));
      return blockOf(command, output);
    };
    const sections: string[] = [];
    for (const { question, command } of QUESTIONS) sections.push(`### ${question}\n\n${await shown(command)}`);
    const rows = QUESTIONS.map(({ who, question, command }) => [
      who,
      `[${prose(question)}](#${anchorOf(question)})`,
      code(typed(command)),
    ]);
    const tables = new Map([
      ['questions', `${tableOf(['who', 'asks', 'the answer'], rows)}\n${sections.join('\n')}\n`],
      ['output-backfill', backfill],
    ]);
    for (const [name, command] of Object.entries(EXAMPLES)) tables.set(`output-${name}`, await shown(command));
    return tables;
  } finally {
    await scene.close();
  }
}

/** A command with what it prints. */
function blockOf(command: readonly string[], output: string): string {
  return `\`\`\`\n$ ${typed(command)}\n${output.trimEnd()}\n\`\`\`\n`;
}

/** The command as in a shell. */
function typed(command: readonly string[]): string {
  return ['usher', ...command].map((one) => (one.includes(' ') ? `"${one}"` : one)).join(' ');
}

/** The anchor that a page gives to a title. */
function anchorOf(title: string): string {
  return title
    .toLowerCase()
    .replace(/[^a-z0-9 -]/g, '')
    .replaceAll(' ', '-');
}

/** Runs a command as in a terminal without colors. @returns what it shows */
async function run(command: readonly string[], endpoint: string): Promise<string> {
  let shown = '';
  const write = (chunk: unknown, _encoding: unknown, done: () => void) => {
    shown += String(chunk);
    done();
  };
  const terminal = (isTTY: boolean): WriteStream =>
    Object.assign(Object.create(WriteStream.prototype), new Writable({ write }), { isTTY, columns: COLUMNS, rows: 0 });
  const surroundings = {
    stdout: terminal(true),
    stderr: terminal(false),
    stdin: {},
    env: { NO_COLOR: '1', AWS_ENDPOINT_URL: endpoint },
  };
  await runCommandLine(['--local', ...command], surroundings, {
    onInterrupt: () => undefined,
    onStray: () => undefined,
    onEnd: () => undefined,
  });
  return shown;
}
