import type { NoticeKind } from './schema.ts';

/** What a template gets. Every value but `kind` and `revokeOn` may hold any characters: templates escape them. */
export interface NoticeFacts {
  kind: NoticeKind;
  /** Name of the product. */
  product: string;
  /** How the user is greeted; absent if the directory has no name. Names appear nowhere else. */
  name?: string;
  startUrl: string;
  /** Region of Identity Center. */
  region: string;
  helpUrl?: string;
  /** Of `leaving`: the day after which the seat is revoked, as `YYYY-MM-DD` in UTC. */
  revokeOn?: string;
  /** A paragraph of the company's own. */
  text?: string;
  /** Whom to ask. */
  contact: string;
}

/** A notice, ready to be sent. */
export interface Message {
  /** One line. */
  subject: string;
  text: string;
  html: string;
}

/**
 * Renders a notice in the first of these languages that has templates, or in the language of the configuration.
 *
 * @param languages tags in the order of preference
 */
export type Renderer = (facts: NoticeFacts, languages: readonly string[]) => Message;

/**
 * The templates of each language by the names of their files, with the layout in each. Packaging has checked them.
 *
 * @example { en: { 'assigned.txt.liquid': 'Subject: …', 'assigned.html.liquid': '…', 'layout.html.liquid': '…' } }
 */
export type Templates = Readonly<Record<string, Readonly<Record<string, string>>>>;
