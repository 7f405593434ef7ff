import { setTimeout as realSleep } from 'node:timers/promises';
import type { Entitlements } from '../domain/entitlements.ts';
import type { DirectorySeed } from './aws/identity-center/directory-seed.ts';
import { Pace } from './engine/pace.ts';
import { listen } from './server.ts';
import type { StackOptions } from './stack/stack-types.ts';

const START = new Date('2026-11-30T10:00:00.000Z');
/** Virtual time that a command's request takes: AWS allows 20 per second. */
const REQUEST_SECONDS = 0.1;
/** How often time passes while a command waits for it. What happens does not depend on it. */
const PASS_EVERY_MILLISECONDS = 5;

/** An emulator for commands, whose time is virtual. */
export interface VirtualEmulator {
  endpoint: string;
  /** An operation of AWS, by its `X-Amz-Target`, that the emulator refuses over HTTP. */
  callInProcess(target: string, input: object): Promise<Record<string, unknown>>;
  /** Lets this time pass while no command runs, and everything happen that is due in it. */
  pass(seconds: number): Promise<void>;
  /** Lets time pass while a command runs, and then until nothing is left to do. */
  during<T>(command: Promise<T>): Promise<T>;
  close(): Promise<void>;
}

/**
 * Opens an emulator in this process, over HTTP, for commands in any process. Time passes only as commands and executions
 * need it, whatever the load of the machine is; no tick comes.
 *
 * @param account who calls, and what AWS answers where it documents nothing
 */
export async function openVirtualEmulator(
  entitlements: Entitlements,
  directory: DirectorySeed,
  account: Pick<StackOptions, 'caller' | 'quirks'> = {},
): Promise<VirtualEmulator> {
  // The clock of a command stands still, too.
  const pace = new Pace(0);
  const { stack, endpoint, close } = await listen({
    entitlements,
    directory,
    ...account,
    port: 0,
    pace,
    start: START,
    listener: {
      request({ invocation }) {
        if (invocation === undefined) stack.advance(REQUEST_SECONDS);
        return undefined;
      },
    },
  });
  let passing = Promise.resolve();
  /** Two at once would wait for each other. */
  const pass = () => {
    passing = passing.then(() => {
      const stepped = pace.take(0);
      if (stepped > 0) stack.after(stepped / 1000, () => undefined);
      return stack.runUntilIdle();
    });
    return passing;
  };
  return {
    endpoint,
    close,
    async callInProcess(target, input) {
      const request = { headers: { 'x-amz-target': target }, body: JSON.stringify(input) };
      const { response } = await stack.gateway.requestHandler().handle(request);
      return JSON.parse(response.body.toString());
    },
    async pass(seconds) {
      stack.at(new Date(stack.clock.now().getTime() + seconds * 1000), async () => undefined);
      await pass();
    },
    async during(command) {
      let hasEnded = false;
      const end = () => {
        hasEnded = true;
      };
      command.then(end, end);
      while (!hasEnded) {
        await pass();
        await realSleep(PASS_EVERY_MILLISECONDS);
      }
      await pass();
      return command;
    },
  };
}
