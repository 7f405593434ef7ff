import { isObject } from '../../domain/shared/json.ts';

/** What a target of EventBridge gets in place of the event. */
export interface InputTransformer {
  InputPathsMap: Readonly<Record<string, string>>;
  InputTemplate: string;
}

/** How EventBridge puts a text between the quotes of a template. */
export type Writer = (text: string) => string;

/** As AWS documents it: what replaces a variable keeps the template valid JSON. */
export const escaped: Writer = (text) => JSON.stringify(text).slice(1, -1);
/** What an implementation without that would do. */
export const unescaped: Writer = (text) => text;

/**
 * Transforms an event as EventBridge does. A variable whose path leads nowhere is left out.
 *
 * @returns the text that the target gets
 * @see https://docs.aws.amazon.com/eventbridge/latest/userguide/eb-transform-target-input.html
 */
export function transform({ InputPathsMap, InputTemplate }: InputTransformer, event: unknown, write: Writer): string {
  return InputTemplate.replaceAll(/<([\w.-]+)>/g, (_variable, name: string) => {
    const path = InputPathsMap[name];
    if (path === undefined) throw new Error(`The template has no path for <${name}>`);
    const value = valueAt(path, event);
    return value === undefined ? '' : write(String(value));
  });
}

/** Dots, and brackets with an index, are all that EventBridge knows. */
function valueAt(path: string, event: unknown): unknown {
  const steps = path.replace(/^\$\.?/, '').match(/[\w-]+/g) ?? [];
  return steps.reduce<unknown>((value, step) => {
    if (Array.isArray(value)) return value[Number(step)];
    return isObject(value) ? value[step] : undefined;
  }, event);
}
