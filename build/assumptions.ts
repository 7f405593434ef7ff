import { ALL_BELIEFS, BELIEFS } from '../conformance/beliefs/all.ts';
import { type Belief, MARKS } from '../conformance/beliefs/belief.ts';
import { KINDNESSES } from '../conformance/beliefs/kindnesses.ts';
import { FLAGS, PROBES } from '../conformance/run.ts';
import { code, prose, tableOf } from './markdown.ts';

/** Returns the tables of `docs/assumptions.md`, by name. */
export function assumptionTables(): Map<string, string> {
  return new Map([
    ['marks', tableOf(['mark', 'means', 'beliefs'], marks())],
    ...Object.entries(BELIEFS).map(([section, beliefs]) => [`beliefs-${section}`, beliefTable(beliefs)] as const),
    ['probes', probeTable()],
    [
      'kindnesses',
      tableOf(
        ['the emulator', 'why'],
        KINDNESSES.map(({ is, because }) => [prose(is), prose(because)]),
      ),
    ],
  ]);
}

function marks(): string[][] {
  return Object.entries(MARKS).map(([mark, meaning]) => {
    const number = ALL_BELIEFS.filter((one) => one.mark === mark).length;
    return [mark, prose(meaning), String(number)];
  });
}

function beliefTable(beliefs: readonly Belief[]): string {
  return tableOf(
    ['id', 'Usher believes', 'mark and source', 'depends on it', 'if it is false', 'what makes that harmless', 'probe'],
    beliefs.map(({ id, belief, mark, source, dependsOn, ifFalse, tolerated }) => [
      code(id),
      prose(belief),
      `${mark}: ${prose(source)}`,
      dependsOn.map(code).join(', '),
      prose(ifFalse),
      tolerated ? `${prose(tolerated.how)} ${code(tolerated.test)}` : '',
      PROBES.filter((probe) => probe.beliefs.includes(id))
        .map(({ name }) => code(name))
        .join(', '),
    ]),
  );
}

function probeTable(): string {
  return tableOf(
    ['probe', 'does', 'needs', 'costs', 'permissions'],
    PROBES.map(({ name, does, needs, permissions, cost, calls }) => [
      code(name),
      prose(does),
      [...needs.map((need) => FLAGS[need]), ...permissions.map((one) => `--${one}`)].map(code).join(', '),
      prose(cost),
      calls.map(code).join(', '),
    ]),
  );
}
