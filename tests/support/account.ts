import { Faults } from '../../emulator/aws/faults.ts';
import { Gateway, type GatewayOptions } from '../../emulator/aws/gateway.ts';
import type { DirectorySeed } from '../../emulator/aws/identity-center/directory-seed.ts';
import { IdentityCenter } from '../../emulator/aws/identity-center/identity-center.ts';
import type { Quirks } from '../../emulator/aws/identity-center/quirks.ts';
import { INSTANCE_ARN, REGION } from './ids.ts';

/** Services of the emulator behind a gateway, without Usher, and settings of SDK clients that call them in process. */
export function behindGateway(services: GatewayOptions['services'], options: Partial<GatewayOptions> = {}) {
  const gateway = new Gateway({
    services,
    faults: new Faults({ now: () => new Date(0) }),
    onCrash: () => undefined,
    ...options,
  });
  const aws = {
    region: REGION,
    maxAttempts: 1,
    endpoint: 'http://127.0.0.1',
    credentials: { accessKeyId: 'test', secretAccessKey: 'test' },
    requestHandler: gateway.requestHandler(),
  } as const;
  return { gateway, aws };
}

/** An Identity Center whose clock stands still until a test sleeps. */
export function anIdentityCenter(seed: DirectorySeed, quirks: Quirks = {}, start = 0) {
  let now = start;
  const clock = {
    now: () => new Date(now),
    sleep: async (seconds: number) => {
      now += seconds * 1000;
    },
  };
  return { clock, center: new IdentityCenter(seed, { clock, instanceArn: INSTANCE_ARN, quirks }) };
}

/** A request handler whose connection closes after a request has had its effect. */
export function losingAnswers(
  handler: ReturnType<Gateway['requestHandler']>,
  isLost: (request: { method?: string }) => boolean = () => true,
): ReturnType<Gateway['requestHandler']> {
  return {
    ...handler,
    handle: async (request) => {
      const answer = await handler.handle(request);
      if (!isLost(request)) return answer;
      throw Object.assign(new Error('socket hang up'), { code: 'ECONNRESET' });
    },
  };
}
