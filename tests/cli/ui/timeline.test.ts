import { readFileSync } from 'node:fs';
import { beforeAll, describe, expect, it } from 'vitest';
import type { Colors, Screen } from '../../../cli/ui/terminal.ts';
import { wrap } from '../../../cli/ui/text.ts';
import { Timeline } from '../../../cli/ui/timeline.ts';
import { play } from '../../../emulator/scenario/player.ts';
import { readScenario } from '../../../emulator/scenario/reader.ts';
import { user } from '../../support/ids.ts';
import { aScenario } from '../../support/scenario.ts';
import { SECRET } from '../../support/secret.ts';

const same = (text: string) => text;

/** A screen that keeps what it shows. */
class Paper implements Screen {
  readonly colors: Colors = { bold: same, dim: same, red: same, green: same, yellow: same, magenta: same, cyan: same };
  readonly width = 100;
  readonly lines: string[] = [];
  readonly shown: string[] = [];
  closed = false;

  line(text: string) {
    this.lines.push(text);
  }

  progress(text: string) {
    this.shown.push(text);
  }

  close() {
    this.closed = true;
  }

  behind() {
    return undefined;
  }
}

async function showing(text: string) {
  const paper = new Paper();
  const result = await play(readScenario(text, 'scenario.yml'), new Timeline(paper));
  return { paper, result, text: paper.lines.join('\n') };
}

describe('the built-in story', () => {
  let story: Awaited<ReturnType<typeof showing>>;
  beforeAll(async () => {
    story = await showing(readFileSync(new URL('../../../examples/story.yml', import.meta.url), 'utf8'));
  });

  it('ends as its explanations say', () => {
    const { surprises, executions, seats } = story.result;
    expect(surprises).toEqual([]);
    expect(executions).toEqual({ converged: 7, handedOver: 0, ignored: 1, held: 0, failed: 0 });
    expect(seats.map(({ status }) => status)).toEqual([
      'confirmed',
      'confirmed',
      'confirmed',
      'revoked',
      'confirmed',
      'confirmed',
    ]);
  });

  it.each([
    'A day with Usher',
    'Engineering (Cleo, Dan, Fay) or Data (Cleo)',
    '+0:10:00  * Ana joins Engineering through SCIM',
    '+0:10:01  > event PatchGroup of identitystore-scim: an execution starts',
    '+0:10:01    #2 WaitForPropagation waits: not visible yet',
    '+0:12:00    #2 Seat Assigned: Ana, amazon-q-developer; reason: group-join',
    '#3 WaitForPropagation look 3: still not, waits',
    '+0:42:00    #5 Seat Revoked: Dan, amazon-q-developer; reason: group-leave',
    '+1:10:15    #6 Seat Assigned: Eva, amazon-q-developer; reason: manual',
    '#8 ignored: foreign-service',
    'Assignments that the applications hold: 5.',
    'Executions: 7 converged, 1 ignored.',
    'What you have just seen',
  ])('tells: %s', (line) => {
    expect(story.text).toContain(line);
  });

  it('has a table of seats and one of audit events', () => {
    expect(story.text).toMatch(/│ Dan +│ 94e80458-0004-70ea-08fa-c3a10a1d8a04 │ amazon-q-developer │ revoked +│/);
    expect(story.text).toMatch(/│ \+0:20:35 │ Seat Assigned │ Ben +│ group-join +│ #3 +│/);
  });

  it('shows how far it is, and then takes that away', () => {
    expect(story.paper.shown).toContain('[###.................] 1 of 8, +0:10:01  #2 WaitForPropagation');
    expect(story.paper.closed).toBe(true);
  });

  it('fits the screen', () => {
    expect(story.paper.lines.filter((line) => line.length > 100)).toEqual([]);
  });
});

describe('a timeline', () => {
  it('tells ids where a scenario gives no names, and no name of the directory', async () => {
    const { text } = await showing(aScenario([{ at: '+0s', start: { userId: 'Ana' } }], { names: { Ana: user(1) } }));
    expect(text).toContain('Seat Assigned: Ana, q; reason: manual');
    const { text: unnamed } = await showing(aScenario([{ at: '+0s', start: { userId: user(1) } }], { names: {} }));
    expect(unnamed).toContain(`Seat Assigned: ${user(1)}, q; reason: manual`);
    expect(text + unnamed).not.toContain(SECRET);
  });

  it('tells what was not as expected, and why', async () => {
    const { text } = await showing(aScenario([{ at: '+0s', start: { unknown: 1 } }]));
    expect(text).toContain('#1 failed: InvalidRequestError: input: ');
    expect(text).toContain('Not as expected: #1, manual start ended as failed.');
  });

  it('marks the second copy of an audit event, and assignments that others made', async () => {
    const { text } = await showing(
      aScenario([
        { at: '+0s', assign: { user: 'Dan', application: 'Q' } },
        { at: '+0s', fault: { operation: 'SSOAdmin.CreateApplicationAssignment', kind: 'lost' } },
        { at: '+1s', start: { userId: 'Ana' } },
      ]),
    );
    expect(text.match(/Seat Assigned(?: \(copy\))?: Ana/g)).toEqual([
      'Seat Assigned: Ana',
      'Seat Assigned (copy): Ana',
    ]);
    expect(text).toContain('Assignments that the applications hold: 2, 1 of them not made by Usher.');
  });

  it('tells only the ends of very many executions', async () => {
    const many = Array.from({ length: 50 }, () => ({ at: '+0s', event: { 'detail-type': 'x', source: 'aws.other' } }));
    const { paper, text } = await showing(aScenario(many));
    expect(text).not.toContain('NormalizeRequest');
    expect(paper.lines.filter((line) => line.includes('event "x": ignored: foreign-service'))).toHaveLength(50);
  });

  it('tells whom an execution was handed over to', async () => {
    const hint = { join: { user: 'Dan', group: 'Engineers' }, deliver: { times: 2 } };
    const { text } = await showing(aScenario([{ at: '+0s', ...hint }]));
    expect(text).toMatch(/#[12] handed over: #[12] /);
  });
});

describe('a paragraph', () => {
  it.each<[string, number, string[]]>([
    ['one two three', 7, ['one two', 'three']],
    ['one\n\ntwo\n', 7, ['one', '', 'two']],
    ['incomprehensibilities', 7, ['incomprehensibilities']],
    ['', 7, ['']],
  ])('is wrapped between words: %j', (text, width, lines) => {
    expect(wrap(text, width)).toEqual(lines);
  });
});
