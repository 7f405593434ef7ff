import { useSignal } from '@preact/signals';
import { useEffect } from 'preact/hooks';
import { changedAt, now, useAnswer } from '../data/answers.ts';
import { act, lab, readLab } from '../data/lab.ts';
import { Link, to } from '../data/route.tsx';
import { ExecutionLink, Outcome } from '../parts/execution.tsx';
import { Calls } from '../parts/lab-calls.tsx';
import { Faults } from '../parts/lab-faults.tsx';
import { Outbox } from '../parts/lab-outbox.tsx';
import { Story } from '../parts/lab-story.tsx';
import { Panel, Trouble } from '../parts/panel.tsx';
import { Time } from '../parts/text.tsx';

const SPEEDS = [
  { title: 'Pause', speed: 0 },
  { title: 'Real time', speed: 1 },
  { title: '10 ×', speed: 10 },
  { title: '60 ×', speed: 60 },
];
const STEPS = [
  { title: '1 minute', seconds: 60 },
  { title: '1 hour', seconds: 3600 },
  { title: '1 day', seconds: 86_400 },
];

/** The emulator, to play with: time, what an identity provider does, and what AWS does wrong. */
export function Lab() {
  useEffect(() => {
    readLab().catch((error: unknown) => {
      lab.refusal.value = String(error);
    });
  }, [changedAt.value]);
  return (
    <>
      <h1>Lab</h1>
      <p class="intro">
        Nothing here is real: this is the emulator on your machine. Do what an identity provider does, and see what
        Usher makes of it.
      </p>
      {lab.refusal.value !== undefined && <Trouble title={lab.refusal.value} />}
      <Story />
      <div class="lab">
        <Clock />
        <Running />
        <People />
        <Faults />
      </div>
      <Calls />
      <Outbox />
    </>
  );
}

function Clock() {
  const speed = lab.clock.value?.speed;
  return (
    <section class="panel">
      <header>
        <h2>Time</h2>
      </header>
      <p class="big" id="lab-time">
        {lab.clock.value ? now.value.toISOString().slice(0, 19).replace('T', ' ') : '…'} <small>UTC</small>
      </p>
      <div class="buttons">
        {SPEEDS.map((one) => (
          <button
            type="button"
            key={one.title}
            aria-pressed={speed === one.speed}
            onClick={() => act('speed', { speed: one.speed })}
          >
            {one.title}
          </button>
        ))}
      </div>
      <div class="buttons">
        <span class="soft">Let pass at once:</span>
        {STEPS.map(({ title, seconds }) => (
          <button type="button" key={title} onClick={() => act('step', { seconds })}>
            {title}
          </button>
        ))}
      </div>
    </section>
  );
}

/** What Usher does about it, so that one sees that it does. */
function Running() {
  const answer = useAnswer('executions', { limit: '5' }, { live: true });
  const executions = answer.of('execution');
  return (
    <Panel title="What Usher does" answer={answer}>
      {executions.length === 0 && <p class="soft">No execution yet. Let someone join a group.</p>}
      <ul class="rows">
        {executions.map((line) => (
          <li key={line.execution}>
            <ExecutionLink arn={line.execution} /> <Outcome line={line} /> <Time at={line.startedAt} />
          </li>
        ))}
      </ul>
    </Panel>
  );
}

/** More than these, and one types a part of the name or of the id. */
const MOST_OFFERED = 200;

function People() {
  const { users, groups } = lab.directory.value;
  const sought = useSignal('');
  const userId = useSignal('');
  const groupId = useSignal('');
  const matching = users.filter((one) => `${one.userName} ${one.userId}`.includes(sought.value.trim()));
  const user = matching.find((one) => one.userId === userId.value) ?? matching[0];
  const group = groups.find((one) => one.groupId === groupId.value) ?? groups[0];
  const membership = { user: user?.userId, group: group?.groupId };
  const isMember = user !== undefined && group?.members.includes(user.userId) === true;
  const isDisabled = user?.status === 'DISABLED';
  return (
    <section class="panel">
      <header>
        <h2>People and groups</h2>
      </header>
      {users.length > MOST_OFFERED && (
        <>
          <label for="part">Part of a name or id</label>
          <input
            id="part"
            value={sought.value}
            onInput={({ currentTarget }) => {
              sought.value = currentTarget.value;
            }}
          />
        </>
      )}
      <label for="person">Person</label>
      <select
        id="person"
        value={user?.userId}
        onChange={({ currentTarget }) => {
          userId.value = currentTarget.value;
        }}
      >
        {matching.slice(0, MOST_OFFERED).map((one) => (
          <option key={one.userId} value={one.userId}>
            {one.userName} ({one.userId}){one.status === 'DISABLED' ? ', disabled' : ''}
          </option>
        ))}
      </select>
      <label for="group">Group</label>
      <select
        id="group"
        value={group?.groupId}
        onChange={({ currentTarget }) => {
          groupId.value = currentTarget.value;
        }}
      >
        {groups.map((one) => (
          <option key={one.groupId} value={one.groupId}>
            {one.displayName} ({one.members.length})
          </option>
        ))}
      </select>
      <div class="buttons">
        <button
          type="button"
          disabled={!user || !group || isMember}
          onClick={() => act('trigger', { join: membership })}
        >
          Join
        </button>
        <button type="button" disabled={!isMember} onClick={() => act('trigger', { leave: membership })}>
          Leave
        </button>
        <button
          type="button"
          disabled={!group || group.members.length === 0}
          title="All members leave at once, as after a mistake in the identity provider"
          onClick={() =>
            act(
              'trigger',
              (group?.members ?? []).map((one) => ({ leave: { ...membership, user: one } })),
            )
          }
        >
          Empty the group
        </button>
      </div>
      <div class="buttons">
        <button
          type="button"
          disabled={!user || isDisabled}
          onClick={() => act('trigger', { disable: { user: user?.userId } })}
        >
          Disable
        </button>
        <button type="button" disabled={!isDisabled} onClick={() => act('trigger', { enable: { user: user?.userId } })}>
          Enable
        </button>
        <button type="button" disabled={!user} onClick={() => act('trigger', { delete: { user: user?.userId } })}>
          Delete the person
        </button>
        {user && <Link href={to.person(user.userId)}>Why?</Link>}
      </div>
    </section>
  );
}
