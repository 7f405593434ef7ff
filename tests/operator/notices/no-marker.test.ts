import { describe, expect, it } from 'vitest';
import type { NoticeHint } from '../../../domain/notify/hint.ts';
import type { WorkQueue } from '../../../domain/queue/work-queue.ts';
import { plusSeconds } from '../../../domain/shared/time.ts';
import { exampleEntitlements } from '../../../emulator/scenario/example-entitlements.ts';
import { whyNoMarker } from '../../../operator/notices/no-marker.ts';
import { APPLICATION, START, user } from '../../support/ids.ts';
import { sweptQueue } from '../../support/notices.ts';

const DAY = 24 * 3600;
const ago = (seconds: number) => plusSeconds(START, -seconds);

interface Given {
  hint?: Partial<NoticeHint>;
  backfill?: boolean;
  configured?: boolean;
  queue?: WorkQueue | undefined;
}

function why({ hint = {}, backfill = false, configured = true, queue = sweptQueue(ago(90 * DAY)) }: Given) {
  const about = { uid: '', kind: 'assigned' as const, applicationArn: APPLICATION, userId: user(1), changeSeq: 1 };
  return whyNoMarker(
    { ...about, at: ago(3600), isAdopted: false, ...hint },
    { entitlements: exampleEntitlements(configured ? { notices: { backfill } } : {}), queue, now: START },
  );
}

describe('a change has no marker', () => {
  it.each<[string, Given]>([
    ['not-configured', { configured: false }],
    ['adopted', { hint: { isAdopted: true } }],
    ['before-start', { queue: sweptQueue() }],
    ['before-start', { queue: sweptQueue(ago(60)) }],
    ['forgotten', { hint: { at: ago(31 * DAY) } }],
    ['on-its-way', { hint: { at: ago(60) } }],
    ['unknown-notice', {}],
    ['unknown-notice', { backfill: true, queue: sweptQueue() }],
    ['unknown-notice', { backfill: true, hint: { isAdopted: true } }],
  ])('because: %s', (reason, given) => {
    expect(why(given)).toBe(reason);
  });

  it('for a reason that may lie before the start, if the queue could not be read', () => {
    const entitlements = exampleEntitlements({ notices: {} });
    const hint = { uid: '', kind: 'assigned' as const, applicationArn: APPLICATION, userId: user(1), changeSeq: 1 };
    const context = { entitlements, queue: undefined, now: START };
    expect(whyNoMarker({ ...hint, at: ago(3600), isAdopted: false }, context)).toBe('unknown-notice');
  });
});
