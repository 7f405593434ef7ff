// @module-tag long
import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { existsSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { widthOf } from '../../cli/ui/columns.ts';
import { environment } from '../support/operator.ts';

const USHER = join(import.meta.dirname, '../../cli/usher.mjs');
const ROWS = 100_000;
/** That of util-linux runs a command in a terminal of its own. */
const CAN_RUN = process.platform === 'linux' && existsSync('/usr/bin/script') && existsSync('/usr/bin/less');

let folder: string;
beforeAll(() => {
  folder = mkdtempSync(join(tmpdir(), 'usher-paged-'));
  const rows = Array.from({ length: ROWS }, (_, row) => `Person \u202e${row} 日本,Active,Kiro Pro,Direct,2026-01-01`);
  const head = 'Name,Subscription status,Kiro plan,Plan source,Activation date';
  writeFileSync(join(folder, 'export.csv'), [head, ...rows, ''].join('\n'));
});
afterAll(() => rmSync(folder, { recursive: true }));

/** Lists a hundred thousand subscriptions in a terminal. */
function inTerminal(columns: number, env: NodeJS.ProcessEnv = {}) {
  const usher = `'${process.execPath}' '${USHER}' subscriptions --file export.csv --names`;
  const command = `stty cols ${columns} rows 12; exec ${usher}`;
  const child: ChildProcess = spawn('/usr/bin/script', ['-qec', command, '/dev/null'], {
    cwd: folder,
    env: { ...environment({ TERM: 'xterm', NO_COLOR: '1', OUT: join(folder, 'paged'), ...env }), SHELL: '/bin/sh' },
  });
  let shown = '';
  // It may end while q is pressed once more.
  child.stdin?.on('error', () => undefined);
  child.stdout?.on('data', (some) => {
    shown += String(some);
  });
  const until = async (text: string) => {
    while (!shown.includes(text) && child.stdout) await once(child.stdout, 'data');
  };
  /** Presses q until the pager has taken it: it drops what was typed before a screen was drawn, or before a Ctrl-C. */
  const leave = async (): Promise<number | null> => {
    const pressing = setInterval(() => child.stdin?.write('q'), 100);
    const [code] = await once(child, 'close');
    clearInterval(pressing);
    return code;
  };
  return { child, until, leave, shown: () => shown, type: (keys: string) => child.stdin?.write(keys) };
}

describe.runIf(CAN_RUN)('a list that is longer than the terminal', () => {
  it('is in the pager, whole, each row a line of 80 columns or a block of 40', async () => {
    for (const columns of [80, 40]) {
      const { child, shown } = inTerminal(columns, { USHER_PAGER: 'cat > "$OUT"' });
      const [code] = await once(child, 'close');
      const lines = readFileSync(join(folder, 'paged'), 'utf8').split('\n');
      expect([code, shown().trim()]).toEqual([0, '']);
      expect(lines.filter((line) => line.includes('Person'))).toHaveLength(ROWS);
      expect(lines.find((line) => line.includes('Person'))).toContain('\\u202e0');
      expect(lines.filter((line) => widthOf(line) > columns)).toEqual([]);
    }
  });

  it('ends quietly when its reader leaves the pager early', async () => {
    const { until, shown, leave } = inTerminal(120);
    await until('Person');
    expect(await leave()).toBe(0);
    expect(shown()).not.toContain('error');
  });

  it('leaves the terminal to the pager after Ctrl-C, until its reader leaves it', async () => {
    const { child, until, type, leave } = inTerminal(120);
    await until('Person');
    type('\u0003');
    expect(child.exitCode).toBeNull();
    expect(await leave()).toBe(130);
  });

  it('comes without a pager where there is none', async () => {
    const { child, shown } = inTerminal(120, { USHER_PAGER: 'no-such-pager-of-usher' });
    const [code] = await once(child, 'close');
    expect(code).toBe(0);
    expect(shown().match(/Person/g)).toHaveLength(ROWS);
  });
});
