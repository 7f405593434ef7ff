import { GROUP, OTHER_GROUP, user } from './ids.ts';

/** The members of two groups, by the numbers of users. */
export const twoGroups = (first: readonly number[], second: readonly number[] = []) => ({
  groups: [
    { groupId: GROUP, members: first.map(user) },
    { groupId: OTHER_GROUP, members: second.map(user) },
  ],
});
