import { readFileSync } from 'node:fs';
import { beforeAll, describe, expect, it } from 'vitest';
import type { Colors } from '../../../cli/ui/colors.ts';
import { EXPLANATIONS } from '../../../cli/ui/narration.ts';
import type { Screen } from '../../../cli/ui/terminal.ts';
import { Timeline } from '../../../cli/ui/timeline.ts';
import { exampleEntitlements } from '../../../emulator/scenario/example-entitlements.ts';
import { play } from '../../../emulator/scenario/player.ts';
import { readScenario } from '../../../emulator/scenario/reader.ts';
import { wrap } from '../../../operator/text.ts';
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

async function showing(text: string, options?: { verbose: boolean }) {
  const paper = new Paper();
  const result = await play(readScenario(text, 'scenario.yml'), new Timeline(paper, options));
  return { paper, result, text: paper.lines.join('\n') };
}

const NOTICED = { entitlements: exampleEntitlements({ notices: { backfill: true } }) };
const JOIN = { at: '+0s', join: { user: 'Dan', group: 'Engineers', via: 'console' } };

describe('a play with notices', () => {
  it('shows what became of each, and the text only to the user who reads it', async () => {
    const { text } = await showing(aScenario([JOIN, { at: '+5m', read: { user: 'Dan' } }], NOTICED));
    expect(text).toMatch(/ {2}@ notice assigned: Dan \(sent\)/);
    expect(text).toContain('* Dan reads the newest e-mail');
    expect(text).toContain('  | From: usher@example.com\n  | Subject: You can now use Kiro\n  |\n');
    expect(text).toContain('Notices: 1 sent.');
  });

  it('shows an e-mail with its indentation, in the width of the screen and without control characters', () => {
    const paper = new Paper();
    const text = `Hello A\u202e\u001b[31m,\n   1. ${'word '.repeat(30)}`;
    new Timeline(paper).reading({ from: 'usher@example.com', subject: 'Your\u0007 seat', text });
    expect(paper.lines).toEqual([
      '  | From: usher@example.com',
      '  | Subject: Your\\u0007 seat',
      '  |',
      '  | Hello A\\u202e\\u001b[31m,',
      `  |    1. ${'word '.repeat(17)}word`,
      `  |    ${'word '.repeat(11)}word`,
    ]);
  });

  it('shows the settings of Amazon SES when they change, and the reason of a refusal', async () => {
    const mail = { sandbox: true, verified: ['usher@example.com'], perDay: 5 };
    const { text, result } = await showing(
      aScenario([{ at: '+0s', mail }, JOIN, { at: '+5m', read: { user: 'Dan' } }], NOTICED),
    );
    expect(text).toContain('from now on, Amazon SES has sandbox true; verified usher@example.com; perDay 5');
    expect(text).toMatch(/@ notice assigned: Dan \(refused, address-not-verified\)/);
    expect(text).not.toContain('| Subject');
    expect(result.notices).toEqual({ refused: 1 });
  });

  it('shows no notice if only the ends of executions are shown', async () => {
    const ticks = Array.from({ length: 40 }, (_, index) => ({ at: `+${index + 1}h`, start: { scope: 'tick' } }));
    const { text } = await showing(aScenario([JOIN, ...ticks], NOTICED));
    expect(text).not.toContain('@ notice');
    expect(text).toContain('Notices: 4 sent.');
  });
});

const STORY = readFileSync(new URL('../../../examples/story.yml', import.meta.url), 'utf8');

describe('the built-in story', () => {
  let story: Awaited<ReturnType<typeof showing>>;
  beforeAll(async () => {
    story = await showing(STORY);
  });

  it('ends as its explanations say', () => {
    const { surprises, executions, seats, subscriptions } = story.result;
    expect(surprises).toEqual([]);
    expect(executions).toEqual({ converged: 7, handedOver: 0, ignored: 1, held: 0, failed: 0 });
    const statuses = (name: string) => seats.flatMap((one) => (one.entitlement === name ? one.status : []));
    expect(statuses('q')).toEqual(['confirmed', 'confirmed', 'confirmed', 'revoked', 'confirmed']);
    expect(statuses('kiro')).toEqual(['revoked']);
    expect(subscriptions.map(({ status }) => status)).toEqual(['CANCELLED', 'ACTIVE']);
  });

  it('has 85 lines at most, and an e-mail of 30', () => {
    const isOfEmail = (line: string) => line.startsWith('  |');
    expect(story.paper.lines.filter((line) => !isOfEmail(line)).length).toBeLessThanOrEqual(85);
    expect(story.paper.lines.filter(isOfEmail).length).toBeLessThanOrEqual(30);
  });

  it('has no line that is wider than the screen', () => {
    expect(story.paper.lines.filter((line) => line.length > 100)).toEqual([]);
  });

  it.each([
    'A day with Usher',
    'Engineering (Cleo, Dan) or Data (Ben, Cleo)',
    '+0:00:00    #1 manual start: NormalizeRequest reads from the input what to check; checks everything',
    '+0:00:00    #1 PlanChanges compares group members with assignments; plans a seat for Cleo, Dan, Ben',
    '+0:10:00  * Ana joins Engineering through SCIM',
    '+0:10:01    #2 event PatchGroup of identitystore-scim: checks the members of Engineering',
    '+0:10:01    #2 WaitForPropagation uses no Lambda time; waits 9 s: too early to trust reads',
    '+0:10:10    #2 plans no change; waits 110 s for the second check, 2 min after the event',
    '+0:12:00    #2 plans 1 grant; Seat Assigned q: Ana (group-join); waits 30 s for reads to show it',
    '+0:12:30    #2 converged',
    '#3 event RemoveMemberFromGroup of sso-directory: checks Cleo; converged',
    '+0:32:00    #4 plans 1 revocation; Seat Revoked q: Dan (group-leave); waits 30 s for reads to show',
    '#5 manual start: checks the user with this e-mail address; waits 5 s: no such user yet',
    '* Eva joins Engineering through SCIM; its event is lost',
    '#5 nothing to wait for after 10 checks; plans 1 grant; Seat Assigned q: Eva (manual);',
    '#6 event CreateGroupMembership of quicksight: ignored: an event of another service',
    '#7 event AddMemberToGroup of sso-directory: checks Ana; plans 1 grant; AWS starts the',
    'subscription of Ana; Seat Assigned kiro: Ana (group-join);',
    '#8 event RemoveMemberFromGroup of sso-directory: checks Ana; plans 1 revocation; AWS',
    'cancels the subscription of Ana',
    '#8 plans 1 revocation; Seat Revoked kiro: Ana (group-leave);',
    'Seats in the ledger: 2 revoked (Ana, Dan), 4 confirmed (Ana, Ben, Cleo, Eva). Assignments in AWS: 5.',
    'Subscriptions in AWS: 1 cancelled (Ana), 1 active (Ben).',
    'Audit events: 6 Seat Assigned, 2 Seat Revoked. Executions: 7 converged, 1 ignored.',
    'What you have just seen',
  ])('shows: %s', (line) => {
    expect(story.text).toContain(line);
  });

  it.each([...EXPLANATIONS])('explains %s once, before its first result', (state, explanation) => {
    const lines = story.paper.lines.filter((line) => line.includes(state));
    expect(lines).toEqual([expect.stringContaining(`${state} ${explanation}; `)]);
  });

  it('shows the progress while it plays, and removes it at the end', () => {
    expect(story.paper.shown).toContain('[###.................] 1 of 8, +0:10:01  #2 WaitForPropagation');
    expect(story.paper.closed).toBe(true);
  });
});

describe('the story with --verbose', () => {
  let story: Awaited<ReturnType<typeof showing>>;
  beforeAll(async () => {
    story = await showing(STORY, { verbose: true });
  });

  it.each([
    '+0:10:01  > event PatchGroup of identitystore-scim: #2 starts',
    '+0:10:01    #2 NormalizeRequest: checks the members of Engineering',
    '+0:10:01    #2 CheckPropagation: too early to trust reads',
    '+0:12:00    #2 ApplyChanges: AWS accepts 1 grant',
    '+0:12:00    #2 Seat Assigned q: Ana (group-join)',
    '+0:12:00    #2 RecordAudit: 1 event',
    '+0:12:00    #2 WaitToSettle: waits 30 s for reads to show it',
    '+0:12:30    #2 PlanChanges: finds nothing to change',
    'Calls to AWS: DynamoDB ',
  ])('shows: %s', (line) => {
    expect(story.text).toContain(line);
  });

  it('shows each check for a user who does not exist yet', () => {
    expect(story.text.match(/#5 CheckPropagation: no such user yet/g)).toHaveLength(9);
  });

  it('shows a table of seats and one of audit events', () => {
    expect(story.text).toMatch(/^Dan +94e80458-0004-70ea-08fa-c3a10a1d8a04 {2}q +revoked$/m);
    expect(story.text).toMatch(/^\+0:12:00 {2}Seat Assigned {2}Ana +group-join +#2$/m);
  });
});

describe('a timeline', () => {
  it('shows ids where a scenario has no names, and no name of the directory', async () => {
    const { text } = await showing(aScenario([{ at: '+0s', start: { userId: 'Ana' } }], { names: { Ana: user(1) } }));
    expect(text).toContain('Seat Assigned: Ana (manual)');
    const { text: unnamed } = await showing(aScenario([{ at: '+0s', start: { userId: user(1) } }], { names: {} }));
    expect(unnamed).toMatch(new RegExp(`Seat Assigned:\\s+${user(1)} \\(manual\\)`));
    expect(text + unnamed).not.toContain(SECRET);
  });

  it('shows which execution did not end as expected, in which state, and why', async () => {
    const { text } = await showing(aScenario([{ at: '+0s', start: { unknown: 1 } }]));
    expect(text).toContain('#1 manual start: failed in NormalizeRequest: InvalidRequestError: input: ');
    expect(text).toContain('Not as expected: #1, manual start ended as failed.');
  });

  it('marks the second copy of an audit event, and counts assignments that Usher did not make', async () => {
    const { text } = await showing(
      aScenario([
        { at: '+0s', assign: { user: 'Dan', application: 'Q' } },
        { at: '+0s', fault: { operation: 'EventBridge.PutEvents', kind: 'internal-after' } },
        { at: '+1s', start: { userId: 'Ana' } },
      ]),
    );
    expect(text.replace(/\s+/g, ' ').match(/Seat Assigned(?: \(copy\))?: Ana/g)).toEqual([
      'Seat Assigned: Ana',
      'Seat Assigned (copy): Ana',
    ]);
    expect(text).toContain('Assignments in AWS: 2, 1 of them not made by Usher.');
  });

  it('does not say that a change is made when AWS refuses it', async () => {
    const { text } = await showing(
      aScenario([
        { at: '+0s', start: { userId: 'Ana' } },
        { at: '+10m', fault: { operation: 'SSOAdmin.CreateApplicationAssignment', kind: 'refuse' } },
        { at: '+10m', join: { user: 'Dan', group: 'Engineers', via: 'console' }, expect: ['failed'] },
      ]),
    );
    expect(text.replace(/\s+/g, ' ')).toContain(
      'plans 1 grant; AWS refuses 1 change; Seat Refused: Dan (access-denied); waits 30 s before a plan verifies it',
    );
  });

  it('shows only the ends of many executions', async () => {
    const many = Array.from({ length: 50 }, () => ({ at: '+0s', event: { 'detail-type': 'x', source: 'aws.other' } }));
    const { paper, text } = await showing(aScenario(many));
    expect(text).not.toContain('NormalizeRequest');
    expect(text).toContain('There are 50 executions: only their ends are shown.');
    expect(paper.lines.filter((line) => line.includes('event "x": ignored: an event of another'))).toHaveLength(50);
  });

  it('shows all of many executions with --verbose', async () => {
    const many = Array.from({ length: 50 }, () => ({ at: '+0s', event: { 'detail-type': 'x', source: 'aws.other' } }));
    const { text } = await showing(aScenario(many), { verbose: true });
    expect(text.match(/NormalizeRequest/g)).toHaveLength(50);
  });

  it('shows to which execution one was handed over', async () => {
    const hint = { join: { user: 'Dan', group: 'Engineers' }, deliver: { times: 2 } };
    const { text } = await showing(aScenario([{ at: '+0s', ...hint }]));
    expect(text).toMatch(/#[12] .*handed over: #[12]\b/);
  });

  it('shows that a redriven execution was redriven', async () => {
    const { text } = await showing(
      aScenario([
        { at: '+0s', start: { userId: 'Dan', groupId: 'Engineers' }, expect: ['failed', 'converged'] },
        { at: '+10s', stop: { execution: 1 } },
        { at: '+20s', join: { user: 'Dan', group: 'Engineers' }, deliver: { times: 0 } },
        { at: '+1m', redrive: { execution: 1 } },
      ]),
    );
    expect(text).toContain('#1 failed in WaitForPropagation');
    expect(text).toContain('#1 redriven: ');
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
