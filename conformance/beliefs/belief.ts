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
  /** The test that plays the other answer, by its path. */
  test: string;
  /** What the emulator is told, so that it gives the other answer: a word of the test. */
  by?: string;
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
  /** Files that depend on it. */
  dependsOn: readonly string[];
  /** What happens if it is false. */
  ifFalse: string;
  tolerated?: Tolerance;
}
