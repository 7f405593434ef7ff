/** More suggestions would be a list, not a hint. */
const MOST = 3;

/**
 * Returns the candidates that someone may have meant by a text, the nearest first: those that contain it or begin it, and those
 * that are a few letters away. Case does not matter.
 */
export function nearest(text: string, candidates: readonly string[]): string[] {
  const wanted = text.toLowerCase();
  if (wanted === '') return [];
  // A third of the letters may be wrong: more would suggest anything.
  const most = Math.max(1, Math.floor(wanted.length / 3));
  return [...new Set(candidates)]
    .map((candidate) => ({ candidate, far: distance(wanted, candidate.toLowerCase(), most) }))
    .filter(({ far }) => far <= most)
    .toSorted((a, b) => a.far - b.far)
    .slice(0, MOST)
    .map(({ candidate }) => candidate);
}

/** The letters to change, add, leave out or swap; less than any of these for a part of the other. */
function distance(text: string, other: string, most: number): number {
  if (text.length > 2 && other.includes(text)) return 0.5;
  if (Math.abs(text.length - other.length) > most) return Number.POSITIVE_INFINITY;
  let [beforeLast, last]: [number[], number[]] = [[], Array.from({ length: other.length + 1 }, (_, column) => column)];
  for (let row = 1; row <= text.length; row += 1) {
    const current = [row];
    for (let column = 1; column <= other.length; column += 1) {
      const isSame = text[row - 1] === other[column - 1];
      const isSwapped = text[row - 1] === other[column - 2] && text[row - 2] === other[column - 1];
      current[column] = Math.min(
        (last[column] ?? 0) + 1,
        (current[column - 1] ?? 0) + 1,
        (last[column - 1] ?? 0) + (isSame ? 0 : 1),
        isSwapped && row > 1 && column > 1 ? (beforeLast[column - 2] ?? 0) + 1 : Number.POSITIVE_INFINITY,
      );
    }
    [beforeLast, last] = [last, current];
  }
  return last[other.length] ?? 0;
}
