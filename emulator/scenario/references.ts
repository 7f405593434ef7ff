import type { ValidationIssue } from '../../domain/shared/validation.ts';
import type { Scenario } from './schema.ts';

/** What an id or a name refers to. */
type ReferenceKind = 'user' | 'group' | 'application';

/** Resolves the names of a scenario and tracks which users and groups exist, so that no action names a missing one. */
export class ScenarioReferences {
  readonly issues: ValidationIssue[] = [];
  /** Names by id. */
  readonly names: Map<string, string>;
  readonly #ids: ReadonlyMap<string, string>;
  readonly #present: Readonly<Record<ReferenceKind, Set<string>>>;

  constructor({ names, directory, actions }: Pick<Scenario, 'names' | 'directory' | 'actions'>) {
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
      if (all.has(name)) this.addIssue(`names.${name}`, 'an id of this file: expected a name');
      if (!all.has(id)) this.addIssue(`names.${name}`, 'expected the id of a user, group or application of this file');
    }
  }

  addIssue(path: string, problem: string): void {
    this.issues.push({ path, problem });
  }

  /** Returns the id of a name; returns any other text as it is. */
  idOf(reference: string): string {
    return this.#ids.get(reference) ?? reference;
  }

  /** As {@link idOf}. Adds an issue if the user, group or application does not exist at this time. */
  resolve(kind: ReferenceKind, reference: string, path: string): string {
    const id = this.idOf(reference);
    if (!this.#present[kind].has(id)) this.addIssue(`${path}.${kind}`, `there is no such ${kind} at that time`);
    return id;
  }

  add(kind: 'user' | 'group', id: string, path: string): void {
    if (this.#present[kind].has(id))
      this.addIssue(`${path}.${kind}Id`, `expected an id that no ${kind} has at that time`);
    this.#present[kind].add(id);
  }

  remove(kind: ReferenceKind, id: string): void {
    this.#present[kind].delete(id);
  }

  /** Returns the name of an id, or the id if it has none. */
  nameOf(id: string): string {
    return this.names.get(id) ?? id;
  }
}
