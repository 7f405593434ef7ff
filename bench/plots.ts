import { parse, View } from 'vega';
import { compile, type TopLevelSpec } from 'vega-lite';
import { type FirstSweep, idealSeconds, scriptSeconds } from './first-sweep.ts';
import type { Score } from './side-by-side.ts';

const SIZE = { width: 260, height: 180 };
const INK = '#24292f';

const MEMBERS = {
  field: 'members',
  type: 'quantitative',
  scale: { type: 'log' },
  axis: { title: 'members', values: [100, 1000, 5000, 50_000, 200_000] },
};

/** @param bound a dashed line: the target or, of what is a multiple of it, the ideal */
function panel(title: string, field: string, bound: number, log: boolean): object {
  const encoding = {
    x: MEMBERS,
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
  return { ...SIZE, title, layer: [line, rule] };
}

const TIMES = ['ideal', 'Usher', 'script'];

/** Draws the time to the last seat, next to the ideal and a script. */
function timePanel(sweeps: readonly FirstSweep[], rate: number): object {
  const values = sweeps
    .filter((sweep) => sweep.rate === rate)
    .flatMap((sweep) =>
      [idealSeconds(sweep), sweep.lastSeconds, scriptSeconds(sweep)].map((seconds, index) => ({
        members: sweep.members,
        minutes: seconds / 60,
        by: TIMES[index],
      })),
    );
  return {
    ...SIZE,
    title: `minutes to the last seat, ${rate} requests per second`,
    data: { values },
    mark: { type: 'line', point: true },
    encoding: {
      x: MEMBERS,
      y: { field: 'minutes', type: 'quantitative', scale: { type: 'log' }, axis: { title: null, tickCount: 5 } },
      color: { field: 'by', type: 'nominal', title: null, sort: TIMES, scale: { domain: TIMES, range: 'category' } },
      strokeDash: {
        field: 'by',
        type: 'nominal',
        title: null,
        sort: TIMES,
        scale: {
          domain: TIMES,
          range: [
            [4, 4],
            [1, 0],
            [1, 0],
          ],
        },
      },
    },
  };
}

/** Draws how the first sweep grows with the group. Dashed lines are the ideal or the target. */
export async function growthPlot(all: readonly FirstSweep[]): Promise<string> {
  const sweeps = all.filter(({ answers }) => answers === 'usual');
  const values = sweeps.map((sweep) => ({
    members: sweep.members,
    rate: sweep.rate,
    calls: sweep.usage.ssoAdmin / sweep.members,
    time: sweep.lastSeconds / idealSeconds(sweep),
    payload: sweep.usage.payload / 1024,
    history: sweep.usage.history,
  }));
  return draw({
    data: { values },
    columns: 2,
    resolve: { scale: { color: 'independent', strokeDash: 'independent' } },
    concat: [
      ...[...new Set(sweeps.map(({ rate }) => rate))].map((rate) => timePanel(sweeps, rate)),
      panel('last seat after, as a multiple of the ideal', 'time', 1, false),
      panel('sso-admin calls per seat', 'calls', 1, false),
      panel('largest payload, KiB', 'payload', 64, true),
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
