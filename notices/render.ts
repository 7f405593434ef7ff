import type { Message, Renderer, Templates } from '../domain/notices/message.ts';

export type { Templates } from '../domain/notices/message.ts';

/** Returns what renders notices with these templates. */
export function rendererOf(_templates: Templates, _options: { language: string }): Renderer {
  return ({ kind, product }): Message => {
    const text = `${product}: ${kind}`;
    return { subject: text, text, html: '' };
  };
}
