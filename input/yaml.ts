import { Document, isMap, isPair, isScalar, visit } from 'yaml';
import type { EntitlementsInput } from '../domain/entitlements.ts';

const HEAD = ' Who gets what: members of the groups of an entitlement get its application.';

/** The comment above a key. */
const COMMENTS: Readonly<Record<string, string>> = {
  groups: ' Ids, because events carry no group names; a name is for readers. A member of any of them is entitled.',
  seats: ' Never more seats than this; later users join the waitlist.',
  onLeave: ' Days of grace after a user has left the last of the groups.',
  mode: ' enforce, or observe: plans and audits the changes, but makes none.',
  subscription: ' Which subscription the users should have; usher subscriptions compares (docs/subscriptions.md).',
  retired: ' Applications without an entitlement whose seats Usher may still revoke.',
  brake:
    ' The most revocations of an application in 24 hours: a percentage of its seats, or a number; the larger one counts.',
  namePrefix: ' Begins the name of the stack and of everything in it.',
  requestsPerSecond: ' Of the 20 requests per second that all callers of sso-admin share.',
};

/** The comment above a key of a subscription. */
const SUBSCRIPTION_COMMENTS: Readonly<Record<string, string>> = {
  mode: ' report compares only. manage, with mode: enforce above, also starts and cancels: first read docs/subscriptions.md, "From report to manage".',
};

/**
 * Renders `entitlements.yml`, with a comment above the first of each kind of key.
 *
 * @param schema path of its JSON Schema, for editors
 */
export function entitlementsYaml(entitlements: EntitlementsInput, schema?: string): string {
  const document = new Document(entitlements);
  document.commentBefore = [...(schema ? [` yaml-language-server: $schema=${schema}`] : []), HEAD].join('\n');
  const explained = new Set<string>();
  visit(document, {
    Pair(_key, { key }, ancestors) {
      if (!isScalar(key) || typeof key.value !== 'string') return;
      // The keys of a subscription mean something else.
      const isOfSubscription = ancestors.some(
        (one) => isPair(one) && isScalar(one.key) && one.key.value === 'subscription',
      );
      const comment = (isOfSubscription ? SUBSCRIPTION_COMMENTS : COMMENTS)[key.value];
      if (comment === undefined || explained.has(comment)) return;
      explained.add(comment);
      key.commentBefore = comment;
    },
  });
  if (isMap(document.contents)) {
    for (const { key } of document.contents.items.slice(1)) if (isScalar(key)) key.spaceBefore = true;
  }
  return document.toString({ lineWidth: 0 });
}
