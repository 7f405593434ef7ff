import { ALL_BELIEFS, BELIEFS } from '../conformance/beliefs/all.ts';
import { type Belief, isOfCode, MARKS } from '../conformance/beliefs/belief.ts';
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
    beliefs.map((one) => [
      code(one.id),
      prose(one.belief),
      `${one.mark}: ${prose(one.source)}`,
      one.dependsOn.map(code).join(', ') || 'nothing',
      prose(one.ifFalse),
      harmlessBy(one),
      PROBES.filter((probe) => probe.beliefs.includes(one.id))
        .map(({ name }) => code(name))
        .join(', '),
    ]),
  );
}

function harmlessBy(belief: Belief): string {
  const { tolerated } = belief;
  if (tolerated) return `${prose(tolerated.how)} ${code(tolerated.test)}: ${code(tolerated.by)}`;
  return isOfCode(belief) ? '' : 'No code depends on it.';
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
