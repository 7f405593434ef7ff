import { Link, to } from '../data/route.tsx';
import { Copy } from './text.tsx';

/** A user: the id, which leads to their page. */
export function User({ userId }: { userId: string }) {
  return (
    <Link href={to.person(userId)}>
      <code>{userId}</code>
    </Link>
  );
}

/** An id: whole, so that it can be read out, and copied with one click. */
export function Id({ value }: { value: string }) {
  return <Copy class="id" text={value} label={`Copy ${value}`} />;
}
