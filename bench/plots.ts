import { parse, View } from 'vega';
import { compile, type TopLevelSpec } from 'vega-lite';
import type { FirstSweep } from './first-sweep.ts';
import type { Score } from './side-by-side.ts';

const SIZE = { width: 260, height: 180 };
const INK = '#24292f';

function panel(title: string, field: string, bound: number | undefined, log: boolean): object {
  const encoding = {
    x: {
      field: 'members',
      type: 'quantitative',
      scale: { type: 'log' },
      axis: { title: 'members', values: [100, 1000, 5000, 50000] },
    },
    y: {
      field,
      type: 'quantitative',
      scale: log ? { type: 'log' } : { zero: false },
      axis: { title: null, tickCount: 5 },
    },
    color: { field: 'rate', type: 'nominal', title: 'requests per second' },
  };
  const line = { mark: { type: 'line', point: true }, encoding };
  const rule = {
    data: { values: [{ bound }] },
    mark: { type: 'rule', strokeDash: [4, 4], color: INK },
    encoding: { y: { field: 'bound', type: 'quantitative' } },
  };
  return { ...SIZE, title, layer: bound === undefined ? [line] : [line, rule] };
}

/** Draws how the first sweep grows with the group; dashed lines are the targets. */
export async function growthPlot(sweeps: readonly FirstSweep[]): Promise<string> {
  const values = sweeps.map(({ members, rate, usage, lastSeconds }) => ({
    members,
    rate,
    calls: usage.ssoAdmin / members,
    time: lastSeconds / (usage.ssoAdmin / rate),
    payload: usage.payload / 1024,
    history: usage.history,
  }));
  return draw({
    data: { values },
    columns: 2,
    concat: [
      panel('sso-admin calls per seat', 'calls', undefined, false),
      panel('last seat after, as a multiple of the limit', 'time', 1.1, false),
      panel('largest payload, KiB', 'payload', 256, true),
      panel('history events', 'history', 25_000, true),
    ],
  });
}

const PLOT_NAMES: Readonly<Record<Score['contender'], string>> = {
  usher: 'Usher',
  script: 'script',
  eventLambda: 'waiting Lambda',
};

/** Draws the users with the wrong access at the end, by contender, faults and lag, for changes made in the console. */
export async function wrongPlot(scores: readonly Score[]): Promise<string> {
  const shown = scores.filter(({ via }) => via === 'console');
  const values = shown.flatMap(({ contender, faultPercent, lagSeconds, left, kept }) =>
    [
      { kind: 'seat missing', users: left },
      { kind: 'seat left over', users: kept },
    ].map((bar) => ({
      ...bar,
      contender: PLOT_NAMES[contender],
      faults: `${faultPercent} % faults`,
      lag: lagSeconds < 60 ? `lag ${lagSeconds} s` : `lag ${lagSeconds / 60} min`,
    })),
  );
  return draw({
    data: { values },
    title: 'Users with the wrong access at the end, of 300 changes',
    mark: 'bar',
    width: 150,
    height: 60,
    encoding: {
      row: { field: 'faults', type: 'nominal', title: null, sort: ['0 % faults', '1 % faults', '10 % faults'] },
      column: { field: 'lag', type: 'nominal', title: null, sort: ['lag 0 s', 'lag 20 s', 'lag 40 min'] },
      y: { field: 'contender', type: 'nominal', title: null, sort: Object.values(PLOT_NAMES) },
      x: { field: 'users', type: 'quantitative', title: null },
      color: { field: 'kind', type: 'nominal', title: null },
    },
  });
}

/** Renders a drawing as SVG, the same in every run. */
async function draw(drawing: object): Promise<string> {
  const frame = { $schema: 'https://vega.github.io/schema/vega-lite/v6.json', background: 'white', padding: 10 };
  const spec: TopLevelSpec = JSON.parse(JSON.stringify({ ...frame, ...drawing }));
  const { spec: compiled } = compile(spec);
  const svg = await new View(parse(compiled), { renderer: 'none' }).toSVG();
  return `${svg}\n`;
}
