import { JSON_TYPES } from '../cli/command/json-types.ts';
import { LINES } from '../operator/lines/all.ts';
import { type Field, fieldsOf, jsonSchemaOf, shapeOf } from './json-schema.ts';
import { code, prose, tableOf } from './markdown.ts';

/** Which command prints which types. */
export function commandTypes(): string {
  const rows = Object.entries(JSON_TYPES).map(([command, types]) => [
    code(command),
    types.map((type) => `[${code(type)}](#${type})`).join(', '),
  ]);
  return tableOf(['command', 'types of its results'], rows);
}

/** The fields of each type, with a title for each. */
export function lineTypes(): string {
  const types = Object.entries(LINES).map(([type, schema]) => `### ${type}\n\n${fieldTable(jsonSchemaOf(schema))}`);
  return `\n${types.join('\n')}\n`;
}

function fieldTable(line: Field): string {
  const rows = fieldsOf(line)
    .filter(([name]) => name !== 'type')
    .map(([name, field]) => [
      code(name),
      typeInWords(field),
      line.required?.includes(name) ? 'always' : 'if known',
      prose(field.description ?? ''),
    ]);
  return tableOf(['field', 'is', 'present', 'means'], rows);
}

/** Returns what a value is, in words. */
function typeInWords(field: Field): string {
  const { type, properties, items, additionalProperties } = field;
  const values = field.enum ?? (field.const === undefined ? undefined : [field.const]);
  if (values) return values.map((value) => code(String(value))).join(', ');
  if (type === 'array') return items ? `list of ${typeInWords(items)}` : 'list';
  if (properties) return code(shapeOf(field));
  if (typeof additionalProperties === 'object') return `object; each value is ${typeInWords(additionalProperties)}`;
  return [type ?? 'any value'].flat().join(' or ');
}
