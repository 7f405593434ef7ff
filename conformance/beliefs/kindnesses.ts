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
  {
    is: 'limits neither the throughput of a partition of DynamoDB nor the concurrency of Lambda, unless a scenario or a history sets `limits`.',
    because:
      'A limit changes when things happen. The histories set them; batches and backups of DynamoDB stay without.',
  },
  {
    is: 'counts reads of the index of held seats as those of one partition.',
    because: 'Where AWS keeps the partitions of an index is not known; one is the worse case for limits.',
  },
  {
    is: "checks the inputs of all calls against AWS's own models, but for S3, and for the unpublished calls of Kiro.",
    because:
      'Of the unpublished calls there is no model; Usher makes two calls of S3. dynalite checks those of DynamoDB.',
  },
  {
    is: 'always fills the pages of CloudWatch Logs, Step Functions, CloudTrail and S3.',
    because: 'Adapters read all lists in one way, which short and varying pages of the other services test.',
  },
  {
    is: 'lets a member account make all calls but two that AWS keeps from it.',
    because: 'Usher runs in the account of the delegated administrator; `usher doctor` is what runs elsewhere.',
  },
  {
    is: 'takes a directory file whose external ids AWS would refuse.',
    because: 'Such a file is written by hand; what a request may name is checked.',
  },
];
