import { Document, isMap, isScalar, visit } from 'yaml';
import type { Entitlements } from '../domain/entitlements.ts';

const HEAD =
  ' yaml-language-server: $schema=schemas/entitlements.schema.json\n Who gets what: members of these groups get this application.';

/** What stands before a key, for whoever opens the file. */
const COMMENTS: Readonly<Record<string, string>> = {
  groups: ' Ids, because events carry no group names. A member of any of them is entitled.',
  seats: ' Never more seats than this; who comes after waits in line.',
  onLeave: ' Days of grace after a person left the last of the groups.',
  mode: ' enforce, or observe: plans and audits what it would do, and changes nothing.',
  retired: ' Applications whose entitlement was removed, and whose seats may still be taken back.',
  brake:
    ' Revocations of an application in any 24 hours: so many percent of its seats, or so many; the larger of the two.',
  requestsPerSecond: ' Of the 20 a second that all callers of sso-admin share.',
};

/** Writes `entitlements.yml`, with a word on what isn't plain. */
export function entitlementsYaml(entitlements: Entitlements): string {
  const document = new Document(entitlements);
  document.commentBefore = HEAD;
  visit(document, {
    Pair(_key, { key }) {
      if (isScalar(key) && typeof key.value === 'string') {
        const comment = COMMENTS[key.value];
        if (comment) key.commentBefore = comment;
      }
    },
  });
  if (isMap(document.contents)) {
    for (const { key } of document.contents.items.slice(1)) if (isScalar(key)) key.spaceBefore = true;
  }
  return document.toString({ lineWidth: 0 });
}
