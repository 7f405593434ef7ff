// @module-tag long
import { execFileSync, spawn, spawnSync } from 'node:child_process';
import { once } from 'node:events';
import { existsSync, mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { type CommandPackage, PACKAGE_NAME, packCommand } from '../../build/command-package.ts';
import { startEmulator } from '../../cli/command/own-emulator.ts';
import { buildPage } from '../../console/assets.ts';
import { exampleDirectory } from '../../emulator/scenario/example-directory.ts';
import { exampleEntitlements } from '../../emulator/scenario/example-entitlements.ts';
import { askConsole } from '../support/console.ts';
import { noticed } from '../support/noticed.ts';
import { environment, linesOf, runUsher } from '../support/operator.ts';

const ROOT = join(import.meta.dirname, '../..');
/** The Node that runs what is installed. build/oldest-node.ts names another one. */
const NODE = process.env['USHER_TEST_NODE'] ?? process.execPath;

let folder: string;
let packed: CommandPackage;
/** A folder of someone who has installed the package, and nothing else. */
let home: string;
const installed = (...path: string[]) => join(home, 'node_modules', PACKAGE_NAME, ...path);

const consume = (name: string, text: string) => writeFileSync(join(home, name), text);

/** Runs the installed command. */
function usher(args: readonly string[], env: NodeJS.ProcessEnv = {}) {
  const { status, stdout, stderr } = spawnSync(NODE, [installed('lib/usher.mjs'), ...args], {
    cwd: home,
    env: environment(env),
    encoding: 'utf8',
  });
  return { code: status, out: stdout, error: stderr };
}

beforeAll(async () => {
  folder = mkdtempSync(join(tmpdir(), 'usher-package-'));
  packed = await packCommand(join(folder, 'dist'));
  home = join(folder, 'home');
  mkdirSync(home);
  // With an empty cache: nothing can come from anywhere but the tarball.
  const flags = ['--offline', '--cache', join(folder, 'cache'), '--no-audit', '--no-fund', '--ignore-scripts=false'];
  execFileSync('npm', ['install', ...flags, packed.tarball], { cwd: home, stdio: 'pipe' });
});
afterAll(() => rmSync(folder, { recursive: true, force: true }));

describe('the package of the command', () => {
  it('has at most 6 MB, and neither sources nor tests nor a Node', () => {
    expect(packed.unpackedBytes).toBeLessThan(6_000_000);
    const sources = packed.files.filter((file) =>
      /(?<!\.d)\.[cm]?ts$|(?:^|\/)tests?\/|(?:^|\/)node(?:\.exe)?$/.test(file),
    );
    expect(sources).toEqual([]);
    expect(packed.files).toEqual(
      expect.arrayContaining(['README.md', 'LICENSE', 'CHANGELOG.md', 'examples/story.yml']),
    );
  });

  it('installs nothing else, without a registry and without a script', () => {
    const description = JSON.parse(readFileSync(installed('package.json'), 'utf8'));
    expect(description).toMatchObject({
      name: expect.stringMatching(/^@[\w-]+\/[\w-]+$/),
      bin: { usher: expect.any(String) },
    });
    expect(Object.keys(description).filter((key) => /dependencies|scripts|private/i.test(key))).toEqual([]);
    const [scope = ''] = PACKAGE_NAME.split('/');
    expect(readdirSync(join(home, 'node_modules')).filter((name) => !name.startsWith('.'))).toEqual([scope]);
    expect(existsSync(join(home, 'node_modules/.bin/usher'))).toBe(true);
  });

  it('has the notices of the packages in it, and a bill of materials next to it', () => {
    const notices = readFileSync(installed('THIRD-PARTY-NOTICES.txt'), 'utf8');
    const { components } = JSON.parse(readFileSync(join(folder, 'dist/sbom.cdx.json'), 'utf8'));
    const libraries = components.filter(({ type }: { type: string }) => type === 'library');
    expect(libraries.length).toBeGreaterThan(100);
    for (const { group, name, version } of libraries)
      expect(notices).toContain(`\n${group ? `${group}/` : ''}${name} ${version} (`);
  });

  it('has no path of the machine that made it', () => {
    const chunks = readdirSync(installed('lib/chunks')).map((file) => installed('lib/chunks', file));
    for (const file of [...chunks, installed('lib/cli/main.mjs'), installed('lib/events/index.mjs')])
      expect(readFileSync(file, 'utf8').includes(ROOT), file).toBe(false);
  });

  it('is the same bytes if it is made again', async () => {
    const again = await packCommand(join(folder, 'again'));
    expect(readFileSync(again.tarball).equals(readFileSync(packed.tarball))).toBe(true);
  });
});

describe('npm pack in the checkout, which runs no script of ours', () => {
  it('makes nothing, and names the command that makes the package', () => {
    const { status, stdout, stderr } = spawnSync('npm', ['pack'], { cwd: ROOT, encoding: 'utf8' });
    expect({ status, stdout, stderr }).toMatchObject({
      status: expect.any(Number),
      stdout: '',
      stderr: expect.stringContaining('npm pack makes no package here. Instead: npm run pack'),
    });
    expect(readdirSync(ROOT).filter((file) => file.endsWith('.tgz'))).toEqual([]);
  });

  it('packs no source into a folder that is named, and a command that says what to run instead', () => {
    const made = execFileSync('npm', ['pack', '--json', '--pack-destination', folder], { cwd: ROOT, encoding: 'utf8' });
    const [{ filename, files }] = JSON.parse(made);
    expect(files.map(({ path }: { path: string }) => path).toSorted()).toEqual([
      ...['LICENSE', 'README.md', 'cli/usher.mjs', 'package.json'],
    ]);
    execFileSync('tar', ['-xzf', filename], { cwd: folder });
    const stub = spawnSync(NODE, ['package/cli/usher.mjs', 'play'], { cwd: folder, encoding: 'utf8' });
    expect({ code: stub.status, out: stub.stdout, error: stub.stderr }).toEqual({
      code: 3,
      out: '',
      error: expect.stringContaining('npm run pack'),
    });
  });
});

describe('the installed command', () => {
  it('says its version and the same help as the checkout', async () => {
    const { version } = JSON.parse(readFileSync(join(ROOT, 'package.json'), 'utf8'));
    expect(usher(['--version'])).toEqual({ code: 0, out: `${version}\n`, error: '' });
    const help = await runUsher(['--help'], { cwd: ROOT });
    expect(usher(['--help'])).toEqual(help);
    const commands = [...help.out.matchAll(/^ {2}([a-z]+) /gm)].map(([, name = '']) => name);
    expect(commands.length).toBeGreaterThan(18);
    for (const name of commands.filter((one) => one !== 'help')) {
      expect(usher(['help', name])).toEqual(await runUsher(['help', name], { cwd: ROOT }));
    }
  });

  it('plays the story as the checkout does', async () => {
    const here = await runUsher(['play', '--json'], { cwd: ROOT });
    const there = usher(['play', '--json']);
    expect({ code: there.code, error: there.error }).toEqual({ code: 0, error: '' });
    expect(there.out).toBe(here.out);
    expect(usher(['play']).out).toMatch(/What you have just seen/);
  });

  it('explains its examples', () => {
    const entitlements = installed('examples/entitlements.yml');
    const { code, out } = usher(['explain', installed('examples/event.json'), '--entitlements', entitlements]);
    expect({ code, out }).toEqual({ code: 0, out: expect.stringContaining('start (event)') });
  });

  it('shows notices, with the templates in the package and those next to the entitlements', () => {
    consume('noticed.yml', JSON.stringify(noticed()));
    const preview = () => usher(['notices', 'preview', 'assigned', '--entitlements', 'noticed.yml']);
    expect(preview()).toEqual({ code: 0, out: expect.stringMatching(/^Subject: You can now use Kiro\n/), error: '' });
    mkdirSync(join(home, 'notices/own/en'), { recursive: true });
    consume('notices/own/en/greeting.txt.liquid', 'Dear {{ name }},\n');
    expect(preview().out).toContain('Dear Ana Silva,');
  });

  it('serves the emulator, of which commands then ask', async () => {
    const entitlements = installed('examples/entitlements.yml');
    const args = ['local', '--port', '0', '--json', '--speed', '500', '--people', '5', '--entitlements', entitlements];
    const child = spawn(NODE, [installed('lib/usher.mjs'), ...args], { cwd: home, env: environment() });
    try {
      const [line] = await once(createInterface(child.stdout), 'line');
      const env = { AWS_ENDPOINT_URL: JSON.parse(line).endpoint };
      expect(usher(['--local', 'start', '--all', '--wait'], env)).toMatchObject({ code: 0 });
      const seats = usher(['--local', 'seats', '--json'], env);
      expect(linesOf(seats.out)).toEqual([expect.objectContaining({ entitlement: 'amazon-q-developer' })]);
      for (const command of ['doctor', 'status', 'held', 'audit'])
        expect({ command, ...usher(['--local', command], env) }).toMatchObject({ command, error: '' });
      expect(usher(['--local', 'why', 'nobody'], env)).toMatchObject({ code: 2 });
    } finally {
      child.kill('SIGTERM');
      await once(child, 'close');
    }
  });

  it('serves the page of the console, with everything in it', async () => {
    const { endpoint, end } = await startEmulator({
      entitlements: exampleEntitlements(),
      directory: exampleDirectory(exampleEntitlements(), 5),
      port: 0,
      speed: 1,
      onNotice: () => undefined,
      onProblem: () => undefined,
    });
    const args = ['--local', 'console', '--no-open', '--json'];
    const env = environment({ AWS_ENDPOINT_URL: endpoint });
    const child = spawn(NODE, [installed('lib/usher.mjs'), ...args], { cwd: home, env });
    try {
      const [line] = await once(createInterface(child.stdout), 'line');
      const { url } = JSON.parse(line);
      const { assets } = await buildPage();
      for (const [path, { type, body }] of assets) {
        const response = await fetch(new URL(path, url));
        expect({ path, type: response.headers.get('content-type') }).toEqual({ path, type });
        expect(await response.text()).toBe(new TextDecoder().decode(body));
      }
      const seats = await askConsole(url, '/api/ask/seats');
      const here = await runUsher(['--local', 'seats', '--json'], { cwd: ROOT, env: { AWS_ENDPOINT_URL: endpoint } });
      expect(seats.text).toBe(here.out);
    } finally {
      child.kill('SIGTERM');
      expect((await once(child, 'close'))[0]).toBe(0);
      await end();
    }
  });

  it('completes in a shell, by its own path', () => {
    const { code, out } = usher(['completion', 'bash']);
    expect({ code, out }).toEqual({ code: 0, out: expect.stringContaining(installed('lib/usher.mjs')) });
    expect(usher(['complete', '--', 'seats', '--status', 'wa'])).toEqual({
      code: 0,
      out: 'waitlisted\t\n:4\n',
      error: '',
    });
  });

  it('says what is missing: the entitlements', () => {
    expect(usher(['seats'])).toMatchObject({ code: 3, error: expect.stringContaining('There is no entitlements.yml') });
  });

  it.runIf(
    existsSync('/usr/bin/node') &&
      Number(execFileSync('/usr/bin/node', ['-p', 'parseInt(process.versions.node)'])) < 22,
  )('says which Node it needs', () => {
    const old = spawnSync('/usr/bin/node', [installed('lib/usher.mjs'), 'play'], { encoding: 'utf8' });
    expect({ code: old.status, out: old.stdout, error: old.stderr }).toEqual({
      code: 3,
      out: '',
      error: expect.stringMatching(/^usher needs Node 22\.18 or later; this is [\d.]+\.\n$/),
    });
  });
});

describe('the exported audit events', () => {
  const samples = readdirSync(join(ROOT, 'schemas/samples')).map((name) => name.replace('.json', ''));
  const sample = (name: string) => readFileSync(join(ROOT, 'schemas/samples', `${name}.json`), 'utf8');

  it('are parsed by a program that imports them, which learns what is wrong with others', () => {
    const texts = samples.map((name) => `  parseAuditEvent(${sample(name)})`);
    consume(
      'parse.mjs',
      `import { DETAIL_TYPES, InvalidAuditEvent, parseAuditEvent } from '${PACKAGE_NAME}/events';
import schema from '${PACKAGE_NAME}/schemas/seat-assigned.schema.json' with { type: 'json' };
const events = [\n${texts.join(',\n')}\n];
const problems = [{}, 7, { ...events[0], detail: { ...events[0].detail, who: 'x' } }].map((wrong) => {
  try {
    return parseAuditEvent(wrong);
  } catch (error) {
    return error instanceof InvalidAuditEvent && error.issues[0].path;
  }
});
console.log(JSON.stringify({ types: [...new Set(events.map((one) => one['detail-type']))].sort(), known: [...DETAIL_TYPES].sort(), problems, id: schema.$id }));
`,
    );
    const { stdout, stderr } = spawnSync(NODE, ['parse.mjs'], { cwd: home, env: environment(), encoding: 'utf8' });
    expect(stderr).toBe('');
    const { types, known, problems, id } = JSON.parse(stdout);
    expect(types).toEqual(known);
    expect(known).toHaveLength(11);
    expect(problems).toEqual(['detail-type', 'detail-type', 'detail.who']);
    expect(id).toBe('urn:usher:schema:seat-assigned');
  });

  it('have types that a strict compiler takes without any other package', () => {
    const texts = samples.map((name, index) => `export const event${index}: AuditEvent = ${sample(name)};`);
    consume(
      'consume.ts',
      `import { type AuditEvent, type DetailType, parseAuditEvent, type SeatAssigned } from '${PACKAGE_NAME}/events';
${texts.join('\n')}
export function userOf(event: unknown): string | undefined {
  const audit = parseAuditEvent(event);
  switch (audit['detail-type']) {
    case 'Seat Assigned': {
      const assigned: SeatAssigned = audit;
      return assigned.detail.user.uid;
    }
    case 'Seat Leaving':
      return audit.detail.unmapped.revoke_at;
    // @ts-expect-error There is no such event.
    case 'Seat Lost':
      return undefined;
    default:
      return undefined;
  }
}
// @ts-expect-error A failure is about no single user.
export const user = (event: AuditEvent & { 'detail-type': 'Onboarding Failed' }): string => event.detail.user.uid;
export const type: DetailType = 'Revocations Held';
`,
    );
    const options = {
      strict: true,
      noEmit: true,
      module: 'NodeNext',
      types: [],
      skipLibCheck: false,
      exactOptionalPropertyTypes: true,
    };
    consume('tsconfig.json', JSON.stringify({ compilerOptions: options, files: ['consume.ts'] }));
    const { status, stdout } = spawnSync(join(ROOT, 'node_modules/.bin/tsc'), ['-p', home], { encoding: 'utf8' });
    expect({ status, stdout }).toEqual({ status: 0, stdout: '' });
  });
});
