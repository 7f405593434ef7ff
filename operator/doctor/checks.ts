import type { Asker } from '../asker.ts';
import { accountFindings } from './account.ts';
import { activityFindings } from './activity.ts';
import { applicationFindings } from './applications.ts';
import type { Finding } from './check.ts';
import { deploymentFindings } from './deployment.ts';
import { directoryFindings } from './directory.ts';
import { noticeFindings } from './notices.ts';
import { type Listed, paceFindings } from './pace.ts';
import { subscriptionFindings } from './subscriptions.ts';

/** The checks of one section, in the order in which they run. */
export interface Section {
  title: string;
  findings(): Promise<readonly Finding[]>;
}

/** Returns the sections of checks. They run in this order: the pace is checked of what earlier sections have listed. */
export function sectionsOf(asker: Asker): readonly Section[] {
  const listed: Listed = { assigned: new Map(), members: new Map() };
  return [
    { title: 'Account', findings: () => accountFindings(asker) },
    { title: 'Applications', findings: () => applicationFindings(asker, listed) },
    { title: 'Subscriptions', findings: () => subscriptionFindings(asker) },
    { title: 'Groups', findings: () => directoryFindings(asker, listed) },
    { title: 'Pace', findings: async () => paceFindings(await asker.entitlements(), listed) },
    { title: 'Deployment', findings: () => deploymentFindings(asker) },
    { title: 'Notices', findings: () => noticeFindings(asker) },
    { title: 'Activity', findings: () => activityFindings(asker) },
  ];
}
