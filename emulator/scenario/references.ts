import type { ValidationIssue } from '../../domain/shared/validation.ts';
import type { Scenario } from './schema.ts';

/** What an id or a name stands for. */
type Kind = 'user' | 'group' | 'application';

/** Who takes part: resolves names, and follows who is there, so that no action names somebody who isn't. */
export class ScenarioReferences {
  readonly faults: ValidationIssue[] = [];
  /** By id. */
  readonly names: Map<string, string>;
  readonly #ids: ReadonlyMap<string, string>;
  readonly #present: Readonly<Record<Kind, Set<string>>>;

  constructor({ names, directory, actions }: Scenario) {
    const { users, groups, applications } = directory;
    this.#ids = new Map(Object.entries(names));
    this.names = new Map(Object.entries(names).map(([name, id]) => [id, name]));
    this.#present = {
      user: new Set(users.map(({ userId }) => userId)),
      group: new Set(groups.map(({ groupId }) => groupId)),
      application: new Set(applications.map(({ applicationArn }) => applicationArn)),
    };
    const later = actions.flatMap(({ addUser, addGroup }) => [addUser?.userId ?? [], addGroup?.groupId ?? []].flat());
    const all = new Set([...Object.values(this.#present).flatMap((ids) => [...ids]), ...later]);
    for (const [name, id] of Object.entries(names)) {
      if (all.has(name)) this.refuse(`names.${name}`, 'an id of this file: expected a name');
      if (!all.has(id)) this.refuse(`names.${name}`, 'expected the id of a user, group or application of this file');
    }
  }

  refuse(path: string, problem: string): void {
    this.faults.push({ path, problem });
  }

  /** The id that a text stands for: it may be a name. */
  idOf(reference: string): string {
    return this.#ids.get(reference) ?? reference;
  }

  /** As {@link idOf}, of somebody or something that must be there now. */
  find(kind: Kind, reference: string, path: string): string {
    const id = this.idOf(reference);
    if (!this.#present[kind].has(id)) this.refuse(`${path}.${kind}`, `there is no such ${kind} at that time`);
    return id;
  }

  enter(kind: 'user' | 'group', id: string, path: string): void {
    if (this.#present[kind].has(id)) this.refuse(`${path}.${kind}Id`, `there is such a ${kind} already`);
    this.#present[kind].add(id);
  }

  leave(kind: 'user' | 'group', id: string): void {
    this.#present[kind].delete(id);
  }

  /** What people call it. */
  called(id: string): string {
    return this.names.get(id) ?? id;
  }
}
