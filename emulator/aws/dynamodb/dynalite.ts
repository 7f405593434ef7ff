import { MemoryLevel } from 'memory-level';
import { type Answer, errorAnswer, jsonAnswer, parseBody, type Service, ServiceError } from '../json-service.ts';
import { evaluateDatabase, requireDynalite, requireForDatabase } from './dynalite-module.ts';

/**
 * The parts of `dynalite` below its HTTP server, which takes most of the time of a read.
 */
interface Dynalite {
  database: { create(options: { createTableMs: number; deleteTableMs: number }): object };
  validations: {
    /** @returns the input without fields that the operation does not have @throws DynaliteRefusal */
    checkTypes(input: object, types: object): object;
    /** @throws DynaliteRefusal */
    checkValidations(input: object, types: object, custom: unknown, store: object): void;
  };
  operations: ReadonlyMap<string, DynaliteOperation>;
}

interface DynaliteOperation {
  types: object;
  /** Checks beyond types. */
  custom: unknown;
  /** @param done takes a DynaliteRefusal, another error (a bug), or the output */
  act(store: object, input: object, done: (error: unknown, output: object) => void): void;
}

/** An error answer of DynamoDB, as `dynalite` throws it. */
interface DynaliteRefusal {
  statusCode: number;
  body: object;
}

const SERVED_OPERATIONS = [
  'BatchGetItem',
  'BatchWriteItem',
  'CreateTable',
  'DeleteItem',
  'DeleteTable',
  'DescribeTable',
  'GetItem',
  'ListTables',
  'ListTagsOfResource',
  'PutItem',
  'Query',
  'Scan',
  'TagResource',
  'UntagResource',
  'UpdateItem',
  'UpdateTable',
];

let loaded: Dynalite | undefined;

/** Opens an empty database of `dynalite` in memory: always consistent, and without TTL. */
export function openDynalite(): Service {
  loaded ??= loadDynalite();
  const { database, validations, operations } = loaded;
  const store = database.create({ createTableMs: 0, deleteTableMs: 0 });

  const outputOf = (name: string, body: Uint8Array): Promise<object> =>
    new Promise((resolve, reject) => {
      const operation = operations.get(name);
      if (!operation) throw new ServiceError('UnknownOperationException', 'The operation is not known');
      const { types, custom, act } = operation;
      const input = validations.checkTypes(parseBody(body), types);
      validations.checkValidations(input, types, custom, store);
      act(store, input, (error, output) => (error ? reject(error) : resolve(output)));
    });

  const handle = async (name: string, body: Uint8Array): Promise<Answer> => {
    try {
      return jsonAnswer('DynamoDB', 200, await outputOf(name, body));
    } catch (error) {
      if (error instanceof ServiceError) return errorAnswer('DynamoDB', error);
      if (isDynaliteRefusal(error)) return jsonAnswer('DynamoDB', error.statusCode, error.body);
      throw error;
    }
  };

  return { handle };
}

function loadDynalite(): Dynalite {
  const operations = SERVED_OPERATIONS.map((name): [string, DynaliteOperation] => {
    const file = name.charAt(0).toLowerCase() + name.slice(1);
    const { types, custom } = requireDynalite(`dynalite/validations/${file}`);
    return [name, { types, custom, act: requireDynalite(`dynalite/actions/${file}`) }];
  });
  return {
    database: loadDatabase(),
    validations: requireDynalite('dynalite/validations'),
    operations: new Map(operations),
  };
}

/** A store that keeps text as text instead of bytes. */
class TextLevel extends MemoryLevel {
  constructor(options: object) {
    super({ ...options, storeEncoding: 'utf8' });
  }
}

/** Loads `dynalite/db` with a store that answers in the same turn of the event loop: a call reads it about three times. */
function loadDatabase(): Dynalite['database'] {
  const atOnce = (callback: (...args: unknown[]) => void, ...args: unknown[]) => {
    queueMicrotask(() => callback(...args));
  };
  const requireText = (id: string) => (id === 'memory-level' ? { MemoryLevel: TextLevel } : requireForDatabase(id));
  const database = evaluateDatabase(requireText, atOnce);
  if (!isDatabase(database)) throw new Error('dynalite/db does not export create');
  return database;
}

function isDatabase(exports: object): exports is Dynalite['database'] {
  return 'create' in exports;
}

function isDynaliteRefusal(error: unknown): error is DynaliteRefusal {
  return typeof error === 'object' && error !== null && 'statusCode' in error && 'body' in error;
}
