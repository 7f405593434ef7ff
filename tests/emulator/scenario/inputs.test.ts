import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import * as fc from 'fast-check';
import { describe, expect, it, onTestFinished } from 'vitest';
import { exampleEntitlements } from '../../../emulator/scenario/example-entitlements.ts';
import { InputErrors, readEventFiles, readScenarioFile } from '../../../emulator/scenario/inputs.ts';
import { parseEvents } from '../../../input/event-files.ts';
import { APPLICATION, GROUP, STORE_ID } from '../../support/ids.ts';

const USER = '94e80458-9021-70ea-08fa-c3a10a1d8a92';
const ENTITLEMENTS = JSON.stringify(exampleEntitlements());
const DIRECTORY = JSON.stringify({
  identityStoreId: STORE_ID,
  users: [{ userId: USER, userName: 'a-user' }],
  groups: [{ groupId: GROUP, members: [USER] }],
  applications: [{ applicationArn: APPLICATION }],
});

/** Writes files to a new directory; returns the path of each. */
function files(contents: Record<string, string | Uint8Array>): (name: string) => string {
  const directory = mkdtempSync(join(tmpdir(), 'usher-'));
  onTestFinished(() => rmSync(directory, { recursive: true }));
  mkdirSync(join(directory, 'folder'));
  for (const [name, content] of Object.entries(contents)) writeFileSync(join(directory, name), content);
  return (name) => join(directory, name);
}

/** Reads event files, with a valid directory and valid entitlements by default. */
async function reading(contents: Record<string, string | Uint8Array>, ...names: string[]) {
  const path = files({ 'entitlements.yml': ENTITLEMENTS, 'directory.yml': DIRECTORY, ...contents });
  const inputs = {
    files: names.map((name) => (name === '-' ? name : path(name))),
    directory: path('directory.yml'),
    entitlements: path('entitlements.yml'),
  };
  const base = path('');
  try {
    return { script: await readEventFiles(inputs), problems: '' };
  } catch (error) {
    if (!(error instanceof InputErrors)) throw error;
    return { problems: error.message.replaceAll(join(base, '/'), '') };
  }
}

/** The message that a file of events is refused with; empty when it isn't. */
function problemsOf(text: string): string {
  try {
    parseEvents(text, 'events');
    return '';
  } catch (error) {
    return error instanceof Error ? error.message : String(error);
  }
}

describe('a file of events', () => {
  it.each<[string, string, object[]]>([
    ['one object', '{"a":1}', [{ a: 1 }]],
    ['one object over several lines', '{\n"a":\n1}\n', [{ a: 1 }]],
    ['an array', '[{"a":1},{"b":2}]', [{ a: 1 }, { b: 2 }]],
    ['JSON Lines', '{"a":1}\n{"b":2}', [{ a: 1 }, { b: 2 }]],
    ['JSON Lines with CRLF and blank lines', '\r\n{"a":1}\r\n\r\n{"b":2}\r\n\r\n', [{ a: 1 }, { b: 2 }]],
    ['objects that are not events', '{"__proto__":{"source":"x"}}', [JSON.parse('{"__proto__":{"source":"x"}}')]],
  ])('may hold %s', (_kind, text, events) => {
    expect(parseEvents(text, 'events')).toEqual(events);
  });

  it.each<[string, string, string]>([
    ['nothing', '', 'events: holds no event'],
    ['blank lines only', ' \n\n', 'events: holds no event'],
    ['an empty array', '[]', 'events: holds no event'],
    ['a text', '"somebody@example.com"', 'events: expected an object'],
    ['null', 'null', 'events: expected an object'],
    ['an array in an array', '[{},[]]', 'events: [1]: expected an object'],
    ['one bad line', '{"a":1}\n{somebody\n{"b":2}', 'events: line 2: not JSON'],
    ['a first line that is bad', '{somebody\n{"b":2}', 'events: line 1: not JSON'],
    ['a line that is not an object', '{"a":1}\n\n[{"b":2}]\n', 'events: line 3: expected an object'],
    ['an object that breaks off', '{\n"a": 1,\n"b": "somebody', 'events: line 3, column 15: not JSON'],
    ['an array that breaks off', '[\n{"a":1},\n{"b":2}', 'events: line 3, column 8: not JSON'],
    ['an object without its end', '{"a":', 'events: line 1, at its end: not JSON'],
    ['YAML', 'a: somebody', 'events: line 1: not JSON'],
    ['a text with an event in it', '# Events\n{"a":1}\nsomebody', 'events: line 1: not JSON'],
    [
      'a large event',
      JSON.stringify({ pad: 'x'.repeat(300_000) }),
      "events: larger than 256 KiB, which is AWS's limit of an event",
    ],
    ['deep nesting', `{"a":${'['.repeat(50_000)}${']'.repeat(50_000)}}`, 'events: nested more than 1000 levels deep'],
  ])('is refused with its position and without quoting it: %s', (_kind, text, problems) => {
    expect(problemsOf(text)).toBe(problems);
  });

  it('reports all bad lines at once, up to a readable number', () => {
    const lines = problemsOf(`{}\n${'bad\n'.repeat(30)}`).split('\n');
    expect(lines).toHaveLength(21);
    expect(lines[0]).toBe('events: line 2: not JSON');
    expect(lines.at(-1)).toBe('events: 10 more errors');
  });

  it('holds the same events as one array and as lines', async () => {
    await fc.assert(
      fc.property(fc.array(fc.dictionary(fc.string(), fc.jsonValue({ maxDepth: 2 })), { minLength: 1 }), (events) => {
        const lines = events.map((event) => JSON.stringify(event)).join('\n');
        expect(parseEvents(lines, 'events')).toEqual(parseEvents(JSON.stringify(events), 'events'));
      }),
    );
  });
});

describe('the inputs of a run', () => {
  const at = (time: string, name: string) => JSON.stringify({ time, name });
  const orderOf = async (contents: Record<string, string>) => {
    const { script } = await reading(contents, ...Object.keys(contents));
    return script?.steps.map(({ at: moment, start }) => [
      Object.values(start?.input ?? {}).at(-1),
      moment.toISOString().slice(11, 19),
    ]);
  };

  it('are played in the order of their times, over all files', async () => {
    const contents = {
      'one.jsonl': [at('2026-11-01T10:00:05Z', 'third'), at('2026-11-01T10:00:01Z', 'first')].join('\n'),
      'two.json': JSON.stringify({ detail: { eventTime: '2026-11-01T10:00:03Z' }, name: 'second' }),
      'three.json': JSON.stringify({ eventTime: '2026-11-01T10:00:07.5Z', name: 'fourth' }),
    };
    expect(await orderOf(contents)).toEqual([
      ['first', '10:00:01'],
      ['second', '10:00:03'],
      ['third', '10:00:05'],
      ['fourth', '10:00:07'],
    ]);
  });

  it('keep the order of the files when they have the same time', async () => {
    const time = '2026-11-01T10:00:00Z';
    const contents = { 'one.jsonl': `${at(time, 'a')}\n${at(time, 'b')}`, 'two.json': at(time, 'c') };
    expect((await orderOf(contents))?.map(([name]) => name)).toEqual(['a', 'b', 'c']);
  });

  it.each(['xxxx', '2026-13-01T00:00:00Z', '2026-11-01', '9999-12-31T23:59:59Z', '1969-12-31T23:59:59Z'])(
    'come with the input before them when their time is %s',
    async (time) => {
      const contents = {
        'events.jsonl': [
          at(time, 'first'),
          at('2026-11-01T10:00:05Z', 'a'),
          at(time, 'b'),
          at('2026-11-01T10:00:01Z', 'c'),
        ].join('\n'),
      };
      expect(await orderOf(contents)).toEqual([
        ['first', '10:00:01'],
        ['c', '10:00:01'],
        ['a', '10:00:05'],
        ['b', '10:00:05'],
      ]);
    },
  );

  it('begin at the default time if no event has a time', async () => {
    const { script } = await reading({ 'events.json': `{"userId":"${USER}"}` }, 'events.json');
    expect(script?.start).toEqual(new Date('2026-01-01T00:00:00Z'));
  });

  it('can begin with a byte order mark', async () => {
    const { script } = await reading({ 'events.json': '\uFEFF{"a":1}' }, 'events.json');
    expect(script?.steps).toHaveLength(1);
  });

  it('are refused with the issues of all files at once', async () => {
    const contents = {
      'entitlements.yml': '{',
      'directory.yml': `identityStoreId: ${STORE_ID}\nusers: []\ngroups: [{ groupId: g }]\n`,
      'bad.json': '[1]',
      'bytes.json': Uint8Array.of(0x7b, 0xff, 0x7d),
    };
    const { problems } = await reading(contents, 'bad.json', 'bytes.json', 'missing.json', 'folder');
    expect(problems.split('\n')).toEqual([
      expect.stringMatching(/^entitlements.yml: line 1, column 2: /),
      'directory.yml: groups[0].groupId: expected a UUID or <10 hex>-<UUID>',
      'directory.yml: applications: missing: expected a list',
      'bad.json: [0]: expected an object',
      'bytes.json: not UTF-8 text',
      'missing.json: no such file',
      'folder: a directory: expected a file',
    ]);
  });

  it('are refused when directory and entitlements are of different identity stores', async () => {
    const contents = { 'directory.yml': DIRECTORY.replace(STORE_ID, 'd-0000000000'), 'events.json': '{}' };
    const { problems } = await reading(contents, 'events.json');
    expect(problems).toBe(
      'directory.yml: identityStoreId: not the identity store of entitlements.yml (identityCenter.identityStoreId)',
    );
  });

  it('are refused when a scenario is missing', async () => {
    await expect(readScenarioFile('/nowhere/scenario.yml')).rejects.toThrow('/nowhere/scenario.yml: no such file');
  });
});
