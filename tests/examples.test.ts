// @module-tag long
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { existsSync, readdirSync, readFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { delimiter, dirname, join } from 'node:path';
import { text } from 'node:stream/consumers';
import { describe, expect, it } from 'vitest';
import * as z from 'zod/mini';

const ROOT = join(import.meta.dirname, '..');
const README = 'README.md';
const PAGES = [README, ...readdirSync(join(ROOT, 'docs')).map((name) => `docs/${name}`)].filter((page) =>
  page.endsWith('.md'),
);

const { scripts, bin } = z
  .object({ scripts: z.object({ start: z.string() }), bin: z.object({ usher: z.string() }) })
  .parse(JSON.parse(readFileSync(join(ROOT, 'package.json'), 'utf8')));

/** Commands that need neither AWS nor a terminal, and end by themselves: a console does not (`tests/cli/play-console.test.ts`). */
const OFFLINE = /^(?!.*--console)(?:npm start\b|usher (?:explain|play|subscriptions --file)\b|node \S+ .*\bexamples\/)/;

/** A command as a page prints it. */
interface Printed {
  page: string;
  command: string;
  /** The lines below it, where the page shows a session: `$ command`, then what it writes. */
  output: string[];
}

/** All commands in the code blocks of a page, without comments and without the pipes behind them. */
function commandsIn(page: string): Printed[] {
  const printed: Printed[] = [];
  let fenced = false;
  let session: Printed | undefined;
  const lines = readFileSync(join(ROOT, page), 'utf8').replaceAll('\\\n', ' ').split('\n');
  for (const line of lines) {
    if (/^\s*```/.test(line)) {
      fenced = !fenced;
      session = undefined;
    } else if (fenced && session && !line.startsWith('$ ')) {
      session.output.push(line);
    } else if (fenced) {
      const chain = line
        .replace(/^\$ /, '')
        .replace(/\s+#.*$/, '')
        .split(' && ');
      const found = chain.map((part) => ({ page, command: part.replace(/ \| .*$/, '').trim(), output: [] }));
      printed.push(...found);
      if (line.startsWith('$ ')) session = found.at(-1);
    }
  }
  return printed;
}

/** What is run for it: the same without the start of npm, which takes longer than most commands. */
function withoutNpm(command: string): string {
  return command
    .replace(/^npm start(?: --silent)?(?: --(?= ))?/, scripts.start)
    .replace(/^usher(?= )/, `node ${bin.usher}`);
}

async function run(command: string) {
  const { FORCE_COLOR: _, ...environment } = process.env;
  const PATH = [dirname(process.execPath), environment['PATH']].join(delimiter);
  const env = { ...environment, PATH, CI: 'true', NODE_COMPILE_CACHE: join(tmpdir(), 'usher-compile-cache') };
  const child = spawn(withoutNpm(command), { cwd: ROOT, env, shell: true });
  child.stdin.end();
  const [out, error, [code]] = await Promise.all([text(child.stdout), text(child.stderr), once(child, 'close')]);
  return { code, out, error };
}

/** Words only: a page wraps and indents lines at will. */
const words = (lines: string) => lines.replace(/\s+/g, ' ').trim();

/** The parts of an output that a page shows; `…` on a line of its own stands for what it leaves out. */
function partsOf(output: readonly string[]): string[] {
  return output
    .join('\n')
    .split(/^\s*…\s*$/m)
    .map(words)
    .filter((part) => part !== '');
}

const PRINTED = PAGES.flatMap(commandsIn);
const RUN = PRINTED.filter(({ command }) => OFFLINE.test(command));

describe('a command that a page prints', () => {
  it.each(RUN.map((printed) => [printed.page, printed.command, printed.output] as const))(
    'runs as %s prints it: %s',
    async (_page, command, output) => {
      const { code, out, error } = await run(command);
      expect({ code, error }).toEqual({ code: 0, error: '' });
      expect(out).not.toBe('');
      if (/ --json\b/.test(command)) for (const line of out.trimEnd().split('\n')) JSON.parse(line);
      for (const part of partsOf(output)) expect(words(out)).toContain(part);
    },
  );

  it.each(PRINTED.filter(({ command }) => command.includes('examples/')).map(({ page, command }) => [page, command]))(
    'names only files that exist in %s: %s',
    (_page, command) => {
      const files = command.split(/\s+/).filter((word) => word.startsWith('examples/'));
      expect(files.filter((file) => !existsSync(join(ROOT, file)))).toEqual([]);
    },
  );
});

describe('README.md', () => {
  const commands = RUN.filter(({ page }) => page === README).map(({ command }) => command);

  it('prints the two commands that need no AWS account', () => {
    const text = readFileSync(join(ROOT, README), 'utf8');
    expect(text).toContain('npm ci && npm start');
    expect(text).toContain('npm ci && npm test');
  });

  it.each(['scenario.yml', 'events.jsonl', 'directory.yml', 'entitlements.yml', 'event.json'])(
    'prints a command that uses examples/%s',
    (file) => {
      expect(commands.filter((command) => command.split(' ').includes(`examples/${file}`))).not.toEqual([]);
    },
  );

  it('prints at least three commands with files, and shows output of one', () => {
    expect(commands.filter((command) => command.includes('examples/')).length).toBeGreaterThanOrEqual(3);
    expect(RUN.filter(({ page, output }) => page === README && output.length > 0)).not.toEqual([]);
  });
});
