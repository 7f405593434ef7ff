import { signal } from '@preact/signals';
import type { FunctionComponent } from 'preact';
import { useEffect } from 'preact/hooks';

/** Returns a component whose code is loaded when it is shown first. Its style sheets are those of the page. */
export function later<Props extends object>(load: () => Promise<FunctionComponent<Props>>): FunctionComponent<Props> {
  const loaded = signal<FunctionComponent<Props> | undefined>(undefined);
  const problem = signal<string | undefined>(undefined);
  return (props) => {
    useEffect(() => {
      if (loaded.value) return;
      load().then(
        (component) => {
          loaded.value = component;
        },
        () => {
          problem.value = 'This part of the page could not be loaded. Does usher console still run?';
        },
      );
    }, []);
    const Loaded = loaded.value;
    if (Loaded) return <Loaded {...props} />;
    return <p role="status">{problem.value ?? 'Loading …'}</p>;
  };
}
