/** How sure a belief is. */
export const MARKS = {
  documented: 'AWS documents it, or a record of AWS was read',
  likely: 'an inference, or few sources say so',
  unknown: 'no source has published it',
} as const;
export type Mark = keyof typeof MARKS;

/** What makes a belief harmless if it is false. */
export interface Tolerance {
  /** What Usher does whatever AWS answers. */
  how: string;
  /** The file of the test that plays the other answer. */
  test: string;
  /** Its name, or as much of it as tells it from the others of the file. */
  by: string;
}

/** Something that Usher believes about AWS. */
export interface Belief {
  /** Stable: reports name it. */
  id: string;
  /** In one sentence, as a fact. */
  belief: string;
  mark: Mark;
  /** The page, model or record that says so; of an unpublished one, where one would look. */
  source: string;
  /** Files that depend on it. If these are pages only, or none, no code does, and it needs no tolerance. */
  dependsOn: readonly string[];
  /** What happens if it is false. */
  ifFalse: string;
  tolerated?: Tolerance;
}

/** Whether any code depends on a belief. What only pages say is corrected there, and changes nothing that runs. */
export function isOfCode({ dependsOn }: Belief): boolean {
  return dependsOn.some((file) => !file.startsWith('docs/'));
}
