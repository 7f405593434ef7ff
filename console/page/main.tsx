import './styles.css';
import { render } from 'preact';
import { useEffect } from 'preact/hooks';
import { isOffline } from './data/answers.ts';
import { Link, place } from './data/route.tsx';
import { about, request, token } from './data/session.ts';
import { Layout } from './layout.tsx';
import { Overview } from './pages/overview.tsx';
import { later } from './parts/later.tsx';
import { Empty } from './parts/panel.tsx';

/** The pages, by the first part of their path. `about`: the rest of the path. All but the first one are loaded when they are shown. */
const PAGES: Readonly<Record<string, preact.FunctionComponent<{ about: string }>>> = {
  '': Overview,
  audit: later(async () => (await import('./pages/audit.tsx')).Audit),
  doctor: later(async () => (await import('./pages/doctor.tsx')).Doctor),
  entitlements: later(async () => (await import('./pages/entitlement.tsx')).Entitlement),
  executions: later(async () => (await import('./pages/executions.tsx')).Executions),
  held: later(async () => (await import('./pages/held.tsx')).Held),
  lab: later(async () => (await import('./pages/lab.tsx')).Lab),
  notices: later(async () => (await import('./pages/notices.tsx')).Notices),
  people: later(async () => (await import('./pages/person.tsx')).Person),
  plan: later(async () => (await import('./pages/plan.tsx')).Plan),
  report: later(async () => (await import('./pages/report.tsx')).Report),
  subscriptions: later(async () => (await import('./pages/subscriptions.tsx')).Subscriptions),
};

function App() {
  useEffect(() => {
    if (token !== '') load();
  }, []);
  if (token === '') return <NoToken />;
  const [first = '', ...rest] = place.value.path.slice(1).split('/');
  const Page = Object.hasOwn(PAGES, first) ? PAGES[first] : undefined;
  return (
    <Layout>{Page ? <Page key={place.value.path} about={decodeURIComponent(rest.join('/'))} /> : <NoPage />}</Layout>
  );
}

function load(): void {
  request('/api/about').then(
    async (response) => {
      if (response.ok) about.value = await response.json();
    },
    () => {
      isOffline.value = true;
    },
  );
}

function NoToken() {
  return (
    <main class="lonely">
      <h1>This address has no token</h1>
      <p>
        Open the address that <code>usher console</code> printed. It works once per tab; a link opened from that tab
        works, too.
      </p>
    </main>
  );
}

function NoPage() {
  return (
    <Empty title="There is no such page">
      <Link href="/">Go to the overview</Link>
    </Empty>
  );
}

const root = document.getElementById('app');
if (root) {
  // What stands there is for browsers that do not come this far.
  root.replaceChildren();
  render(<App />, root);
}
