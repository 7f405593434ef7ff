/** Where the emulator is kinder than AWS may be, so that a fault of Usher could stay hidden. */
export interface Kindness {
  /** What the emulator does, as the end of a sentence that begins with its name. */
  is: string;
  /** Why it stays so, and what else would find the fault. */
  because: string;
}

/** All that are left. */
export const KINDNESSES: readonly Kindness[] = [
  {
    is: 'lets every caller make every call that it knows.',
    because:
      'Roles are checked by tests that compare the calls of each function with its policy (`tests/permissions.test.ts`), both ways.',
  },
  {
    is: 'knows no key management: nothing is refused for want of `kms:Decrypt`.',
    because: 'A refusal is played by a fault, by its name; the reasons of KMS are names like any other.',
  },
  {
    is: 'delivers each event once, unless a scenario or a history says otherwise.',
    because: 'The histories of `npm run simulate` drop, repeat, delay and reorder events.',
  },
  {
    is: 'shows a write at once, unless a scenario or a history sets a lag.',
    because: 'The histories set lags of up to an hour for each read.',
  },
];
