import type { Attribute, Definition, Statement } from '../support/ocsf/statement.ts';
import type { Compiled } from './compile.ts';

/** What is equal in both or a difference. Of `values`, a statement may have only some. */
const SAME = [
  'type',
  'required',
  'profile',
  'sibling',
  'pattern',
  'maxLength',
  'range',
] as const satisfies (keyof Attribute)[];

/** Says each difference between what we state about a class and what OCSF says, with its path. */
export function differences(ours: Statement, theirs: Compiled): string[] {
  const objects = Object.entries(ours.objects).flatMap(([name, definition]) => {
    const real = theirs.objects[name];
    return real
      ? differencesIn(name, definition, real)
      : [`${name}: we state this object; OCSF's class does not hold it.`];
  });
  return [...differencesIn(theirs.name, ours.event, theirs.event), ...objects];
}

function differencesIn(path: string, ours: Definition, theirs: Definition): string[] {
  const constraints = (['anyOf', 'oneOf'] as const).filter(
    (key) => said(ours[key]?.toSorted()) !== said(theirs[key]?.toSorted()),
  );
  const attributes = Object.entries(ours.attributes).flatMap(([name, attribute]) => {
    const real = theirs.attributes[name];
    return real
      ? differencesOf(`${path}.${name}`, attribute, real)
      : [`${path}.${name}: we state this attribute; OCSF does not have it.`];
  });
  const missing = Object.entries(theirs.attributes).filter(
    ([name, { required }]) => required && !Object.hasOwn(ours.attributes, name),
  );
  return [
    ...constraints.map((key) => `${path}: we state ${key} as ${said(ours[key])}; OCSF says ${said(theirs[key])}.`),
    ...attributes,
    ...missing.map(([name]) => `${path}.${name}: OCSF requires this attribute; we do not state it.`),
  ];
}

function differencesOf(path: string, ours: Attribute, theirs: Attribute): string[] {
  const parts = SAME.filter((key) => said(ours[key]) !== said(theirs[key])).map(
    (key) => `${path}: we state ${key} as ${said(ours[key])}; OCSF says ${said(theirs[key])}.`,
  );
  const values = Object.entries(ours.values ?? {})
    .filter(([value, caption]) => caption !== theirs.values?.[value])
    .map(
      ([value, caption]) =>
        `${path}: we state the value ${value} as ${said(caption)}; OCSF says ${said(theirs.values?.[value])}.`,
    );
  const free = theirs.values && !ours.values ? [`${path}: we state no values; OCSF says ${said(theirs.values)}.`] : [];
  return [...parts, ...values, ...free];
}

function said(value: unknown): string {
  return value === undefined ? 'nothing' : JSON.stringify(value);
}
