import type { ComponentChildren } from 'preact';

/** Facts beside each other, each with what it is. @param props `large`: for a few of one word */
export function Facts({ large = false, children }: { large?: boolean; children: ComponentChildren }) {
  return <dl class={large ? 'vitals large' : 'vitals'}>{children}</dl>;
}

export function Fact({ title, children }: { title: string; children: ComponentChildren }) {
  return (
    <div>
      <dt>{title}</dt>
      <dd>{children}</dd>
    </div>
  );
}
