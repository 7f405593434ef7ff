import { nameOf } from '../data/names.ts';
import { Link, to } from '../data/route.tsx';
import { Copy } from './text.tsx';

/** A user: the id, which leads to their page, and the name if names are shown. */
export function User({ userId }: { userId: string }) {
  return (
    <span class="user">
      <Link href={to.person(userId)}>
        <code>{userId}</code>
      </Link>
      <Name kind="users" id={userId} />
    </span>
  );
}

/** A group: the id, and the name if names are shown. */
export function Group({ groupId }: { groupId: string }) {
  return (
    <>
      <Id value={groupId} />
      <Name kind="groups" id={groupId} />
    </>
  );
}

/** The name of an id, if names are shown. Also one that is markup is text. */
export function Name({ kind, id }: { kind: 'users' | 'groups'; id: string }) {
  const name = nameOf(kind, id);
  return name === undefined ? null : <span class="name"> {name}</span>;
}

/** An id: whole, so that it can be read out, and copied with one click. */
export function Id({ value }: { value: string }) {
  return <Copy class="id" text={value} label={`Copy ${value}`} />;
}
