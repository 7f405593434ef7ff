import { describe, expect, it } from 'vitest';
import { readTemplates } from '../../input/notice-templates.ts';
import { rendererOf } from '../../notices/render.ts';
import type { Configuration } from '../../notices/samples.ts';
import { filesOf } from '../support/folder.ts';
import { noticeFacts, SHIPPED_TEMPLATES, TEMPLATES } from '../support/notice-facts.ts';
import { noticed } from '../support/noticed.ts';

type Files = Readonly<Record<string, string | Uint8Array>>;

function read(files: Files, configuration?: Configuration) {
  return readTemplates({ shipped: SHIPPED_TEMPLATES, own: filesOf(files) }, configuration);
}

/** @returns the lines of the error */
function errorsOf(files: Files, configuration?: Configuration): string[] {
  try {
    read(files, configuration);
  } catch (error) {
    if (error instanceof Error && error.name === 'InputError') return error.message.split('\n');
    throw error;
  }
  return [];
}

const GERMAN = {
  'de/kept.txt.liquid': 'Subject: {{ product }} bleibt\n\nHallo {{ name }}\n',
  'de/kept.html.liquid': "{% layout 'layout.html.liquid' %}{% block content %}<h1>{{ subject }}</h1>{% endblock %}",
  'de/footer.html.liquid': '<p>Automatisch gesendet.</p>',
};

describe("templates of one's own", () => {
  it('need not be there', () => {
    expect(read({})).toEqual(TEMPLATES);
    expect(readTemplates({ shipped: SHIPPED_TEMPLATES, own: '/no/such/folder' })).toEqual(TEMPLATES);
  });

  it('take the place of the shipped ones file by file', () => {
    const templates = read({
      'README.md': '# Ours',
      '.DS_Store': 'x',
      'en/footer.txt.liquid': 'Ours: {{ product }}\n',
    });
    const message = rendererOf(templates, { language: 'en' })(noticeFacts(), []);
    expect(message.text).toMatch(/Ours: Kiro\n$/);
    expect(message.html).toContain('It was sent automatically');
  });

  it('have a layout for all languages', () => {
    const templates = read({ ...GERMAN, 'layout.html.liquid': '<main>{% block content %}{% endblock %}</main>' });
    const render = rendererOf(templates, { language: 'en' });
    for (const [language, title] of [
      ['de', 'Kiro bleibt'],
      ['en', 'You keep your access to Kiro'],
    ]) {
      const { html } = render(noticeFacts({ kind: 'kept' }), [language ?? '']);
      expect(html).toMatch(/^<main>\n?\s*<h1/);
      expect(html).toContain(`>${title}</h1>`);
    }
  });

  it('add languages, with words of their own in the shipped layout', () => {
    const { subject, html } = rendererOf(read(GERMAN), { language: 'en' })(noticeFacts({ kind: 'kept' }), ['de-AT']);
    expect(subject).toBe('Kiro bleibt');
    expect(html).toContain('<html lang="de">');
    expect(html).toContain('Automatisch gesendet.');
    expect(html).not.toContain('It was sent automatically');
  });

  it('are the same with the line breaks of Windows', () => {
    const windows = Object.fromEntries(
      Object.entries(GERMAN).map(([file, source]) => [file, `\ufeff${source.replaceAll('\n', '\r\n')}`]),
    );
    expect(read(windows)).toEqual(read(GERMAN));
  });

  it('use what the variables hold, and no more of Liquid than is escaped', () => {
    const all = [
      '{% if name %}{{ name | upcase }}{% elsif helpUrl %}{{ helpUrl }}{% else %}{{ product }}{% endif %}',
      "{% case kind %}{% when 'kept' %}{{ region }}{% endcase %}{% unless text %}{{ contact }}{% endunless %}",
      "{% for line in text %}{{ forloop.index }}{{ line }}{% endfor %}{% assign day = revokeOn | date: '%d' %}{{ day }}",
      '{% comment %}{{ nothing }}{% endcomment %}{% # a note %}{{ startUrl }}{{ language }}',
    ].join('\n');
    expect(errorsOf({ 'en/ask.txt.liquid': all, 'en/ask.html.liquid': `${all}{{ subject }}` })).toEqual([]);
  });
});

const inLanguage = (language: string) => noticed({ language });

describe('the language of the configuration', () => {
  it('has templates of every kind that users are told', () => {
    expect(errorsOf({}, inLanguage('en'))).toEqual([]);
    expect(errorsOf({}, inLanguage('en-GB'))).toEqual([]);
    expect(errorsOf({}, inLanguage('de'))).toEqual([
      'notices.language: de has no templates of assigned, waitlisted, leaving, revoked, kept: expected them in notices/own/de',
    ]);
    expect(errorsOf(GERMAN, inLanguage('de-CH'))).toEqual([
      'notices.language: de-CH has no templates of assigned, waitlisted, leaving, revoked: expected them in notices/own/de-CH',
    ]);
  });
});

describe('broken templates', () => {
  it.each<[string, Files, (string | RegExp)[]]>([
    [
      'at a place where no template is',
      {
        'logo.png': 'x',
        'en/asigned.txt.liquid': 'x',
        'en/partials/ask.txt.liquid': 'x',
        'de_DE/ask.txt.liquid': 'x',
      },
      [
        'notices/own/de_DE/ask.txt.liquid: expected a folder named like a language, such as en or pt-BR',
        /^notices\/own\/en\/asigned\.txt\.liquid: no such template: expected one of ask\.html\.liquid, .*waitlisted\.txt\.liquid$/,
        'notices/own/en/partials/ask.txt.liquid: expected layout.html.liquid, or a file in the folder of a language',
        'notices/own/logo.png: expected layout.html.liquid, or a file in the folder of a language',
      ],
    ],
    [
      'that are no text',
      { 'en/ask.txt.liquid': new Uint8Array([0x41, 0xc3]) },
      ['notices/own/en/ask.txt.liquid: not UTF-8 text'],
    ],
    [
      'with what is not closed',
      { 'en/ask.txt.liquid': 'a\n{{ contact', 'en/ask.html.liquid': 'a\n\n{% if name %}' },
      [
        'notices/own/en/ask.html.liquid:3: tag {% if name %} not closed',
        'notices/own/en/ask.txt.liquid:2: output "{{ contact" not closed',
      ],
    ],
    [
      'with unknown variables, filters and tags, several in a file',
      {
        'en/ask.txt.liquid': '{{ a | raw }}\n{{ b | nope }}\n{% echo contact %}',
        'en/ask.html.liquid':
          'x\n{% if contact %}{% if contakt == 1 %}\n{{ subjct }}{% endif %}{% endif %}{{ kind.size }}',
      },
      [
        /^notices\/own\/en\/ask\.html\.liquid:2: no such variable: contakt; expected one of kind, .*, language, subject$/,
        /^notices\/own\/en\/ask\.html\.liquid:3: no such variable: subjct;/,
        /^notices\/own\/en\/ask\.html\.liquid:3: no such variable: kind\.size;/,
        /^notices\/own\/en\/ask\.txt\.liquid:1: no such filter: raw; expected one of append, /,
        /^notices\/own\/en\/ask\.txt\.liquid:2: no such filter: nope;/,
        /^notices\/own\/en\/ask\.txt\.liquid:3: no such tag: echo; expected one of if, /,
      ],
    ],
    [
      'with the subject in a text part',
      { 'en/ask.txt.liquid': '{{ subject }}' },
      [/^notices\/own\/en\/ask\.txt\.liquid:1: no such variable: subject; expected one of .*language$/],
    ],
    [
      'that use others which their language does not have, also where no sample comes',
      {
        ...GERMAN,
        'de/kept.txt.liquid': "Subject: x\n\n{% if product == 'Other' %}\n{% render 'ask.txt.liquid' %}{% endif %}",
        'de/footer.html.liquid': '{% render kind %}',
      },
      [
        'notices/own/de/footer.html.liquid:1: expected the name of a template in quotes',
        'notices/own/de/kept.txt.liquid:4: no such template in de: ask.txt.liquid',
      ],
    ],
    [
      'in the shipped layout without words of their own for it',
      { 'de/kept.txt.liquid': GERMAN['de/kept.txt.liquid'], 'de/kept.html.liquid': GERMAN['de/kept.html.liquid'] },
      [/^notices\/layout\.html\.liquid:\d+: no such template in de: footer\.html\.liquid$/],
    ],
    [
      'without a subject',
      { 'en/kept.txt.liquid': 'Hello\n' },
      ['notices/own/en/kept.txt.liquid:1: expected "Subject: …" in the first line'],
    ],
    [
      'with a subject that is empty without a name',
      { 'en/kept.txt.liquid': 'Subject: {{ name }}\n\nHello\n' },
      ['notices/own/en/kept.txt.liquid:1: expected "Subject: …" in the first line'],
    ],
    [
      'with a subject of two lines',
      { 'en/kept.txt.liquid': 'Subject: {{ product }}\nis yours\n\nHello\n' },
      ['notices/own/en/kept.txt.liquid:1: expected an empty line below the subject'],
    ],
    [
      'of which one part is missing',
      { 'de/kept.txt.liquid': GERMAN['de/kept.txt.liquid'], 'fr/kept.html.liquid': '<p>Bonjour</p>' },
      [
        'notices/own/de/kept.txt.liquid: expected its other part, too: kept.html.liquid',
        'notices/own/fr/kept.html.liquid: expected its other part, too: kept.txt.liquid',
      ],
    ],
    [
      'that never end',
      {
        'en/ask.html.liquid': '{% for i in (1..9999999) %}x{% endfor %}',
      },
      ['notices/own/en/ask.html.liquid:1: memory alloc limit exceeded'],
    ],
    [
      'that use themselves',
      {
        'en/ask.txt.liquid': "{% render 'ask.txt.liquid' %}",
        'en/footer.html.liquid': "a\n{% render 'greeting.html.liquid' %}",
        'en/greeting.html.liquid': "{% if name %}{% render 'footer.html.liquid' %}{% endif %}",
      },
      [
        'notices/own/en/ask.txt.liquid:1: uses itself through ask.txt.liquid',
        'notices/own/en/footer.html.liquid:2: uses itself through greeting.html.liquid',
        'notices/own/en/greeting.html.liquid:1: uses itself through footer.html.liquid',
      ],
    ],
    [
      'that are longer than mail programs show',
      { 'en/ask.html.liquid': `<p>${'long '.repeat(21_000)}</p>` },
      ['assigned', 'waitlisted', 'leaving', 'revoked', 'kept'].map(
        (kind) => `notices/en/${kind}.html.liquid: more than 100000 characters: mail programs would cut it`,
      ),
    ],
  ])('%s are refused', (_what, files, expected) => {
    const errors = errorsOf(files);
    expect(errors).toHaveLength(expected.length);
    for (const [index, error] of errors.entries()) expect(error).toEqual(matching(expected[index] ?? ''));
  });

  it('quote no template', () => {
    const secret = 'hush-4711';
    const errors = errorsOf({ 'en/kept.txt.liquid': `${secret}\n`, 'en/ask.txt.liquid': `${secret} {{ nope }}` });
    expect(errors.join('\n')).not.toContain(secret);
  });
});

function matching(expected: string | RegExp): unknown {
  return typeof expected === 'string' ? expected : expect.stringMatching(expected);
}
