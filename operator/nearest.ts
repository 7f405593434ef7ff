/** More would be no help. */
const MOST_NAMES = 3;
/** More typing errors are another name; fewer comparisons, too, in a store of a hundred thousand users. */
const MOST_ERRORS = 4;

/**
 * Returns the names that someone may have meant, the nearest first.
 *
 * A name is near if at most a third of it and four letters are mistyped, or if it begins with what was typed. Upper and lower case are the same.
 */
export function nearest(wanted: string, names: Iterable<string>): string[] {
  const typed = wanted.toLowerCase();
  const found: { name: string; distance: number }[] = [];
  for (const name of new Set(names)) {
    const candidate = name.toLowerCase();
    const most = Math.min(MOST_ERRORS, Math.floor(Math.max(typed.length, candidate.length) / 3));
    const distance = typed !== '' && candidate.startsWith(typed) ? 0 : distanceOf(typed, candidate, most);
    if (distance <= most) found.push({ name, distance });
  }
  return found
    .sort((a, b) => a.distance - b.distance || (a.name < b.name ? -1 : 1))
    .slice(0, MOST_NAMES)
    .map(({ name }) => name);
}

/**
 * Returns the number of letters to add, to leave out, to replace or to swap with the next one; a number above `most` if there
 * are more. Letters are UTF-16 code units.
 */
function distanceOf(from: string, to: string, most: number): number {
  if (Math.abs(from.length - to.length) > most) return most + 1;
  let [before, row]: number[][] = [[], Array.from({ length: Math.min(to.length, most) + 1 }, (_, index) => index)];
  for (let i = 1; i <= from.length; i += 1) {
    const next: number[] = i > most ? [] : [i];
    let least = at(next, 0);
    // Elsewhere, more letters would have to be added or left out than allowed.
    for (let j = Math.max(1, i - most); j <= Math.min(to.length, i + most); j += 1) {
      const isSame = from[i - 1] === to[j - 1];
      const isSwapped = i > 1 && j > 1 && from[i - 1] === to[j - 2] && from[i - 2] === to[j - 1];
      next[j] = Math.min(
        at(next, j - 1) + 1,
        at(row, j) + 1,
        at(row, j - 1) + (isSame ? 0 : 1),
        isSwapped ? at(before, j - 2) + 1 : Number.POSITIVE_INFINITY,
      );
      least = Math.min(least, next[j] ?? least);
    }
    if (least > most) return most + 1;
    [before, row] = [row ?? [], next];
  }
  return at(row, to.length);
}

function at(row: readonly number[] | undefined, index: number): number {
  return row?.[index] ?? Number.POSITIVE_INFINITY;
}
