import type { Asker } from '../asker.ts';
import { once } from '../once.ts';
import { accountFindings } from './account.ts';
import { activityFindings } from './activity.ts';
import { applicationFindings } from './applications.ts';
import type { Finding } from './check.ts';
import { deploymentFindings } from './deployment.ts';
import { directoryFindings } from './directory.ts';
import { noticeFindings } from './notices.ts';
import { type Listed, paceFindings } from './pace.ts';
import type { SECTIONS } from './sections.ts';
import { subscriptionFindings } from './subscriptions.ts';

/** Runs the checks of one section. */
export type Checks = () => Promise<readonly Finding[]>;

/** Returns the checks by section. Those of the pace read what they need, unless other sections have listed it before. */
export function checksOf(asker: Asker): Readonly<Record<(typeof SECTIONS)[number], Checks>> {
  const listed: Listed = { assigned: new Map(), members: new Map() };
  const applications = once(() => applicationFindings(asker, listed));
  const groups = once(() => directoryFindings(asker, listed));
  return {
    Account: () => accountFindings(asker),
    Applications: applications,
    Subscriptions: () => subscriptionFindings(asker),
    Groups: groups,
    async Pace() {
      await applications();
      await groups();
      return paceFindings(await asker.entitlements(), listed);
    },
    Deployment: () => deploymentFindings(asker),
    Notices: () => noticeFindings(asker),
    Activity: () => activityFindings(asker),
  };
}
