import type { GroupNameLine } from '../../operator/lines/plan.ts';
import { escaped } from '../../operator/text.ts';

/** Says that a group no longer has its configured name. Names appear only if the line has them. */
export function groupNameInWords({ groupId, exists, namesakeId, configured, name }: GroupNameLine): string {
  const called = configured === undefined ? 'the name that the configuration gives it' : escaped(configured);
  const now = name === undefined ? '' : `; it is ${escaped(name)} now`;
  const group = exists ? `Group ${groupId} is not called ${called}${now}.` : `There is no group ${groupId}.`;
  const other = namesakeId === undefined ? '' : ` That name belongs to ${namesakeId}.`;
  return `${group}${other} Usher goes by the id: correct whichever is wrong`;
}
