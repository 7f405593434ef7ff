import { signal } from '@preact/signals';
import type { ComponentChildren } from 'preact';

/** Where the page is: its path, and the filters of its query. */
export const place = signal(here());

function here() {
  return { path: decodeURI(location.pathname), query: new URLSearchParams(location.search) };
}

addEventListener('popstate', () => {
  place.value = here();
});

/** Goes to a page of the console. */
export function go(to: string): void {
  history.pushState(undefined, '', to);
  place.value = here();
  scrollTo(0, 0);
}

/** Changes filters of this page, in place: each key press is no entry of the history. An empty value removes one. */
export function filter(values: Readonly<Record<string, string | undefined>>): void {
  const query = new URLSearchParams(location.search);
  for (const [name, value] of Object.entries(values)) {
    if (value === undefined || value === '') query.delete(name);
    else query.set(name, value);
  }
  const text = query.toString();
  history.replaceState(undefined, '', location.pathname + (text === '' ? '' : `?${text}`));
  place.value = here();
}

/** Returns the path of a page about something. */
export const to = {
  entitlement: (name: string) => `/entitlements/${encodeURIComponent(name)}`,
  person: (userId: string) => `/people/${encodeURIComponent(userId)}`,
  /** @param arn or name of the execution */
  execution: (arn: string) => `/executions/${encodeURIComponent(arn.split(':').at(-1) ?? arn)}`,
};

/** A link within the console. A new tab gets the token of this one only if this one opens it. */
export function Link({ href, class: name, children, ...rest }: LinkProps) {
  return (
    <a
      href={href}
      class={name}
      {...rest}
      onClick={(event) => {
        if (event.shiftKey || event.altKey) return;
        event.preventDefault();
        if (event.ctrlKey || event.metaKey) open(href);
        else go(href);
      }}
      onAuxClick={(event) => {
        if (event.button !== 1) return;
        event.preventDefault();
        open(href);
      }}
    >
      {children}
    </a>
  );
}

interface LinkProps {
  href: string;
  class?: string;
  title?: string;
  'aria-current'?: 'page' | undefined;
  children: ComponentChildren;
}
