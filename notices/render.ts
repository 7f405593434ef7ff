import type { Liquid } from 'liquidjs';
import type { Message, NoticeFacts, Renderer, Templates } from '../domain/notices/message.ts';
import { engineOf, type Format } from './engine.ts';
import { languageFor, partsOf } from './templates.ts';
import { valuesOf } from './values.ts';

/** What the first line of a text part begins with. */
const SUBJECT = 'Subject:';

/**
 * Makes what renders notices.
 *
 * @param language of users without a preferred language, or with one that has no templates
 */
export function rendererOf(templates: Templates, { language }: { language: string }): Renderer {
  const engines = new Map<string, Liquid>();
  const engineFor = (chosen: string, format: Format) => {
    const key = `${chosen} ${format}`;
    const engine = engines.get(key) ?? engineOf(templates[chosen] ?? {}, chosen, format);
    engines.set(key, engine);
    return engine;
  };
  return (facts, languages) => {
    const chosen = languageFor(facts.kind, [...languages, language], templates);
    return renderNotice(facts, chosen, (format) => engineFor(chosen, format));
  };
}

/** Renders both parts with the engines of one language. @throws of liquidjs, or if the text part has no subject */
export function renderNotice(facts: NoticeFacts, language: string, engineFor: (format: Format) => Liquid): Message {
  const parts = partsOf(facts.kind);
  const values = { ...valuesOf(facts), language };
  const rendered: string = engineFor('text').renderFileSync(parts.text, {}, { globals: values });
  const { subject, text } = splitSubject(rendered);
  const html: string = engineFor('html').renderFileSync(parts.html, {}, { globals: { ...values, subject } });
  return { subject, text, html: html.trim().concat('\n') };
}

/** Takes the subject off a text part: its first line, before an empty one. */
function splitSubject(rendered: string): { subject: string; text: string } {
  const [first = '', second = '', ...rest] = rendered.split('\n');
  const subject = first.slice(SUBJECT.length).trim();
  if (!first.startsWith(SUBJECT) || subject === '') throw new Error(`expected "${SUBJECT} …" in the first line`);
  if (second.trim() !== '') throw new Error('expected an empty line below the subject');
  // Conditions leave empty lines behind.
  const text = rest
    .map((line) => line.trimEnd())
    .join('\n')
    .replace(/\n{3,}/g, '\n\n');
  return { subject, text: text.trim().concat('\n') };
}
