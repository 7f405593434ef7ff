import { expect, it } from 'vitest';
import type { Context } from '../../../../cli/command/context.ts';
import type { ProfileReading, ProfileReport } from '../../../../cli/command/subscriptions.ts';
import { noteWhatToKnow } from '../../../../cli/commands/subscriptions/findings.ts';
import { RefusedError } from '../../../../domain/shared/errors.ts';
import type { SubscriptionReport } from '../../../../domain/subscription/findings.ts';
import { GROUP, OTHER_GROUP } from '../../../support/ids.ts';
import { aTerminal } from '../../../support/terminal.ts';

const EMPTY: SubscriptionReport = {
  active: 0,
  pending: 0,
  unknown: 0,
  recentlyPending: 0,
  groups: [],
  unreadable: 0,
  findings: [],
};

/** What is noted of a profile. */
async function notesOf(
  counts: Partial<SubscriptionReport>,
  reading: Partial<ProfileReading> = {},
  parts: Partial<ProfileReport> = {},
): Promise<string> {
  const { terminal, written: notes } = await aTerminal();
  const report: ProfileReport = {
    provider: 'amazon-q-business',
    region: 'us-east-1',
    roleArns: [undefined],
    application: undefined,
    entitlements: [],
    reading: {
      all: [],
      subscribers: [],
      report: { ...EMPTY, ...counts },
      unseen: [],
      emptyGroups: [],
      grantedAt: new Map(),
      ledgerMissing: undefined,
      ...reading,
    },
    ...parts,
  };
  // Only what notes need of a context.
  noteWhatToKnow([report], { terminal } as Context);
  return notes.join('');
}

const TITLE = 'amazon-q-business us-east-1: ';

it.each<[string, string, Parameters<typeof notesOf>]>([
  ['nothing', '', [{}]],
  ['one that names its user in a new way', `${TITLE}1 subscription names its user in a way`, [{ unreadable: 1 }]],
  ['some that name their users in a new way', `${TITLE}2 subscriptions name their user`, [{ unreadable: 2 }]],
  ['an unknown status', `${TITLE}1 subscription has a status that this version does not know`, [{ unknown: 1 }]],
  ['unknown statuses', `${TITLE}2 subscriptions have a status`, [{ unknown: 2 }]],
  [
    'where who is charged twice cannot be seen',
    `${TITLE}Usher cannot see who is charged a second time in kiro eu-west-1. AWS said no`,
    [{}, { unseen: [{ where: 'kiro eu-west-1', error: new RefusedError('access-denied', 'AWS said no') }] }],
  ],
  [
    'one that is pending for a short time',
    `${TITLE}1 subscription has been pending for less than 14 days`,
    [{ recentlyPending: 1 }],
  ],
  ['some that are', `${TITLE}2 subscriptions have been pending for less than 14 days`, [{ recentlyPending: 2 }]],
  [
    'groups that are subscribed',
    `${TITLE}2 groups are subscribed (${GROUP}, ${OTHER_GROUP})`,
    [{ groups: [GROUP, OTHER_GROUP] }],
  ],
  ['a group without members', `${TITLE}1 configured group has no members (${GROUP})`, [{}, { emptyGroups: [GROUP] }]],
  [
    'no ledger',
    'no ledger of this stage: SINCE is empty',
    [{}, { ledgerMissing: new RefusedError('ledger-missing', 'Query') }],
  ],
  ['what is experimental', 'kiro is experimental', [{}, {}, { provider: 'kiro' }]],
])('the notes of a profile say %s', async (_what, text, about) => {
  const notes = await notesOf(...about);
  expect(notes).toContain(text);
  expect(notes.split('\n')).toHaveLength(text === '' ? 1 : 2);
});

it('there are no notes of a profile that could not be read', async () => {
  expect(await notesOf({ unknown: 1 }, {}, { reading: undefined })).toBe('');
});
