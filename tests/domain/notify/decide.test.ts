import { describe, expect, it } from 'vitest';
import type { Entitlements } from '../../../domain/entitlements.ts';
import { NOTICE_KINDS, type NoticeKind } from '../../../domain/notices/schema.ts';
import { decideNotice, type NoticeEvidence, noticeRuleOf, screenNotice } from '../../../domain/notify/decide.ts';
import type { NoticeHint } from '../../../domain/notify/hint.ts';
import type { Seat, SeatStatus } from '../../../domain/seat/seat.ts';
import { aSeat, at, iso } from '../../support/builders.ts';
import { APPLICATION, application, START, user } from '../../support/ids.ts';
import { noticed } from '../../support/noticed.ts';
import { noticeUid } from '../../support/notices.ts';

const DAY = 24 * 3600;

function aHint(parts: Partial<NoticeHint> = {}): NoticeHint {
  return {
    uid: noticeUid(1),
    kind: 'assigned',
    applicationArn: APPLICATION,
    userId: user(1),
    changeSeq: 1,
    at: iso(-60),
    isAdopted: false,
    ...parts,
  };
}

const aGranted = (parts: Partial<Seat> = {}) =>
  aSeat(1, { status: 'assigned', requestedAt: iso(-60), grantedAt: iso(-60), changedAt: iso(-60), ...parts });

function evidence(parts: Partial<NoticeEvidence> = {}): NoticeEvidence {
  const rule = noticeRuleOf(noticed(), APPLICATION);
  return { rule, seat: aGranted(), noticesFrom: iso(-3600), now: START, isResend: false, ...parts };
}

/** What is decided, in short. */
function verdict(hint: Partial<NoticeHint>, parts: Partial<NoticeEvidence> = {}): string {
  const decision = decideNotice(aHint(hint), evidence(parts));
  if ('send' in decision) return 'send';
  return 'skip' in decision ? decision.skip : decision.later;
}

function changed(change: (entitlements: Entitlements) => Partial<Entitlements>): NoticeEvidence['rule'] {
  const entitlements = noticed();
  return noticeRuleOf({ ...entitlements, ...change(entitlements) }, APPLICATION);
}

const withEntitlement = (parts: Partial<Entitlements['entitlements'][number]>) =>
  changed(({ entitlements }) => ({ entitlements: entitlements.map((one) => ({ ...one, ...parts })) }));

describe('whether a notice is sent', () => {
  it.each<[string, NoticeKind, SeatStatus]>([
    ['of a new seat', 'assigned', 'assigned'],
    ['of a new seat that is confirmed meanwhile', 'assigned', 'confirmed'],
    ['of a user who waits', 'waitlisted', 'waitlisted'],
    ['of a seat in its days of grace', 'leaving', 'leaving'],
    ['of a seat whose days of grace are over and whose revocation is held', 'leaving', 'held'],
    ['of a seat that is gone', 'revoked', 'revoked'],
    ['of a seat that its user keeps', 'kept', 'confirmed'],
  ])('says yes %s', (_fact, kind, status) => {
    expect(verdict({ kind }, { seat: aGranted({ status }) })).toBe('send');
  });

  it('says no, of each kind, unless the seat is as the notice says', () => {
    const allowed: Record<NoticeKind, SeatStatus[]> = {
      assigned: ['assigned', 'confirmed'],
      waitlisted: ['waitlisted'],
      leaving: ['leaving', 'held'],
      revoked: ['revoked'],
      kept: ['assigned', 'confirmed'],
    };
    const statuses: SeatStatus[] = [
      'waitlisted',
      'creating',
      'assigned',
      'confirmed',
      'leaving',
      'held',
      'revoking',
      'revoked',
      'failed',
    ];
    for (const kind of NOTICE_KINDS) {
      const sent = statuses.filter((status) => verdict({ kind }, { seat: aGranted({ status }) }) === 'send');
      expect(sent).toEqual(allowed[kind]);
    }
  });

  it('waits while the same assignment is made again', () => {
    const seat = aGranted({ status: 'creating', repeats: 1 });
    expect(verdict({}, { seat })).toBe('seat-in-progress');
    expect(verdict({ kind: 'kept' }, { seat })).toBe('behind-the-seat');
  });

  it.each<[string, Partial<NoticeHint>, Partial<NoticeEvidence>, string]>([
    ['the seat has changed since', {}, { seat: aGranted({ changeSeq: 2 }) }, 'behind-the-seat'],
    ['the event is ahead of the seat', { changeSeq: 9 }, {}, 'behind-the-seat'],
    ['there is no seat', {}, { seat: undefined }, 'behind-the-seat'],
    ['no notices are configured', {}, { rule: changed(() => ({ notices: undefined })) }, 'not-configured'],
    ['the application is not configured', {}, { rule: noticeRuleOf(noticed(), application(99)) }, 'not-configured'],
    ['the entitlement has no notices', {}, { rule: withEntitlement({ notices: undefined }) }, 'not-configured'],
    ['the entitlement only observes', {}, { rule: withEntitlement({ mode: 'observe' }) }, 'not-configured'],
    [
      'the entitlement leaves out this kind',
      {},
      { rule: withEntitlement({ notices: { product: 'Kiro', send: ['revoked'] } }) },
      'not-configured',
    ],
    ['the seat was adopted', { isAdopted: true }, {}, 'adopted'],
    ['the event is older than a day', { at: iso(-DAY - 1) }, {}, 'too-old'],
    [
      'the seat says that the change is older than a day, whatever the event says',
      { at: iso(0) },
      { seat: aGranted({ status: 'confirmed', grantedAt: iso(-DAY - 1), changedAt: iso(-60) }) },
      'too-old',
    ],
    ['the application has not had a full sweep', {}, { noticesFrom: undefined }, 'before-start'],
    ['the change was made before the first full sweep', {}, { noticesFrom: iso(-59) }, 'before-start'],
    [
      'the seat says that the change was made before it, whatever the event says',
      { at: iso(0) },
      { noticesFrom: iso(-59) },
      'before-start',
    ],
    [
      'the seat was due before it, and AWS accepted it only after it',
      {},
      { seat: aGranted({ requestedAt: iso(-7200) }) },
      'before-start',
    ],
    [
      'a seat from before it is confirmed after it',
      {},
      { seat: aGranted({ status: 'confirmed', changedAt: iso(-10) }), noticesFrom: iso(-30) },
      'before-start',
    ],
  ])('says no if %s', (_fact, hint, parts, expected) => {
    expect(verdict(hint, parts)).toBe(expected);
  });

  it.each<[string, Partial<NoticeHint>, Partial<NoticeEvidence>]>([
    [
      'exactly a day after the change',
      { at: iso(-DAY) },
      { seat: aGranted({ grantedAt: iso(-DAY) }), noticesFrom: iso(-2 * DAY) },
    ],
    ['from the start of the first full sweep on', {}, { noticesFrom: iso(-60) }],
    [
      'of a seat for which its user has waited since before the first full sweep',
      { hasWaited: true },
      { seat: aGranted({ requestedAt: iso(-7200) }) },
    ],
    [
      'of the end of a seat from before the first full sweep',
      { kind: 'revoked' },
      { seat: aGranted({ status: 'revoked', requestedAt: iso(-7200), grantedAt: iso(-7200) }) },
    ],
    [
      'of a seat that was made again after a removal by hand',
      {},
      { seat: aGranted({ grantedAt: iso(-9 * DAY), madeAgainAt: iso(-60) }) },
    ],
    [
      'of an adopted seat with backfill',
      { isAdopted: true },
      { rule: noticeRuleOf(noticed({ backfill: true }), APPLICATION) },
    ],
    [
      'of a change before the first full sweep with backfill',
      {},
      { rule: noticeRuleOf(noticed({ backfill: true }), APPLICATION), noticesFrom: undefined },
    ],
    [
      'of an old change if an operator asks again',
      { at: iso(-9 * DAY) },
      { isResend: true, seat: aGranted({ grantedAt: iso(-9 * DAY) }), noticesFrom: undefined },
    ],
  ])('says yes %s', (_fact, hint, parts) => {
    expect(verdict(hint, parts)).toBe('send');
  });

  it.each<[string, Partial<NoticeEvidence>, string]>([
    ['the seat has changed since', { seat: aGranted({ changeSeq: 2 }) }, 'behind-the-seat'],
    ['the notice is no longer configured', { rule: withEntitlement({ notices: undefined }) }, 'not-configured'],
  ])('says no to an operator, too, if %s', (_fact, parts, expected) => {
    expect(verdict({}, { ...parts, isResend: true })).toBe(expected);
  });

  it('is screened without a seat where the hint alone tells', () => {
    const { rule } = evidence();
    const context = { rule, now: START, isResend: false };
    expect(screenNotice(aHint(), context)).toBeUndefined();
    expect(screenNotice(aHint({ at: iso(-DAY - 1) }), context)).toBe('too-old');
    expect(screenNotice(aHint({ at: iso(-DAY - 1) }), { ...context, isResend: true })).toBeUndefined();
    expect(screenNotice(aHint(), { ...context, rule: undefined })).toBe('not-configured');
  });
});

describe('what a notice says', () => {
  const contentOf = (kind: NoticeKind, settings: Parameters<typeof noticed>[0] = {}, seat: Partial<Seat> = {}) => {
    const status: Partial<Record<NoticeKind, SeatStatus>> = { leaving: 'leaving', waitlisted: 'waitlisted' };
    const decision = decideNotice(
      aHint({ kind }),
      evidence({
        rule: noticeRuleOf(noticed(settings), APPLICATION),
        seat: aGranted({ status: status[kind] ?? 'assigned', ...seat }),
      }),
    );
    return 'send' in decision ? decision.send : decision;
  };

  it('follows from the configuration', () => {
    expect(contentOf('assigned')).toEqual({
      kind: 'assigned',
      product: 'Kiro',
      startUrl: 'https://acme.awsapps.com/start',
      region: 'us-east-1',
      contact: 'usher@example.com',
    });
  });

  it('has the Region, the page and the address that the configuration names', () => {
    const signIn = {
      startUrl: 'https://acme.awsapps.com/start',
      region: 'eu-central-1',
      helpUrl: 'https://acme.example/help',
    };
    expect(contentOf('assigned', { replyTo: 'help@example.com', signIn })).toMatchObject({
      region: 'eu-central-1',
      helpUrl: 'https://acme.example/help',
      contact: 'help@example.com',
    });
  });

  it('has the day from the seat, and only before the end of a seat', () => {
    const dueAt = at(3 * DAY).toISOString();
    expect(contentOf('leaving', {}, { dueAt })).toMatchObject({ revokeOn: '2026-11-04' });
    expect(contentOf('leaving', {}, { status: 'held' })).not.toHaveProperty('revokeOn');
    expect(contentOf('assigned', {}, { dueAt })).not.toHaveProperty('revokeOn');
  });

  it('has the paragraph of this kind', () => {
    const notices = { product: 'Kiro', send: ['assigned', 'waitlisted'] as NoticeKind[], texts: { assigned: 'Ours.' } };
    const rule = withEntitlement({ notices });
    expect(decideNotice(aHint(), evidence({ rule }))).toMatchObject({ send: { text: 'Ours.' } });
    const waiting = evidence({ rule, seat: aGranted({ status: 'waitlisted' }) });
    expect(decideNotice(aHint({ kind: 'waitlisted' }), waiting)).not.toHaveProperty('send.text');
  });
});
