import type { Argument, Option } from 'commander';
import { machinesOf } from '../../operator/executions/find.ts';
import { digestOf, shortDigest } from '../../operator/held/digest.ts';
import { readersOf } from '../../operator/readers.ts';
import { awsProfiles } from '../command/aws-profiles.ts';
import type { Context } from '../command/context.ts';

/** A value that a word may become, and what it is. */
export interface Value {
  value: string;
  description: string;
}

/** Reads the values that there are. */
type Source = (context: Context, env: NodeJS.ProcessEnv) => Promise<Value[]>;

/** More would be no help. */
const MOST_EXECUTIONS = 20;
const MOST_NOTICES = 20;

/** Where the values of options and arguments come from, by their names; those with a fixed set have it themselves. */
const SOURCES: Readonly<Record<string, Source>> = {
  '--entitlement': entitlements,
  ENTITLEMENT: entitlements,
  '--application': async (context) =>
    (await context.entitlements()).entitlements.map(({ application, name }) => ({
      value: application,
      description: name,
    })),
  '--group': async (context) =>
    (await context.entitlements()).entitlements.flatMap(({ groups, name }) =>
      groups.map((group) => ({ value: group, description: name })),
    ),
  '--stage': async (_context, env) =>
    [...new Set([env['USHER_STAGE'] ?? 'prod', 'prod', 'try'])].map((value) => ({ value, description: '' })),
  '--profile': (_context, env) => profiles(env),
  DIGEST: digests,
  UID: notices,
  EXECUTION: executions,
};

/** Options and arguments whose value is a file. */
const FILES = /^(?:FILE|DIR|PATH)$/;

/** Returns what a value may be: fixed values, where to read them, or a file. Undefined if nothing is known of it. */
export function valuesOf(of: Option | Argument): { values: readonly Value[] } | { read: Source } | 'files' | undefined {
  const fixed = of.argChoices;
  if (fixed) return { values: fixed.map((value) => ({ value, description: '' })) };
  const placeholder = 'flags' in of ? (/[<[](\w+)/.exec(of.flags)?.[1] ?? '') : of.name();
  const name = 'flags' in of ? (of.long ?? '') : placeholder;
  const read = SOURCES[name];
  if (read) return { read };
  return FILES.test(placeholder) ? 'files' : undefined;
}

async function entitlements(context: Context): Promise<Value[]> {
  const { entitlements: configured } = await context.entitlements();
  return configured.map(({ name, application }) => ({ value: name, description: application }));
}

async function digests(context: Context): Promise<Value[]> {
  const { readHolds } = await import('../../operator/held/holds.ts');
  const holds = await readHolds(await readersOf(context), context.unread);
  return holds.map(({ hold }) => ({
    value: shortDigest(digestOf(hold)),
    description: `${hold.entitlement}: ${hold.reason}`,
  }));
}

async function notices(context: Context): Promise<Value[]> {
  if (!(await context.entitlements()).notices) return [];
  const { openNotices } = await import('../../operator/notices/open-notices.ts');
  const { deliveries = [] } = (await openNotices({}, context)) ?? {};
  return deliveries.slice(0, MOST_NOTICES).map(({ uid, status, kind, entitlement }) => ({
    value: uid,
    description: `${status} ${kind} ${entitlement}`,
  }));
}

async function executions(context: Context): Promise<Value[]> {
  const services = await context.services();
  const source = await services.executions();
  const pages = await Promise.all(
    (await machinesOf(services)).map(async (machine) => {
      for await (const page of source.list(machine)) return page;
      return [];
    }),
  );
  return pages
    .flat()
    .sort((a, b) => b.startedAt.getTime() - a.startedAt.getTime())
    .slice(0, MOST_EXECUTIONS)
    .map(({ name, status }) => ({ value: name, description: status.toLowerCase() }));
}

async function profiles(env: NodeJS.ProcessEnv): Promise<Value[]> {
  const { names } = await awsProfiles(env);
  return names.map((value) => ({ value, description: '' }));
}
