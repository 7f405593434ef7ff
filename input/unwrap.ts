import { Buffer } from 'node:buffer';
import { isEventId } from '../domain/shared/ids.ts';
import { isObject, own } from '../domain/shared/json.ts';
import { eventOf, executionInputIn, isManualStart, isRecord, refusalOf } from './event-shapes.ts';
import { problemWith } from './event-title.ts';
import { isGzip, unpack } from './gzip.ts';
import { InputError } from './input-error.ts';
import { documentsIn } from './json-documents.ts';

/** The place of an event in a file; without an event, `problem` says why. */
export type EventPlace = { path: string } & (
  | { event: object; problem?: undefined }
  | { event?: undefined; problem: string }
);

/** What one file may hold. */
export interface Limits {
  events: number;
  /** Of everything that is compressed in it, together. */
  unpackedBytes: number;
  /** Objects, lists and texts in each other, around an event. */
  levels: number;
}

/** Where a value is. */
export interface Place {
  path: string;
  level: number;
  /** Whether the value was a text: its fields are named behind an arrow. */
  inText?: boolean;
  /** Whether it is the body of a queue's message: it may be a manual start, such as the tick. */
  isBody?: boolean;
  /** Whether it is a list of entries, of which each should hold an event. */
  isEntries?: boolean;
}

/** Fields that have one event per entry. */
const ENTRIES = new Set([
  'Records',
  'records',
  'Events',
  'events',
  'Messages',
  'Entries',
  'logEvents',
  'results',
  'hits',
]);
/** Fields of what is known to be around events, for the message that there is none. */
const ENVELOPES = new Set([
  ...ENTRIES,
  'Body',
  'CloudTrailEvent',
  'Items',
  'Message',
  'QueryResultRows',
  '_raw',
  '_source',
  'awslogs',
  'executions',
  'items',
  'message',
  'result',
  'rows',
]);
/** More often than anything is compressed: there are texts that unpack to themselves. */
const MOST_LAYERS = 8;
/** The texts that a queue delivers. */
const BODIES = new Set(['Body', 'body']);
/** What may be repeated in an error: a key is input, too. */
const PLAIN_NAME = /^@?[\w$-]+(?:\.[\w$-]+)*$/;
const LONGEST_NAME = 64;

/** How base64 begins of gzip, and of what begins like a JSON object or list. */
const BASE64_START = /^\s*(?:H4sI|eyJ|eyA|ewo|ewk|W3s|Wyd|Wwo|W1s)/;
const BASE64 = /^[\w+/-]{20,}={0,2}$/;

/** A text that has the keys of an event: there is one, or what is left of one. */
const EVENT_KEYS = /(?:eventSource|detail-type)\\*"\s*:/;

/**
 * Finds the events of one file, in whatever is around them: objects, lists, JSON in texts, gzip and base64, in each other.
 *
 * It searches, instead of knowing all forms: exports of search tools have theirs, and fields are added to each. It takes an
 * event as a whole and does not search in it. A record that stands in several fields of an object counts once.
 */
export class Unwrapper {
  /** The number of entries of lists that hold no event. */
  leftOut = 0;
  /** The fields of envelopes in which there was no event. */
  readonly emptyFields = new Set<string>();
  readonly #file: string;
  readonly #limits: Limits;
  #events = 0;
  /** The number of parts of an execution that repeat its input. */
  #repetitions = 0;
  #unpackedBytes = 0;

  constructor(file: string, limits: Limits) {
    this.#file = file;
    this.#limits = limits;
  }

  /** Says that a value is not searched, because too much is around it. */
  get tooDeep(): string {
    return `in more than ${this.#limits.levels} objects, lists and texts, which is the limit`;
  }

  /** Whether an object is known to be around events, and so is no event itself; then notes that it has none. */
  isEmptyEnvelope(fields: Readonly<Record<string, unknown>>): boolean {
    const name = Object.keys(fields).find((key) => ENVELOPES.has(key));
    if (name === undefined) return false;
    this.emptyFields.add(name);
    this.leftOut += 1;
    return true;
  }

  /** Takes an event as it is. @throws InputError if there are too many */
  take(path: string, event: object): EventPlace {
    this.#events += 1;
    if (this.#events > this.#limits.events) {
      const problem = `holds more than ${this.#limits.events.toLocaleString('en')} events, which is the limit: split it`;
      throw new InputError(this.#file, [{ path: '', problem }]);
    }
    const problem = problemWith(event);
    return problem === undefined ? { path, event } : { path, problem };
  }

  /** Returns the events in a value, in order, and what looks like one and cannot be taken; none if there is nothing. */
  find(value: unknown, place: Place): EventPlace[] {
    if (typeof value === 'string') return this.#inText(value, place);
    if (typeof value !== 'object' || value === null) return [];
    if (place.level > this.#limits.levels) return [{ path: place.path, problem: this.tooDeep }];
    if (Array.isArray(value)) return this.#inList(value, place);
    return isObject(value) ? this.#inObject(value, place) : [];
  }

  /** Unpacks gzip, as often as something was compressed, within what the file may hold. @throws InputError */
  unpacked(bytes: Uint8Array, path: string): Uint8Array {
    let inner = bytes;
    for (let layers = 0; isGzip(inner); layers += 1) {
      const { unpackedBytes } = this.#limits;
      const { bytes: found, problem } =
        layers < MOST_LAYERS
          ? unpack(inner, unpackedBytes, unpackedBytes - this.#unpackedBytes)
          : { problem: `compressed more than ${MOST_LAYERS} times` };
      if (!found) throw new InputError(this.#file, [{ path, problem }]);
      this.#unpackedBytes += found.length;
      inner = found;
    }
    return inner;
  }

  /** Returns the input of an execution: it is what the execution was given, whatever it is. */
  executionInput(value: unknown, path: string): EventPlace {
    if (value === undefined || value === null) {
      const command = 'aws stepfunctions describe-execution --execution-arn ARN | usher explain -';
      return { path, problem: `an execution without its input. Get it: ${command}` };
    }
    const parsed = typeof value === 'string' ? documentsIn(value) : [{ value }];
    const input = Array.isArray(parsed) && parsed.length === 1 ? parsed[0]?.value : undefined;
    if (isObject(input)) return this.take(path, input);
    return { path, problem: 'the input of an execution that is no whole JSON object' };
  }

  #inList(list: readonly unknown[], place: Place): EventPlace[] {
    return list.flatMap((one, index) => {
      const before = this.leftOut + this.#repetitions;
      const found = this.find(one, entryOf(place, index));
      const isNew = found.length === 0 && this.leftOut + this.#repetitions === before;
      if (place.isEntries && isNew) this.leftOut += 1;
      return found;
    });
  }

  #inObject(fields: Readonly<Record<string, unknown>>, place: Place): EventPlace[] {
    const event = eventOf(fields);
    if (event) return [this.take(place.path, event)];
    const input = executionInputIn(fields);
    if (input === 'none') {
      this.#repetitions += 1;
      return [];
    }
    if (input) return [this.executionInput(input.value, fieldOf(place, input.path).path)];
    const found = this.#inFields(fields, place);
    if (found.length > 0) return found;
    const problem = refusalOf(fields);
    if (problem !== undefined) return [{ path: place.path, problem }];
    return isRecord(fields) || (place.isBody && isManualStart(fields)) ? [this.take(place.path, fields)] : [];
  }

  /** Returns each event of the fields once: one may stand in a text and, parsed, next to it. */
  #inFields(fields: Readonly<Record<string, unknown>>, place: Place): EventPlace[] {
    const perField = Object.entries(fields)
      .map(([name, value]) => this.find(value, fieldOf(place, name)))
      .filter(({ length }) => length > 0);
    if (perField.length <= 1) return perField[0] ?? [];
    const known = new Set<string>();
    return perField.flatMap((found) => {
      const identities = found.map(({ event }) => event && identityOf(event));
      const fresh = found.filter((_, index) => !known.has(identities[index] ?? ''));
      for (const identity of identities) if (identity !== undefined) known.add(identity);
      return fresh;
    });
  }

  #inText(text: string, place: Place): EventPlace[] {
    const bytes = bytesOfBase64(text);
    if (bytes) {
      const inner = { ...place, level: place.level + 1 };
      if (inner.level > this.#limits.levels) return [{ path: place.path, problem: this.tooDeep }];
      return this.#inText(Buffer.from(this.unpacked(bytes, place.path)).toString('utf8'), inner);
    }
    const json = jsonIn(text);
    const documents = json === undefined ? [] : documentsIn(json);
    const isBroken = !Array.isArray(documents) || documents.some(({ isJson }) => !isJson);
    if (isBroken) {
      const problem = 'an event as a text that is not JSON: broken off, or with other text in it';
      return EVENT_KEYS.test(text) ? [{ path: place.path, problem }] : [];
    }
    return documents.flatMap(({ path, value }) =>
      this.find(value, { ...place, path: behindArrow(place.path, path), level: place.level + 1, inText: true }),
    );
  }
}

/** Returns what base64 holds, if it may be gzip or JSON; undefined for any other text. */
function bytesOfBase64(text: string): Uint8Array | undefined {
  if (!BASE64_START.test(text)) return undefined;
  const joined = text.replace(/\s+/g, '');
  return BASE64.test(joined) ? Buffer.from(joined, 'base64') : undefined;
}

/** Returns the part of a text that may be JSON: all of it, or, behind what a log writes in front of it, an event. */
function jsonIn(text: string): string | undefined {
  if (/^\s*["[{]/.test(text)) return text;
  return EVENT_KEYS.test(text) ? text.slice(text.indexOf('{'), text.lastIndexOf('}') + 1) : undefined;
}

function fieldOf({ path, level, inText }: Place, name: string): Place {
  const plain = name.length <= LONGEST_NAME && PLAIN_NAME.test(name) ? name : '?';
  const inner = inText ? behindArrow(path, plain) : [path, plain].filter(Boolean).join('.');
  return { path: inner, level: level + 1, isEntries: ENTRIES.has(name), isBody: BODIES.has(name) };
}

function entryOf({ path, level, inText }: Place, index: number): Place {
  return { path: inText ? behindArrow(path, `[${index}]`) : `${path}[${index}]`, level: level + 1 };
}

function behindArrow(path: string, inner: string): string {
  return [path, inner].filter(Boolean).join(' → ');
}

/** What two copies of one event have in common: the id that CloudTrail gave to the record, or everything. */
function identityOf(event: object): string {
  const id = own(event, 'detail', 'eventID') ?? own(event, 'eventID');
  return isEventId(id) ? id : JSON.stringify(event);
}
