import type { Command } from 'commander';
import * as z from 'zod/mini';
import { PLANS } from '../../domain/subscription/plan.ts';
import { UsageError } from '../../operator/failures.ts';
import { choiceOption, oneOf } from '../command/choices.ts';
import { wholeNumber } from '../shared/whole-number.ts';

const MODES = ['enforce', 'observe'] as const;

/** The text of `--max`, and of the answer to its question. */
export const MaxSeats = wholeNumber(0, 200_000);

const WishSchema = z.object({
  application: z.optional(z.string()),
  group: z.optional(z.array(z.string())),
  name: z.optional(z.string()),
  max: z.optional(MaxSeats),
  revokeAfterDays: z.optional(wholeNumber(0, 365)),
  mode: z.optional(oneOf(MODES)),
  plan: z.optional(oneOf(PLANS)),
  planRegion: z.optional(z.string()),
});
/** What the command line says of one entitlement; what it leaves out is asked for. */
export type Wish = z.infer<typeof WishSchema>;

/** The options of one entitlement, as given. */
type Given = Partial<Record<keyof Wish, string | string[]>>;

/**
 * Adds the options that say what an entitlement is to be. Each `--application` after the first begins another entitlement, of
 * which the options after it are.
 *
 * @returns what reads them, once the command line is parsed. @throws UsageError if a value is not valid
 */
export function addWishes(command: Command): () => Wish[] {
  const all: [Given, ...Given[]] = [{}];
  const last = () => all.at(-1) ?? all[0];
  const keep = (key: keyof Wish) => (value: string) => {
    last()[key] = value;
  };
  const begin = (value: string) => {
    if (last().application !== undefined) all.push({});
    last().application = value;
  };
  const add = (value: string) => {
    const { group = [] } = last();
    last().group = [...group, value];
  };
  command
    .option('--application <ARN>', 'ARN or name of the application. Repeatable: the options after it are of it', begin)
    .option('--group <GROUP...>', 'ids or display names of the groups whose members get it', add)
    .option('--name <NAME>', 'name of the entitlement (default: derived from the application)', keep('name'))
    .option('--max <N>', 'maximum number of seats', keep('max'))
    .option('--revoke-after-days <N>', 'days of grace (default: 0)', keep('revokeAfterDays'))
    .addOption(
      choiceOption('--mode <MODE>', 'observe changes nothing at first (default: enforce)', MODES).argParser(
        keep('mode'),
      ),
    )
    .addOption(choiceOption('--plan <PLAN>', 'subscription that the users should have', PLANS).argParser(keep('plan')))
    .option(
      '--plan-region <REGION>',
      'Region of its profile (default: from the name of the application, or --region)',
      keep('planRegion'),
    );
  return () => all.map(wishOf);
}

function wishOf(given: Given): Wish {
  const { success, data, error } = z.safeParse(WishSchema, given);
  if (!success) {
    const problems = error.issues.map(({ path, message }) => `--${optionOf(String(path[0]))}: ${message}`);
    throw new UsageError(problems.join('\n'));
  }
  if (data.plan === undefined && data.planRegion !== undefined) throw new UsageError('--plan-region needs --plan');
  return data;
}

function optionOf(key: string): string {
  return key.replace(/[A-Z]/g, (letter) => `-${letter.toLowerCase()}`);
}
