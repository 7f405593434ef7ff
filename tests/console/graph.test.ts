import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { parse } from 'yaml';
import { layoutOf } from '../../console/graph.ts';

const FILE = join(import.meta.dirname, '../../statemachines/onboarding.asl.yaml');
const machine = parse(readFileSync(FILE, 'utf8'));
const { nodes, edges, width, height } = layoutOf(machine);

const pairs = nodes.flatMap((a, index) => nodes.slice(index + 1).map((b) => [a, b] as const));

describe('the drawn state machine', () => {
  it('has each state of the file once', () => {
    expect(nodes.map(({ name }) => name)).toEqual(Object.keys(machine.States));
  });

  it('has each way between two states once, and knows those that only a failure takes', () => {
    const ways = edges.map(({ from, to, caught }) => `${from} ${to}${caught ? ' after a failure' : ''}`);
    expect(new Set(ways).size).toBe(ways.length);
    expect(ways.filter((way) => /^(?:ApplyChanges|RecordAudit|WhatNow) /.test(way)).sort()).toEqual([
      'ApplyChanges PlanChanges after a failure',
      'ApplyChanges RecordAudit',
      'RecordAudit PlanChanges after a failure',
      'RecordAudit WaitToSettle',
      'WhatNow ApplyChanges',
      'WhatNow Converged',
      'WhatNow HandedOver',
      'WhatNow Held',
      'WhatNow WaitToSettle',
    ]);
  });

  it('has its states beside each other, within its bounds', () => {
    const overlapping = pairs.filter(
      ([a, b]) => Math.abs(a.x - b.x) < (a.width + b.width) / 2 && Math.abs(a.y - b.y) < (a.height + b.height) / 2,
    );
    expect(overlapping).toEqual([]);
    const outside = nodes.filter(
      ({ x, y, ...node }) =>
        x < node.width / 2 || y < node.height / 2 || x + node.width / 2 > width || y + node.height / 2 > height,
    );
    expect(outside).toEqual([]);
  });

  it('has a line and a head for each way', () => {
    for (const { line, head } of edges) {
      expect(line).toMatch(/^M[\d. ]+[QL][\dQL. -]+$/);
      expect(head).toMatch(/^M[\d. ]+L[\d. ]+L[\d. ]+Z$/);
    }
  });
});
