import { readdirSync } from 'node:fs';
import { describe, expect, it } from 'vitest';
import { NOTICE_KINDS } from '../../domain/notices/schema.ts';
import { faultsIn } from '../../notices/liquid-errors.ts';
import { rendererOf } from '../../notices/render.ts';
import { type HtmlElement, readHtml } from '../support/html.ts';
import { noticeFacts, SHIPPED_TEMPLATES, TEMPLATES } from '../support/notice-facts.ts';

const render = rendererOf(TEMPLATES, { language: 'en' });

/** Everything that a directory or a configuration may hold and no one wants in a message. */
const HOSTILE = {
  markup: '<script>alert(1)</script><img src="https://evil.example/x.png" onerror=alert(1)>',
  quotes: '" onmouseover="alert(1)\' style=\'x',
  Liquid: '{{ contact }}{% render "footer.txt.liquid" %}{{ 7 | times: 7 }}',
  'line breaks': 'Ana\r\nBcc: everyone@example.com\n<p>\u2028\u2029\u0085x',
  'marks of direction': '\u202egnp.exe\u202c\u2066\u200fAna\u061c',
  'control characters': 'A\u0000n\u0007a\u001b[31m\u009b',
  'half a character': 'A\ud800na\udfff',
  length: 'Ana '.repeat(5000),
  'an entity': '&lt;b&gt; &amp; &#60;',
};

function textOf(elements: readonly HtmlElement[], name: string): string[] {
  return elements.filter((element) => element.name === name).map(({ text }) => text);
}

describe.each(NOTICE_KINDS)('the notice %s', (kind) => {
  const { subject, text, html } = render(noticeFacts({ kind }), []);
  const elements = readHtml(html);
  const [body = ''] = textOf(elements, 'body');

  it('is what its readers see', async () => {
    await expect(`Subject: ${subject}\n\n${text}`).toMatchFileSnapshot(`messages/${kind}.txt`);
    await expect(html).toMatchFileSnapshot(`messages/${kind}.html`);
  });

  it('states the same in both parts', () => {
    const facts = noticeFacts({ kind });
    const dates = kind === 'leaving' ? ['5 December 2026'] : [];
    const signIn = kind === 'assigned' ? [facts.startUrl, facts.region] : [];
    const own = ['Install it from the software centre.', 'The course is on Fridays.'];
    for (const fact of ['Hello Ana Silva,', facts.product, facts.contact, ...own, ...dates, ...signIn]) {
      expect(text).toContain(fact);
      expect(body).toContain(fact);
    }
    // Word by word, but for what only one of them has: marks of lists, rules and headings.
    const words = (part: string) => part.toLowerCase().match(/[\p{L}\d@./:-]{2,}/gu) ?? [];
    const inHtml = words(body.replace(subject, ''));
    const inText = words(text).filter((word) => word !== '--' && !/^\d\.$/.test(word));
    if (kind !== 'assigned') expect(inHtml).toEqual(inText);
  });

  it('names the user in the greeting alone', () => {
    const withName = render(noticeFacts({ kind, name: 'Zoë O’Neil-Łukasz' }), []);
    expect(withName.subject).not.toContain('Zoë');
    expect(withName.text.match(/Zoë/g)).toEqual(['Zoë']);
    expect(withName.html.match(/Zoë/g)).toEqual(['Zoë']);
  });

  it('leaves out what is absent', () => {
    const { name, helpUrl, revokeOn, text: ownText, ...least } = noticeFacts({ kind });
    const message = render(least, []);
    for (const part of [message.subject, message.text, readHtml(message.html)[0]?.text]) {
      expect(part).not.toMatch(/null|undefined|\bon\b *[.(]|before to|NaN|wiki/);
    }
    expect(message.text).toMatch(/^Hello,\n/);
    expect(message.text).not.toMatch(/\n\n\n/);
  });

  it('is a page in a language, with one title, and headings in order', () => {
    expect(html).toMatch(/^<!doctype html>\n<html lang="en">\n/);
    expect(textOf(elements, 'title')).toEqual([subject]);
    expect(textOf(elements, 'h1')).toHaveLength(1);
    const headings = elements.flatMap(({ name }) => (/^h\d$/.test(name) ? [name] : []));
    expect(headings.slice(1).every((name) => name === 'h2')).toBe(true);
    const tables = elements.filter(({ name }) => name === 'table');
    expect(tables.filter(({ attributes }) => attributes['role'] !== 'presentation')).toHaveLength(
      kind === 'assigned' ? 1 : 0,
    );
  });

  it('has text that stands out from what is behind it, in light and in dark mode', () => {
    const [, style = ''] = /<style>([\s\S]*)<\/style>/.exec(html) ?? [];
    for (const css of [html.replace(style, ''), style]) {
      const behind = colorsIn(css, /background-color: (#\w{6})/g);
      const text = colorsIn(css, /(?<![-\w])color: (#\w{6})/g);
      expect(Math.min(behind.length, text.length)).toBeGreaterThan(1);
      for (const one of text) for (const other of behind) expect(contrastOf(one, other)).toBeGreaterThan(4.5);
    }
  });

  it('loads nothing, runs nothing, and follows the colours of the mail program', () => {
    expect(html).not.toMatch(/\bsrc=|url\(|@import|<script|<img|<link|<form|<iframe|\son\w+=|http-equiv/i);
    const links = elements.flatMap(({ attributes }) => attributes['href'] ?? []);
    expect(links).toEqual(kind === 'assigned' ? ['https://wiki.example.com/kiro'] : []);
    expect(html).toContain('<meta name="color-scheme" content="light dark">');
    expect(html).toContain('prefers-color-scheme: dark');
  });

  it.each(Object.entries(HOSTILE))('shows %s in a value as text of one line', (_what, value) => {
    const ordinary = noticeFacts({ kind });
    const facts = { ...ordinary, ...valuesOf(value), helpUrl: `https://wiki.example.com/${value}` };
    const message = render(facts, []);
    const shape = (page: string) => readHtml(page).map(({ name, attributes }) => [name, Object.keys(attributes)]);
    expect(shape(message.html)).toEqual(shape(render({ ...ordinary, text: 'One paragraph.' }, []).html));
    expect(message.text.split('\n')).toHaveLength(render({ ...ordinary, text: 'One.' }, []).text.split('\n').length);
    for (const part of [message.subject, message.text, message.html]) {
      expect(part).not.toMatch(/[^\P{C}\n\u200c\u200d]|[\u2028\u2029]/u);
      expect(part.isWellFormed()).toBe(true);
      if (value.includes('{{')) expect(part).not.toContain('49');
    }
  });
});

describe('what is written of an end', () => {
  it.each(NOTICE_KINDS)('is of the seat, and never of the access, in the notice %s', (kind) => {
    const { revokeOn: _, ...undated } = noticeFacts({ kind });
    for (const facts of [noticeFacts({ kind }), undated]) {
      const { subject, text, html } = render(facts, []);
      for (const part of [subject, text, html.replaceAll(/<style>[^<]*|<[^>]+>/g, '\n')]) {
        expect(promisesIn(part)).toEqual([]);
      }
    }
  });

  it.each([
    'Your access to Kiro ends on 5 December 2026',
    'Your access to Kiro has ended',
    'You can no longer sign in to Kiro with your work account.',
    'You can use Kiro until 5 December 2026.',
    'Your seat in Kiro has ended, and so has your access.',
    'From 5 December 2026 on, Kiro does not let you in.',
    'Kiro stops working today.',
  ])('would be found: %s', (promise) => expect(promisesIn(`Hello.\n${promise}\nBye.`)).toHaveLength(1));

  it('is looked for in each language that is shipped', () => {
    const folders = readdirSync(SHIPPED_TEMPLATES, { withFileTypes: true }).filter((one) => one.isDirectory());
    expect(folders.map(({ name }) => name).sort()).toEqual(['en', 'own']);
  });
});

/**
 * Returns the English sentences that say when access ends: AWS's pages contradict each other on it, and the assignment and the
 * subscription of a user may end at different times. Only the seat is Usher's own.
 */
function promisesIn(part: string): string[] {
  const harmless = [
    /you are no longer in a group that gives access( to \S+)?/gi,
    /to be added to a group that gives access/gi,
    /if you no longer need \S+/gi,
    /it no longer applies/gi,
    /can stop working for you at any time/gi,
    /ask before \d+ \w+ \d+/gi,
  ];
  const end = /\b(end(s|ed|ing)?|until|till|expire[sd]?|stop(s|ped)?|no longer|cannot|lose|lost)\b|\d \p{L}+ \d{4}/iu;
  return part.split(/(?<=[.!?])\s+|\n+/).filter((sentence) => {
    const rest = harmless.reduce((text, one) => text.replaceAll(one, ''), sentence);
    return end.test(rest) && (!/\bseat\b/.test(rest) || /\baccess\b|\bsign|\buse\b|\bwork/i.test(rest));
  });
}

function colorsIn(css: string, pattern: RegExp): string[] {
  return [...new Set([...css.matchAll(pattern)].map(([, color = '']) => color))];
}

/** @see https://www.w3.org/TR/WCAG22/#dfn-contrast-ratio */
function contrastOf(one: string, other: string): number {
  const [light = 0, dark = 0] = [one, other].map(luminanceOf).sort((a, b) => b - a);
  return (light + 0.05) / (dark + 0.05);
}

function luminanceOf(color: string): number {
  const [red = 0, green = 0, blue = 0] = [1, 3, 5].map((at) => {
    const share = Number.parseInt(color.slice(at, at + 2), 16) / 255;
    return share <= 0.04045 ? share / 12.92 : ((share + 0.055) / 1.055) ** 2.4;
  });
  return 0.2126 * red + 0.7152 * green + 0.0722 * blue;
}

function valuesOf(value: string) {
  return { product: value, name: value, startUrl: value, region: value, revokeOn: value, text: value, contact: value };
}

describe('a greeting', () => {
  const greetingOf = (name: string) => render(noticeFacts({ name }), []).text.split('\n')[0];

  it.each(['Ana', 'Dr. Ana M. Silva', 'Nguyễn Văn A', '山田 太郎', 'علی‌رضا', 'ana_silva-2', 'Silva, Ana (Ext.)'])(
    'names %s',
    (name) => expect(greetingOf(name)).toBe(`Hello ${name},`),
  );

  it.each([
    'https://evil.example/login',
    'evil.example',
    'ana@example.com',
    '<b>Ana</b>',
    'Ana & Co',
    '{{ contact }}',
    'Call 555: you won',
    'A'.repeat(65),
    ' ',
    '\u202e',
  ])('names no one in place of %j', (name) => expect(greetingOf(name)).toBe('Hello,'));
});

describe('the language of a notice', () => {
  const { en = {} } = TEMPLATES;
  const german = {
    'kept.txt.liquid': 'Subject: Bleibt\n\nHallo\n',
    'kept.html.liquid': '<p lang="{{ language }}">Hallo</p>',
  };
  const templates = { en, de: german, 'pt-BR': { ...german, 'kept.txt.liquid': 'Subject: Fica\n\nOi\n' } };
  const subjectIn = (wanted: readonly string[], language = 'en') =>
    rendererOf(templates, { language })(noticeFacts({ kind: 'kept' }), wanted).subject;

  it.each<[string, string[], string]>([
    ['is the one that the user prefers', ['de'], 'Bleibt'],
    ['is the one without the region that has no templates', ['de-CH'], 'Bleibt'],
    ['is found however its tag is written', ['PT_br'], 'Fica'],
    ['is the next one that has templates', ['xx', 'pt', 'de-Latn-DE'], 'Bleibt'],
    ['is no other region', ['pt-PT'], 'You keep your access to Kiro'],
    [
      'is that of the configuration for a tag that is none',
      ['; DROP', '', '../de', '__proto__'],
      'You keep your access to Kiro',
    ],
    [
      'is English if the user asks for it, whatever the configuration says',
      ['en-GB', 'de'],
      'You keep your access to Kiro',
    ],
  ])('%s', (_fact, wanted, subject) => expect(subjectIn(wanted)).toBe(subject));

  it('is that of the configuration if the user prefers none', () => expect(subjectIn([], 'de')).toBe('Bleibt'));

  it('is English for a kind that the language has not both parts of', () => {
    const half = { ...templates, de: { 'kept.txt.liquid': german['kept.txt.liquid'] } };
    const { subject, html } = rendererOf(half, { language: 'de' })(noticeFacts({ kind: 'kept' }), ['de']);
    expect(subject).toBe('You keep your access to Kiro');
    expect(html).toContain('lang="en"');
  });

  it('is that of both parts, and of the names of months', () => {
    const part = "{{ revokeOn | date: '%-d. %B %Y' }}";
    const dated = { 'kept.txt.liquid': `Subject: ${part}\n\n{{ language }}\n`, 'kept.html.liquid': `<p>${part}</p>` };
    const message = rendererOf({ en, de: dated }, { language: 'en' })(noticeFacts({ kind: 'kept' }), ['de']);
    expect(message).toEqual({ subject: '5. Dezember 2026', text: 'de\n', html: '<p>5. Dezember 2026</p>\n' });
  });
});

describe('an engine', () => {
  const renderWith = (html: string) => {
    const templates = { en: { 'kept.txt.liquid': 'Subject: x\n', 'kept.html.liquid': html } };
    try {
      return rendererOf(templates, { language: 'en' })(noticeFacts({ kind: 'kept', product: '<b>' }), []).html;
    } catch (error) {
      throw new Error(
        faultsIn(error)
          .map(({ problem }) => problem)
          .join('\n'),
      );
    }
  };

  it('escapes a value however a template prints it', () => {
    expect(renderWith('{{ product }}{{ product | append: "<i>" }}{% assign x = product %}{{ x }}')).toBe(
      '&lt;b&gt;&lt;b&gt;&lt;i&gt;&lt;b&gt;\n',
    );
  });

  it.each([
    '{{ product | raw }}',
    '{% echo product %}',
    '{% include "kept.txt.liquid" %}',
    '{{ prduct }}',
    '{% liquid assign x = 1 %}',
  ])('refuses %s', (html) => expect(() => renderWith(html)).toThrow());

  it.each(['/etc/passwd', '../package.json', './package.json', 'package.json', 'constructor', '__proto__', 'toString'])(
    'sees no file or object named %s',
    (name) => expect(() => renderWith(`{% render '${name}' %}`)).toThrow('Failed to lookup'),
  );

  it('ends a template that would take for ever', () => {
    expect(() => renderWith('{% for i in (1..100000000) %}x{% endfor %}')).toThrow('limit exceeded');
    expect(() => renderWith("{% render 'kept.html.liquid' %}")).toThrow();
  });
});
