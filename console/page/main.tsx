import './app.css';
import { render } from 'preact';
import { useEffect } from 'preact/hooks';
import { isOffline } from './data/answers.ts';
import { Link, place } from './data/route.tsx';
import { about, request, token } from './data/session.ts';
import { Layout } from './layout.tsx';
import { Audit } from './pages/audit.tsx';
import { Doctor } from './pages/doctor.tsx';
import { Entitlement } from './pages/entitlement.tsx';
import { Execution } from './pages/execution.tsx';
import { Executions } from './pages/executions.tsx';
import { Held } from './pages/held.tsx';
import { Lab } from './pages/lab.tsx';
import { Notices } from './pages/notices.tsx';
import { Overview } from './pages/overview.tsx';
import { Person } from './pages/person.tsx';
import { Plan } from './pages/plan.tsx';
import { Report } from './pages/report.tsx';
import { Subscriptions } from './pages/subscriptions.tsx';
import { Empty } from './parts/panel.tsx';

/** The pages, by the first part of their path. `about`: the rest of the path. */
const PAGES: Readonly<Record<string, (props: { about: string }) => preact.JSX.Element>> = {
  '': Overview,
  audit: Audit,
  doctor: Doctor,
  report: Report,
  executions: ({ about }) => (about === '' ? <Executions /> : <Execution about={about} />),
  lab: Lab,
  entitlements: Entitlement,
  people: Person,
  held: Held,
  plan: Plan,
  subscriptions: Subscriptions,
  notices: Notices,
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
if (root) render(<App />, root);
