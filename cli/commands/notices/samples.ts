import type { Command } from 'commander';
import type { Entitlement, Entitlements } from '../../../domain/entitlements.ts';
import type { Message } from '../../../domain/notices/message.ts';
import type { EntitlementNotices, NoticeKind, NoticeSettings } from '../../../domain/notices/schema.ts';
import { contentOf } from '../../../domain/notify/decide.ts';
import { plusSeconds } from '../../../domain/shared/time.ts';
import { rendererOf } from '../../../notices/render.ts';
import { languageFor } from '../../../notices/templates.ts';
import { MissingPrecondition, UsageError } from '../../../operator/failures.ts';
import { requireNotices } from '../../../operator/notices/configured.ts';
import { unknownEntitlement } from '../../../operator/suggestions.ts';
import type { Context } from '../../command/context.ts';
import { templatesNextTo } from '../../command/notice-templates.ts';

type Noticed = Entitlement & { notices: EntitlementNotices };

/** A notice as it would be sent now. */
export interface Sample {
  kind: NoticeKind;
  language: string;
  message: Message;
}

/** Whom a sample is for. */
export interface Reader {
  name?: string | undefined;
  /** Tags in the order of preference. */
  languages: readonly string[];
}

/** Makes the notices of one entitlement. */
export interface Sampler {
  settings: NoticeSettings;
  entitlement: Noticed;
  /** Region of Amazon SES. */
  mailRegion: string;
  sample(kind: NoticeKind, reader: Reader): Sample;
}

const DAY_SECONDS = 24 * 3600;

/**
 * Reads configuration and templates.
 *
 * @param wanted name of the entitlement; undefined for the only one that has notices
 * @throws MissingPrecondition, UsageError, InputError
 */
export async function samplerFor(wanted: string | undefined, command: Command, context: Context): Promise<Sampler> {
  const entitlements = await context.entitlements();
  const settings = requireNotices(entitlements);
  const entitlement = noticedEntitlement(wanted, entitlements);
  const templates = templatesNextTo(command, entitlements);
  const render = rendererOf(templates, settings);
  const { region } = entitlements.identityCenter;
  // Grace of no days has no notice; its date is tomorrow, so that there is one to see.
  const dueAt = plusSeconds(context.clock.now(), Math.max(1, entitlement.onLeave.revokeAfterDays) * DAY_SECONDS);
  return {
    settings,
    entitlement,
    mailRegion: settings.region ?? region,
    sample(kind, { name, languages }) {
      const content = contentOf(kind, { dueAt }, { settings, entitlement, region });
      return {
        kind,
        language: languageFor(kind, [...languages, settings.language], templates),
        message: render(name === undefined ? content : { ...content, name }, languages),
      };
    },
  };
}

function noticedEntitlement(wanted: string | undefined, { entitlements }: Entitlements): Noticed {
  const noticed = entitlements.flatMap((one) => (one.notices ? [{ ...one, notices: one.notices }] : []));
  const names = noticed.map(({ name }) => name).join(', ');
  if (wanted === undefined) {
    const [only, ...others] = noticed;
    if (!only)
      throw new MissingPrecondition('No entitlement has notices. Add product and send to one of them: docs/notices.md');
    if (others.length > 0)
      throw new UsageError(`Several entitlements have notices. Name one with --entitlement: ${names}`);
    return only;
  }
  const found = noticed.find(({ name }) => name === wanted);
  if (found) return found;
  if (!entitlements.some(({ name }) => name === wanted)) throw unknownEntitlement(wanted, entitlements);
  throw new UsageError(
    `${wanted} has no notices in entitlements.yml${names === '' ? '' : `. Those that have: ${names}`}`,
  );
}
