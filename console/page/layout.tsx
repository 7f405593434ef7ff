import type { ComponentChildren } from 'preact';
import { useEffect } from 'preact/hooks';
import { isOffline, useAnswer } from './data/answers.ts';
import { Link, place } from './data/route.tsx';
import { about } from './data/session.ts';

/** The pages of the navigation. */
const NAVIGATION: readonly { path: string; title: string; shown?: () => boolean }[] = [
  { path: '/', title: 'Overview' },
  { path: '/executions', title: 'Executions' },
  { path: '/held', title: 'Held' },
  { path: '/plan', title: 'Plan' },
  { path: '/audit', title: 'Audit' },
  { path: '/report', title: 'Report' },
  { path: '/subscriptions', title: 'Subscriptions', shown: () => about.value?.has.subscriptions === true },
  { path: '/notices', title: 'Notices', shown: () => about.value?.has.notices === true },
  { path: '/doctor', title: 'Doctor' },
  { path: '/lab', title: 'Lab', shown: () => about.value?.local === true },
];

export function Layout({ children }: { children: ComponentChildren }) {
  const [status] = useAnswer('status', {}, { live: true }).of('status');
  const { account, stage, region, local } = about.value ?? {};
  const where = local ? 'emulator' : [account, stage].filter(Boolean).join(' ');
  const { path } = place.value;
  const current = NAVIGATION.find((one) => (one.path === '/' ? path === '/' : path.startsWith(one.path)));
  useEffect(() => {
    document.title = [current?.title, where, region].filter(Boolean).join(' · ') || 'Usher';
  });
  return (
    <>
      <header class={stage === 'prod' && !local ? 'top prod' : 'top'}>
        <a class="skip" href="#main">
          Skip to the content
        </a>
        <Link href="/" class="brand">
          Usher
        </Link>
        <nav aria-label="Pages">
          {NAVIGATION.filter(({ shown }) => shown?.() ?? true).map((one) => (
            <Link key={one.path} href={one.path} aria-current={one === current ? 'page' : undefined}>
              {one.title}
              {one.path === '/' && status && status.attention > 0 && <span class="badge">{status.attention}</span>}
            </Link>
          ))}
        </nav>
        <p class="where">
          <strong>{where}</strong> {region}
        </p>
      </header>
      {isOffline.value && (
        <p class="offline" role="status">
          The connection is lost. What is shown may be old. This page tries again by itself; if it does not work, start
          usher console again.
        </p>
      )}
      <main id="main" tabIndex={-1}>
        {children}
      </main>
    </>
  );
}
