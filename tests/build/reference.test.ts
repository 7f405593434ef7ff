import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { fillPage, referenceTables } from '../../build/reference.ts';
import { IdentityCenter } from '../../emulator/aws/identity-center/identity-center.ts';

const ROOT = join(import.meta.dirname, '..', '..');
const PAGE = 'docs/page.md';
const TABLES = new Map([
  ['fruits', '| apple |\n'],
  ['trees', '| oak |\n'],
]);

const GENERATED = await referenceTables();

const marked = (name: string, table: string) => `<!-- generated: ${name} -->\n${table}<!-- /generated -->\n`;
const CURRENT = `# Page\n\n${marked('fruits', '| apple |\n')}\nText.\n\n${marked('trees', '| oak |\n')}`;

describe('a reference table', () => {
  it('that says what the code says is left as it is', () => {
    expect(fillPage(PAGE, CURRENT, TABLES)).toEqual({ text: CURRENT, stale: [], wrong: [] });
  });

  it.each([
    ['another cell', '| pear |\n'],
    ['another row', '| apple |\n| pear |\n'],
    ['no row', ''],
    ['a line before it', 'Fruits:\n| apple |\n'],
    ['Windows line ends', '| apple |\r\n'],
  ])('with %s is reported by page and name, and written anew', (_change, table) => {
    const text = CURRENT.replace('| apple |\n', table);
    expect(fillPage(PAGE, text, TABLES)).toEqual({
      text: CURRENT,
      stale: ['docs/page.md: the table fruits is not as generated'],
      wrong: [],
    });
  });

  it.each([
    ['both markers are missing', (text: string) => text.replace(marked('fruits', '| apple |\n'), '| apple |\n')],
    ['the first marker is missing', (text: string) => text.replace('<!-- generated: fruits -->\n', '')],
    ['the last marker is missing', (text: string) => text.replace('<!-- /generated -->\n', '')],
    ['the first marker is spelt differently', (text: string) => text.replace('generated: fruits', 'generated fruits')],
  ])('is reported by page and name where %s, and the page is left alone', (_fact, change) => {
    const text = change(CURRENT);
    expect(fillPage(PAGE, text, TABLES)).toEqual({
      text,
      stale: [],
      wrong: ['docs/page.md: the table fruits has no markers'],
    });
  });

  it('of which the code knows nothing is reported by page and name, and left alone', () => {
    const text = CURRENT + marked('shrubs', '| holly |\n');
    expect(fillPage(PAGE, text, TABLES)).toEqual({
      text,
      stale: [],
      wrong: ['docs/page.md: no table is called shrubs'],
    });
  });
});

describe('docs/', () => {
  it.each([...GENERATED])('has the tables of %s as generated', (page, tables) => {
    const text = readFileSync(join(ROOT, page), 'utf8');
    expect(fillPage(page, text, tables)).toEqual({ text, stale: [], wrong: [] });
  });

  it('shows text as text: no cell is taken for markup', () => {
    const cells = [...GENERATED.values()]
      .flatMap((tables) => [...tables.values()])
      .flatMap((table) => table.split('\n'))
      .flatMap((line) => line.split(/(?<!\\)\|/));
    expect(cells.map((cell) => cell.replace(/`[^`]*`/g, '')).filter((cell) => /(?<!\\)[<*]/.test(cell))).toEqual([]);
  });

  it('names the default of each quirk first', () => {
    const seed = { identityStoreId: 'd-1234567890', users: [], groups: [], applications: [] };
    const clock = { now: () => new Date(0), sleep: () => Promise.resolve() };
    const { quirks } = new IdentityCenter(seed, {
      clock,
      instanceArn: 'arn:aws:sso:::instance/ssoins-1111222233334444',
    });
    const table = GENERATED.get('docs/scenarios.md')?.get('quirks') ?? '';
    const rows = [...table.matchAll(/^\| `(\w+)` \| `([\w-]+)`/gm)].map(([, name, first]) => [name, first]);
    expect(Object.fromEntries(rows)).toEqual(
      Object.fromEntries(Object.entries(quirks).map(([name, value]) => [name, String(value)])),
    );
  });
});
