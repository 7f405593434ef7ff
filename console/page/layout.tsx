import type { ComponentChildren } from 'preact';
import { useEffect } from 'preact/hooks';
import { isOffline, useAnswer } from './data/answers.ts';
import { areNamesShown, namesProblem } from './data/names.ts';
import { Link, place } from './data/route.tsx';
import { about } from './data/session.ts';
import { Keyboard } from './parts/keyboard.tsx';
import { Search } from './parts/search.tsx';
import { nextTimeMode, timeMode } from './parts/text.tsx';

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

/** What is around every page: where it looks, the navigation, the search and the switches. */
export function Layout({ children }: { children: ComponentChildren }) {
  const [status] = useAnswer('status', {}, { live: true }).of('status');
  const { account, stage, region, local, allowChanges } = about.value ?? {};
  const where = local ? 'emulator' : [account, stage].filter(Boolean).join(' ');
  const { path } = place.value;
  const pages = NAVIGATION.filter(({ shown }) => shown?.() ?? true);
  const current = pages.find((one) => (one.path === '/' ? path === '/' : path.startsWith(one.path)));
  useEffect(() => {
    const subject = path.split('/').slice(2).join('/');
    document.title = [subject, current?.title, where, region].filter(Boolean).join(' · ') || 'Usher';
  });
  return (
    <>
      <header class={stage?.startsWith('prod') && !local ? 'top prod' : 'top'}>
        <a class="skip" href="#main">
          Skip to the content
        </a>
        <div class="bar">
          <Link href="/" class="brand">
            Usher
          </Link>
          <p class="where">
            <strong>{where}</strong> {region} {allowChanges && <span class="badge">may change</span>}
          </p>
          <Search entitlements={(status?.entitlements ?? []).map(({ entitlement }) => entitlement)} />
          <div class="tools">
            <button
              type="button"
              class="quiet"
              aria-pressed={areNamesShown.value}
              title="Press n"
              onClick={() => {
                areNamesShown.value = !areNamesShown.value;
              }}
            >
              Names {areNamesShown.value ? 'on' : 'off'}
            </button>
            <button type="button" class="quiet" title="Press t: relative, local, UTC" onClick={nextTimeMode}>
              Times: {timeMode.value}
            </button>
            <Keyboard pages={pages.map((one) => one.path)} />
          </div>
        </div>
        <nav aria-label="Pages">
          {pages.map((one) => (
            <Link key={one.path} href={one.path} aria-current={one === current ? 'page' : undefined}>
              {one.title}
              {one.path === '/' && status && status.attention > 0 && (
                <span class="badge" title="Things that need a person">
                  {status.attention}
                </span>
              )}
            </Link>
          ))}
        </nav>
      </header>
      {isOffline.value && (
        <p class="notice" role="status">
          The connection is lost. What is shown may be old. This page tries again by itself; if it does not work, start
          usher console again.
        </p>
      )}
      {areNamesShown.value && namesProblem.value !== undefined && (
        <p class="notice" role="status">
          Names are not shown: {namesProblem.value}
        </p>
      )}
      <main id="main" tabIndex={-1}>
        {children}
      </main>
    </>
  );
}
