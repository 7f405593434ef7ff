import { describe, expect, it } from 'vitest';
import {
  awsConsoleOf,
  type ExecutionLine,
  isShown,
  nameOf,
  outcomeOf,
  triggerOf,
} from '../../../console/page/data/execution.ts';
import { execution, GROUP, user } from '../../support/ids.ts';

const EVENT = { trigger: 'event', event: 'AddMemberToGroup', source: 'sso-directory' } as const;

function aLine(more: Partial<ExecutionLine> = {}): ExecutionLine {
  return {
    type: 'execution',
    execution: execution('me'),
    status: 'SUCCEEDED',
    outcome: 'converged',
    startedAt: '2026-11-01T10:00:00.000Z',
    subject: { ...EVENT, users: [{ userId: user(1) }], groupIds: [GROUP] },
    ...more,
  };
}

describe('an execution on the page', () => {
  it.each([
    [{ status: 'RUNNING' }, 'running', 'busy'],
    [{ status: 'SUCCEEDED', outcome: 'converged' }, 'converged', 'good'],
    [{ status: 'SUCCEEDED', outcome: 'held' }, 'held', 'wait'],
    [{ status: 'SUCCEEDED', outcome: 'handedOver' }, 'handed over', 'calm'],
    [{ status: 'SUCCEEDED', outcome: 'ignored' }, 'ignored', 'calm'],
    [{ status: 'FAILED', outcome: 'failed' }, 'failed', 'bad'],
    [{ status: 'TIMED_OUT', outcome: 'failed' }, 'timed out', 'bad'],
    [{ status: 'ABORTED', outcome: 'failed' }, 'stopped', 'bad'],
  ] as const)('of %j is %s', (line, word, tone) => {
    expect(outcomeOf(line)).toMatchObject({ word, tone });
  });

  it.each([
    ['an event, with its service', EVENT, 'AddMemberToGroup of sso-directory'],
    ['an event without a service', { event: 'Other' }, 'Other'],
    ['a manual start', { trigger: 'manual' }, 'manual start'],
    ['a tick', { trigger: 'tick' }, 'tick'],
    ['what is none of these', {}, 'unknown input'],
    ['no subject', undefined, 'unknown input'],
  ] as const)('names %s', (_what, subject, words) => {
    expect(triggerOf(subject)).toBe(words);
  });

  it.each([
    ['no filter', {}, true],
    ['its outcome', { outcome: 'converged' }, true],
    ['another outcome', { outcome: 'failed' }, false],
    ['an unknown outcome', { outcome: 'nonsense' }, false],
    ['its trigger', { trigger: 'event' }, true],
    ['another trigger', { trigger: 'tick' }, false],
    ['part of a user id, with spaces around it', { text: ` ${user(1).slice(4, 20).toUpperCase()} ` }, true],
    ['a group id', { text: GROUP }, true],
    ['its name', { text: ':me' }, true],
    ['its operation', { text: 'addmember' }, true],
    ['what it has not', { text: 'xyz' }, false],
    ['one that fits and one that does not', { outcome: 'converged', text: 'xyz' }, false],
  ])('is listed with a filter by %s: %j', (_what, filter, expected) => {
    expect(isShown(aLine(), filter)).toBe(expected);
  });

  it('without a subject is listed by its name only', () => {
    const { subject: _, ...line } = aLine();
    expect(isShown(line, { text: 'me' })).toBe(true);
    expect(isShown(line, { trigger: 'event' })).toBe(false);
  });

  it('has the last part of its ARN as its name', () => {
    expect(nameOf(aLine())).toBe('me');
    expect(nameOf({ execution: 'me' })).toBe('me');
  });

  it.each([
    [
      'arn:aws:states:eu-west-1:1:execution:m:a b',
      'https://eu-west-1.console.aws.amazon.com/states/home?region=eu-west-1#/v2/executions/details/arn%3Aaws%3Astates%3Aeu-west-1%3A1%3Aexecution%3Am%3Aa%20b',
    ],
    [
      'arn:aws-us-gov:states:us-gov-west-1:1:execution:m:a',
      'https://console.amazonaws-us-gov.com/states/home?region=us-gov-west-1#/v2/executions/details/arn%3Aaws-us-gov%3Astates%3Aus-gov-west-1%3A1%3Aexecution%3Am%3Aa',
    ],
    ['arn:aws-new:states:new-1:1:execution:m:a', undefined],
    ['arn:aws:states:evil.example/:1:execution:m:a', undefined],
    ['nonsense', undefined],
  ])('of %s has its place in the AWS console', (arn, expected) => {
    expect(awsConsoleOf(arn)).toBe(expected);
  });
});
