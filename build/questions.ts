import { Writable } from 'node:stream';
import { WriteStream } from 'node:tty';
import { runCommandLine } from '../cli/program.ts';
import { code, prose, tableOf } from './markdown.ts';
import { openScene, userId } from './scene.ts';

/** A question that people have about Usher, and the one command that answers it. */
interface Question {
  who: string;
  question: string;
  command: readonly string[];
}

/** Stands for the folder with activity files. */
const ACTIVITY = './activity';
/** Stands for a file with another configuration. */
const PROPOSAL = './entitlements.yml';

/** In the order of `docs/operator.md`. The answers are of the people in {@link openScene}. */
const QUESTIONS: readonly Question[] = [
  {
    who: 'help desk',
    question: 'Why does a user have a seat, or none? What is their place on the waitlist?',
    command: ['why', 'gil', '--names'],
  },
  {
    who: 'help desk',
    question: 'A user was deleted: did they lose the seat, and when?',
    command: ['history', userId('ben')],
  },
  {
    who: 'identity admin',
    question: 'Why is this held, and how is it released?',
    command: ['held', '--names'],
  },
  {
    who: 'identity admin',
    question: 'How many seats are there, and how many are taken?',
    command: ['seats'],
  },
  {
    who: 'identity admin',
    question: 'What would this configuration change, and for whom?',
    command: ['plan', PROPOSAL, '--people', '--names'],
  },
  {
    who: 'finance',
    question: 'How many seats were there in a month, and how long did people wait for theirs?',
    command: ['report', '--month', '2026-11'],
  },
  {
    who: 'finance',
    question: 'What is paid, and for whom without need?',
    command: ['subscriptions', '--price', 'examples/prices.yml'],
  },
  {
    who: 'finance',
    question: 'Which seats are paid and not used?',
    command: ['subscriptions', '--idle', '30', '--activity', ACTIVITY],
  },
  {
    who: 'auditor',
    question: 'Who had access on a given day?',
    command: ['history', 'q-developer', '--at', '2026-11-30T12:00Z'],
  },
  {
    who: 'auditor',
    question: 'What happened to one person, when and why?',
    command: ['audit', '--user', 'finn', '--since', '30d'],
  },
];

/** As wide as a page shows without scrolling. */
const COLUMNS = 120;

/** Plays the scene, asks every question, and returns the table of questions with the answers, in Markdown. */
export async function answers(): Promise<string> {
  const scene = await openScene();
  try {
    const sections: string[] = [];
    for (const { question, command } of QUESTIONS) {
      const places: Readonly<Record<string, string>> = { [ACTIVITY]: scene.activity, [PROPOSAL]: scene.proposal };
      const args = command.map((one) => places[one] ?? one);
      const printed = await scene.during(run(args, scene.endpoint));
      const output = Object.entries(places).reduce((text, [name, path]) => text.replaceAll(path, name), printed);
      const shown = ['usher', ...command].join(' ');
      sections.push(`### ${question}\n\n\`\`\`\n$ ${shown}\n${output.trimEnd()}\n\`\`\`\n`);
    }
    const rows = QUESTIONS.map(({ who, question, command }) => [
      who,
      `[${prose(question)}](#${anchorOf(question)})`,
      code(['usher', ...command].join(' ')),
    ]);
    return `${tableOf(['who', 'asks', 'the answer'], rows)}\n${sections.join('\n')}\n`;
  } finally {
    await scene.close();
  }
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
  await runCommandLine(['--local', ...command], surroundings, { onInterrupt: () => undefined, onEnd: () => undefined });
  return shown;
}
