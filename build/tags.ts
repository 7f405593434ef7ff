import { formatParameters } from './parameters.ts';

/** Tags by key. */
export type Tags = Readonly<Record<string, string>>;

/** The keys of the tags that serverless.yml sets. */
export const OWN_TAGS = ['application', 'stage'];

/** What AWS allows of a tag in every service that CloudFormation passes it to. */
const TAG = /^([\p{L}\p{Z}\p{N}_.:/+@-]{1,128})=([\p{L}\p{Z}\p{N}_.:/=+@-]{0,256})$/u;
/** Of one resource; those of AWS itself do not count. */
const MOST_TAGS = 50;

/**
 * Checks the given tags, because AWS would refuse them only in the middle of a deployment.
 *
 * @param given as on the command line: `Key=value`, or `Key=` to remove a tag
 * @returns one message per invalid tag, and the valid ones by key
 */
export function checkTags(given: readonly string[]): { problems: string[]; tags: Tags } {
  const problems: string[] = [];
  const tags: Record<string, string> = {};
  for (const one of given) {
    const [, key = '', value = ''] = TAG.exec(one) ?? [];
    if (key === '') {
      problems.push(
        `--tag ${one}: expected Key=value, of letters, digits, spaces and _.:/+@-, at most 128 before and 256 after the equals sign`,
      );
    } else if (/^aws:/i.test(key)) problems.push(`--tag ${key}: AWS allows no key that begins with aws:`);
    else if (OWN_TAGS.includes(key)) problems.push(`--tag ${key}: Usher sets this tag itself`);
    else tags[key] = value;
  }
  return { problems, tags };
}

/**
 * Returns the tags that a stack will have: the given ones, the present ones of all other keys, and Usher's own. CloudFormation
 * passes them to every resource that takes tags.
 *
 * @param given an empty value removes a tag: CloudFormation allows no empty one
 */
export function tagsFor(given: Tags, before: Tags, own: Tags): Tags {
  return Object.fromEntries(Object.entries({ ...before, ...given, ...own }).filter(([, value]) => value !== ''));
}

/** Formats the tags that change, one line each. */
export function formatTags(before: Tags, after: Tags): string[] {
  const named = (tags: Tags) => Object.fromEntries(Object.entries(tags).map(([key, value]) => [`tag ${key}`, value]));
  return formatParameters(named(before), named(after));
}

/** Returns why AWS would refuse these tags together; empty if it would not. */
export function tagProblems(tags: Tags): string[] {
  const keys = Object.keys(tags);
  const tooMany =
    keys.length <= MOST_TAGS ? [] : [`--tag: the stack would have ${keys.length} tags, and AWS allows ${MOST_TAGS}`];
  // Only IAM does so, and refuses every role of the stack.
  const doubled = [...Map.groupBy(keys, (key) => key.toLowerCase()).values()]
    .filter((same) => same.length > 1)
    .map((same) => `--tag: IAM takes ${same.toSorted().join(' and ')} for the same key. Keep one of them`);
  return [...tooMany, ...doubled];
}
