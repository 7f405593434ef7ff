import { basename } from 'node:path';
import { defineConfig } from 'vitest/config';
import { BaseSequencer, type TestSpecification } from 'vitest/node';

/** Those that take longest; a worker that came to them last would keep the other one waiting. */
const FIRST = ['simulation.test.ts', 'floods.test.ts'];

class LongestFirst extends BaseSequencer {
  override async sort(files: TestSpecification[]): Promise<TestSpecification[]> {
    const rank = ({ moduleId }: TestSpecification) => (FIRST.includes(basename(moduleId)) ? 0 : 1);
    return (await super.sort(files)).toSorted((a, b) => rank(a) - rank(b));
  }
}

export default defineConfig({
  test: {
    include: ['tests/**/*.test.ts'],
    setupFiles: ['tests/setup.ts'],
    tags: [
      {
        name: 'long',
        description:
          'Processes, packages, every fault at every call, thousands of people, larger forms: for npm run check',
      },
    ],
    // What the tests were measured on; more workers only make the long simulations wait for one another.
    maxWorkers: 2,
    sequence: { sequencer: LongestFirst },
    // Files share nothing that they could spoil for each other: doubles are passed in, no module is mocked.
    isolate: false,
    // A bound for what hangs. How long a test takes is no matter of the test.
    testTimeout: 600_000,
    hookTimeout: 600_000,
    coverage: {
      provider: 'v8',
      include: ['domain/**/*.ts', 'adapters/**/*.ts', 'reconcile/**/*.ts', 'functions/**/*.ts'],
      reporter: ['text-summary', 'json-summary'],
      reportsDirectory: 'coverage/report',
      thresholds: {
        'domain/**/*.ts': { lines: 95, branches: 95 },
        'adapters/**/*.ts': { lines: 95, branches: 95 },
        'reconcile/**/*.ts': { lines: 95, branches: 95 },
        'functions/**/*.ts': { lines: 95, branches: 95 },
      },
    },
  },
});
