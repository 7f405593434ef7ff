/**
 * Returns what AWS has denied, one line per action, with the kind of policy that is in the way, as far as its texts name it.
 * Only these texts say so: no field of an answer does.
 *
 * @param texts messages of errors, or reasons of resources that failed
 * @see https://docs.aws.amazon.com/IAM/latest/UserGuide/troubleshoot_access-denied.html
 */
export function denialsIn(texts: readonly string[]): string[] {
  const lines = texts.flatMap((text) => {
    const [, action] = /not authorized to perform: ([\w-]+:\w+)/.exec(text) ?? [];
    return action === undefined ? [] : [`AWS denies ${action}${causeIn(text)}.`];
  });
  return [...new Set(lines)];
}

function causeIn(text: string): string {
  const [, missing] = /because no ([\w -]+?) allows/.exec(text) ?? [];
  if (missing !== undefined) return `: no ${missing} allows it`;
  const [, denying] = /with an explicit deny in (an? [\w -]*\w)/.exec(text) ?? [];
  return denying === undefined ? '' : `: ${denying} denies it`;
}
