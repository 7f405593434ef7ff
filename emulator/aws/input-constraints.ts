import * as z from 'zod/mini';
import { parseJson, ServiceError, type ServiceName } from './json-service.ts';
import cloudTrail from './models/CloudTrail.json' with { type: 'json' };
import cloudWatchLogs from './models/CloudWatchLogs.json' with { type: 'json' };
import eventBridge from './models/EventBridge.json' with { type: 'json' };
import identityStore from './models/IdentityStore.json' with { type: 'json' };
import organizations from './models/Organizations.json' with { type: 'json' };
import qBusiness from './models/QBusiness.json' with { type: 'json' };
import scheduler from './models/Scheduler.json' with { type: 'json' };
import sesV2 from './models/SESv2.json' with { type: 'json' };
import sfn from './models/SFN.json' with { type: 'json' };
import sqs from './models/SQS.json' with { type: 'json' };
import ssoAdmin from './models/SSOAdmin.json' with { type: 'json' };
import sts from './models/STS.json' with { type: 'json' };

const ShapeSchema = z.object({
  type: z.enum(['structure', 'list', 'map', 'string', 'number']),
  required: z.optional(z.array(z.string())),
  /** Whether exactly one member must be present. */
  union: z.optional(z.boolean()),
  /** The shape of each member that is constrained, by its name. */
  members: z.optional(z.record(z.string(), z.string())),
  member: z.optional(z.string()),
  key: z.optional(z.string()),
  value: z.optional(z.string()),
  /** Of a number, or of the length of anything else. */
  min: z.optional(z.number()),
  max: z.optional(z.number()),
  pattern: z.optional(z.string()),
  enum: z.optional(z.array(z.string())),
  /** Whether AWS does not repeat the value in an error. */
  sensitive: z.optional(z.boolean()),
});
/** What AWS's model says of the values of a kind, without what constrains nothing. */
export type Shape = z.infer<typeof ShapeSchema>;

const ModelSchema = z.object({
  source: z.string(),
  operations: z.record(z.string(), z.object({ error: z.string(), input: z.optional(z.string()) })),
  shapes: z.record(z.string(), ShapeSchema),
});
/** The constraints on the inputs of a service's operations, and the error of an input that breaks one. */
export type Model = z.infer<typeof ModelSchema>;

/**
 * The services whose models AWS publishes. dynalite checks the inputs of DynamoDB, and S3 those that its model leaves out; of Q
 * and UserSubscriptions there is no model.
 */
const FILES: Readonly<Partial<Record<ServiceName, unknown>>> = {
  CloudTrail: cloudTrail,
  CloudWatchLogs: cloudWatchLogs,
  EventBridge: eventBridge,
  IdentityStore: identityStore,
  Organizations: organizations,
  QBusiness: qBusiness,
  Scheduler: scheduler,
  SESv2: sesV2,
  SFN: sfn,
  SQS: sqs,
  SSOAdmin: ssoAdmin,
  STS: sts,
};

/** Adds what is wrong with a value at a path. */
type Check = (value: unknown, path: string, problems: string[]) => void;

const checks = new Map<string, { error: string; check: Check } | undefined>();

/** Returns the constraints of a service; undefined if AWS publishes none. */
export function modelOf(service: ServiceName): Model | undefined {
  const file = FILES[service];
  return file === undefined ? undefined : ModelSchema.parse(file);
}

/** Returns the error with which AWS refuses an input that breaks a constraint of its model; undefined if none does. */
export function invalidInput(service: ServiceName, operation: string, body: Uint8Array): ServiceError | undefined {
  const key = `${service}.${operation}`;
  if (!checks.has(key)) checks.set(key, compiled(service, operation));
  const known = checks.get(key);
  const input = known && parseJson(body);
  // The service itself refuses what is no object.
  if (!known || typeof input !== 'object' || input === null || Array.isArray(input)) return undefined;
  const problems: string[] = [];
  known.check(input, '', problems);
  if (problems.length === 0) return undefined;
  const errors = problems.length === 1 ? '1 validation error' : `${problems.length} validation errors`;
  return new ServiceError(known.error, `${errors} detected: ${problems.join('; ')}`, { fields: fieldsOf(service) });
}

function fieldsOf(service: ServiceName): Record<string, unknown> {
  return service === 'QBusiness' ? { reason: 'FIELD_VALIDATION_FAILED' } : {};
}

function compiled(service: ServiceName, operation: string): { error: string; check: Check } | undefined {
  const model = modelOf(service);
  const { error, input } = model?.operations[operation] ?? {};
  if (!model || error === undefined || input === undefined) return undefined;
  return { error, check: checkOf(input, model.shapes, new Map()) };
}

/** @param known the checks of the shapes so far: a shape may contain itself */
function checkOf(name: string, shapes: Model['shapes'], known: Map<string, Check>): Check {
  const shape = shapes[name];
  if (!shape) throw new Error(`the model has no shape ${name}`);
  const before = known.get(name);
  if (before) return before;
  let check: Check = () => undefined;
  known.set(name, (...value) => check(...value));
  const inner = (at: string | undefined) => (at === undefined ? undefined : checkOf(at, shapes, known));
  if (shape.type === 'structure') check = structureCheck(shape, (at) => checkOf(at, shapes, known));
  else if (shape.type === 'list' || shape.type === 'map')
    check = collectionCheck(shape, { member: inner(shape.member), key: inner(shape.key), value: inner(shape.value) });
  else check = scalarCheck(shape);
  return check;
}

function structureCheck({ required = [], union, members = {} }: Shape, inner: (shape: string) => Check): Check {
  const own = Object.entries(members).map(([member, shape]) => [member, inner(shape)] as const);
  return (value, path, problems) => {
    if (typeof value !== 'object' || value === null) return;
    const present = new Map(Object.entries(value).filter(([, one]) => one !== undefined && one !== null));
    for (const member of required) {
      if (!present.has(member)) problems.push(problem(within(path, member), 'Member must not be null', 'null'));
    }
    if (union && present.size !== 1) problems.push(problem(path, 'Exactly one member must be set'));
    for (const [member, check] of own) {
      if (present.has(member)) check(present.get(member), within(path, member), problems);
    }
  };
}

function collectionCheck(
  shape: Shape,
  { member, key, value }: Record<'member' | 'key' | 'value', Check | undefined>,
): Check {
  return (given, path, problems) => {
    if (typeof given !== 'object' || given === null) return;
    const entries = Object.entries(given);
    problems.push(...lengthProblems(shape, path, entries.length));
    for (const [index, [name, one]] of entries.entries()) {
      if (shape.type === 'list') member?.(one, `${path}.${index + 1}.member`, problems);
      key?.(name, `${path}.key`, problems);
      value?.(one, `${path}.${name}.member`, problems);
    }
  };
}

function scalarCheck(shape: Shape): Check {
  const { type, pattern, enum: values, sensitive } = shape;
  // AWS's patterns describe the whole value.
  const whole = pattern === undefined ? undefined : new RegExp(`^(?:${pattern})$`, 'u');
  return (value, path, problems) => {
    if (type === 'number') {
      problems.push(...rangeProblems(shape, path, Number(value)));
      return;
    }
    if (typeof value !== 'string') return;
    const shown = sensitive ? undefined : `'${value}'`;
    problems.push(...lengthProblems(shape, path, [...value].length, shown));
    if (whole && !whole.test(value))
      problems.push(problem(path, `Member must satisfy regular expression pattern: ${pattern}`, shown));
    if (values && !values.includes(value))
      problems.push(problem(path, `Member must satisfy enum value set: [${values.join(', ')}]`, shown));
  };
}

function lengthProblems(
  { min = 0, max = Number.POSITIVE_INFINITY }: Shape,
  path: string,
  length: number,
  shown?: string,
) {
  if (length < min) return [problem(path, `Member must have length greater than or equal to ${min}`, shown)];
  return length > max ? [problem(path, `Member must have length less than or equal to ${max}`, shown)] : [];
}

function rangeProblems(
  { min = Number.NEGATIVE_INFINITY, max = Number.POSITIVE_INFINITY }: Shape,
  path: string,
  value: number,
) {
  if (value < min) return [problem(path, `Member must have value greater than or equal to ${min}`, `'${value}'`)];
  return value > max ? [problem(path, `Member must have value less than or equal to ${max}`, `'${value}'`)] : [];
}

/** As AWS writes it. */
function problem(path: string, constraint: string, shown?: string): string {
  return `Value${shown === undefined ? '' : ` ${shown}`} at '${path}' failed to satisfy constraint: ${constraint}`;
}

function within(path: string, member: string): string {
  const name = member.charAt(0).toLowerCase() + member.slice(1);
  return path === '' ? name : `${path}.${name}`;
}
