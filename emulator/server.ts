import { Buffer } from 'node:buffer';
import { SFNServiceException } from '@aws-sdk/client-sfn';
import { stringify } from 'yaml';
import * as z from 'zod/mini';
import type { Entitlements } from '../domain/entitlements.ts';
import { recordOf } from './aws/cloudtrail/cloudtrail.ts';
import { TICK_SECONDS } from './aws/control-plane/control-plane.ts';
import { FaultRuleSchema } from './aws/fault-rules.ts';
import type { DirectorySeed } from './aws/identity-center/directory-seed.ts';
import { type Answer, parseJson } from './aws/json-service.ts';
import type { StackListener } from './stack/listener.ts';
import { readState, type SavedState, writeState } from './stack/snapshot.ts';
import { openStack, type Stack } from './stack/stack.ts';

/** How the emulator is served. */
export interface ServeOptions {
  entitlements: Entitlements;
  /** What Identity Center holds if no state was saved. */
  directory: DirectorySeed;
  port: number;
  /** Virtual seconds per real second. */
  speed: number;
  /** Folder in which the state is kept. By default it is not kept. */
  folder?: string | undefined;
  /** Stops the server. */
  signal: AbortSignal;
  /** Called when the server listens. `resumed`: it continues from a saved state. */
  onListen(details: { endpoint: string; resumed: boolean }): void;
}

/** Time between a change and the delivery of its event by CloudTrail and EventBridge. */
const DELIVERY_SECONDS = 3;
/** At most this much work is lost when the process is killed. */
const SAVE_EVERY_MILLISECONDS = 2000;
const MOST_KEPT_EXECUTIONS = 2000;

/** An emulator that listens. Its caller makes time pass. */
interface ListeningEmulator {
  stack: Stack;
  endpoint: string;
  close(): Promise<void>;
}

interface ListenOptions extends Pick<ServeOptions, 'entitlements' | 'directory' | 'port' | 'speed'> {
  /** Start of virtual time. */
  start: Date;
  saved?: SavedState | undefined;
  listener?: Pick<StackListener, 'request'>;
}

/** Opens an emulator over HTTP, which delivers an event of each change of the identity store. Its time stands still. */
export async function listen(options: ListenOptions): Promise<ListeningEmulator> {
  const { entitlements, directory, port, speed, start, saved } = options;
  let records = 0;
  const listener: StackListener = {
    ...options.listener,
    changed(change) {
      records += 1;
      const { region, identityStoreId } = entitlements.identityCenter;
      const context = { via: 'api', at: stack.clock.now(), sequence: records, identityStoreId, region } as const;
      const record = recordOf(change, context);
      stack.at(new Date(context.at.getTime() + DELIVERY_SECONDS * 1000), async () => {
        await stack.start(record);
      });
    },
  };
  const stack = await openStack({ entitlements, directory, start, transport: 'in-process', saved, listener });
  try {
    const gateway = await stack.listen(port, pagesOf(stack, entitlements, speed));
    const close = async () => {
      await gateway.close();
      await stack.close();
    };
    return { stack, endpoint: gateway.endpoint, close };
  } catch (error) {
    await stack.close();
    throw error;
  }
}

/**
 * Serves the emulator over HTTP until the signal. Virtual time follows real time, and the schedule's tick runs.
 *
 * @throws InputError if the saved state is not valid; Error `EADDRINUSE` if another process uses the port
 */
export async function serve(options: ServeOptions): Promise<void> {
  const { directory, speed, folder, signal, onListen } = options;
  const saved = folder === undefined ? undefined : readState(folder, directory.identityStoreId);
  const start = new Date(Math.max(Date.now(), Date.parse(saved?.now ?? '1970-01-01T00:00:00Z')));
  const { stack, endpoint, close } = await listen({ ...options, start, saved });
  try {
    onListen({ endpoint, resumed: saved !== undefined });
    tick(stack);
    let savedAt = performance.now();
    await stack.follow(speed, signal, async () => {
      stack.forgetAllBut(MOST_KEPT_EXECUTIONS);
      if (folder === undefined || performance.now() - savedAt < SAVE_EVERY_MILLISECONDS) return;
      savedAt = performance.now();
      writeState(folder, await stack.save());
    });
    if (folder !== undefined) writeState(folder, await stack.save());
  } finally {
    await close();
  }
}

function tick(stack: Stack): void {
  stack.at(new Date(stack.clock.now().getTime() + TICK_SECONDS * 1000), async () => {
    tick(stack);
    try {
      await stack.start({ scope: 'tick' });
    } catch (error) {
      // The next tick does the work of this one.
      if (!(error instanceof SFNServiceException)) throw error;
    }
  });
}

/** Returns the pages of the emulator itself: its configuration, its time, the calls so far, and faults to add or to drop. */
function pagesOf(stack: Stack, entitlements: Entitlements, speed: number) {
  const json = (value: object, statusCode = 200): Answer => ({
    statusCode,
    headers: { 'content-type': 'application/json' },
    body: JSON.stringify(value),
  });
  return (method: string, path: string, body: Uint8Array): Answer | undefined => {
    switch (`${method} ${path}`) {
      case 'GET /entitlements':
        return {
          statusCode: 200,
          headers: { 'content-type': 'application/yaml' },
          body: Buffer.from(stringify(entitlements)),
        };
      case 'GET /clock':
        return json({ now: stack.clock.now().toISOString(), speed });
      case 'GET /calls':
        return json({ all: stack.calls(), fromOutside: stack.callsFromOutside() });
      case 'POST /faults': {
        const rules = z.array(FaultRuleSchema).safeParse(parseJson(body));
        if (!rules.success) return json({ error: rules.error.issues.map(({ message }) => message) }, 400);
        for (const rule of rules.data) stack.faults.add(rule);
        return json({});
      }
      case 'DELETE /faults':
        stack.faults.clear();
        return json({});
      default:
        return undefined;
    }
  };
}
