import { globSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { parse } from 'yaml';
import * as z from 'zod/mini';

const ROOT = join(import.meta.dirname, '..');
const read = (file: string) => readFileSync(join(ROOT, file), 'utf8');

const Lockfile = z.object({ packages: z.record(z.string(), z.record(z.string(), z.unknown())) });
const Versions = z.optional(z.record(z.string(), z.string()));
const Description = z.object({ dependencies: Versions, devDependencies: Versions, optionalDependencies: Versions });
const Step = z.object({
  uses: z.optional(z.string()),
  with: z.optional(z.object({ repository: z.optional(z.string()), ref: z.optional(z.string()) })),
});
const Workflow = z.object({
  permissions: z.record(z.string(), z.string()),
  jobs: z.record(z.string(), z.object({ steps: z.array(Step) })),
});

const workflows = globSync('.github/workflows/*.yml', { cwd: ROOT });

describe('a package', () => {
  it('has a SHA-512 in the lockfile, which names no registry, and is in it by itself', () => {
    const { '': root, ...packages } = Lockfile.parse(JSON.parse(read('package-lock.json'))).packages;
    expect(root).toMatchObject({ name: 'usher' });
    expect(Object.keys(packages).length).toBeGreaterThan(500);
    const bad = Object.entries(packages).filter(
      ([, { integrity, resolved, link, inBundle }]) =>
        !/^sha512-[\w+/]{86}==$/.test(String(integrity)) || resolved !== undefined || link || inBundle,
    );
    expect(bad).toEqual([]);
  });

  it('that we name has an exact version', () => {
    const { dependencies, devDependencies, optionalDependencies } = Description.parse(JSON.parse(read('package.json')));
    const versions = Object.entries({ ...dependencies, ...devDependencies, ...optionalDependencies });
    expect(versions.length).toBeGreaterThan(50);
    expect(versions.filter(([, version]) => !/^(?:npm:[\w-]+@)?\d+\.\d+\.\d+$/.test(version))).toEqual([]);
  });

  it('runs no script when it is installed', () => {
    expect(read('.npmrc').split('\n')).toContain('ignore-scripts=true');
  });
});

describe('a workflow', () => {
  it.each(workflows)(
    '%s may only read, and takes actions and other repositories at a commit, actions with the version next to it',
    (file) => {
      const { permissions, jobs } = Workflow.parse(parse(read(file)));
      expect(permissions).toEqual({ contents: 'read' });
      const uses = Object.values(jobs).flatMap(({ steps }) => steps.flatMap((step) => step.uses ?? []));
      expect(uses.length).toBeGreaterThan(0);
      expect(uses.filter((action) => !/^[\w-]+\/[\w-]+@[0-9a-f]{40}$/.test(action))).toEqual([]);
      const sources = Object.values(jobs).flatMap(({ steps }) => steps.flatMap((step) => step.with ?? []));
      expect(sources.filter(({ repository, ref }) => repository && !/^[0-9a-f]{40}$/.test(ref ?? ''))).toEqual([]);
      expect(read(file).match(/@[0-9a-f]{40} # v\d+\.\d+\.\d+$/gm)).toHaveLength(uses.length);
    },
  );
});
