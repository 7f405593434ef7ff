import { signal } from '@preact/signals';
import { now, refresh } from './answers.ts';
import { post, request } from './session.ts';

/** Time in the emulator. */
export interface LabClock {
  now: string;
  speed: number;
}

/** Who is in the emulator's directory. */
export interface LabDirectory {
  users: readonly { userId: string; userName: string; status?: string }[];
  groups: readonly { groupId: string; displayName: string; members: readonly string[] }[];
}

/** Calls of AWS, by operation. */
export interface LabCalls {
  all: Readonly<Record<string, number>>;
  fromOutside: Readonly<Record<string, number>>;
}

/** An e-mail that the emulated Amazon SES accepted. */
export interface LabMail {
  messageId: string;
  at: string;
  from: string;
  to: readonly string[];
  subject: string;
  text?: string;
  html?: string;
}

/** A fault that may still happen. */
export interface LabFault {
  operation: string;
  kind: string;
  times?: number;
  for?: string;
}

/** A story that plays by itself. */
export interface LabStory {
  title?: string;
  description?: string;
  steps: readonly { at: string; title: string; say?: string }[];
  closing?: string;
  isOver: boolean;
}

/** What the lab shows. */
export const lab = {
  clock: signal<LabClock | undefined>(undefined),
  story: signal<LabStory>({ steps: [], isOver: true }),
  directory: signal<LabDirectory>({ users: [], groups: [] }),
  calls: signal<LabCalls>({ all: {}, fromOutside: {} }),
  outbox: signal<readonly LabMail[]>([]),
  faults: signal<readonly LabFault[]>([]),
  /** Why the emulator refused the last thing. */
  refusal: signal<string | undefined>(undefined),
};

/** Reads everything that the lab shows. */
export async function readLab(): Promise<void> {
  await Promise.all([
    read('clock', (clock: LabClock) => {
      lab.clock.value = clock;
      now.value = new Date(clock.now);
    }),
    read('story', (story: LabStory) => {
      lab.story.value = story;
    }),
    read('directory', (directory: LabDirectory) => {
      lab.directory.value = directory;
    }),
    read('calls', (calls: LabCalls) => {
      lab.calls.value = calls;
    }),
    read('outbox', (outbox: LabMail[]) => {
      lab.outbox.value = outbox.toReversed();
    }),
    read('faults', (faults: LabFault[]) => {
      lab.faults.value = faults;
    }),
  ]);
}

async function read<Page>(page: string, take: (page: Page) => void): Promise<void> {
  const response = await request(`/api/lab/${page}`);
  const answer = await response.json();
  if (!response.ok) throw new Error(answer.message);
  take(answer);
}

/** Has the emulator do something, and shows what became of it. @returns whether it did */
export async function act(page: string, body: object = {}): Promise<boolean> {
  try {
    const response = await post(`/api/lab/${page}`, body);
    const { error, message } = await response.json();
    lab.refusal.value = response.ok ? undefined : (error?.join('. ') ?? message);
    await readLab();
    refresh();
    return response.ok;
  } catch (error) {
    lab.refusal.value = error instanceof Error ? error.message : String(error);
    return false;
  }
}
