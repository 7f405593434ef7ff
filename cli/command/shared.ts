import { type Memory, newMemory, Recent } from '../../operator/memory.ts';
import { once } from '../../operator/once.ts';
import type { Services, ServicesOptions } from '../../operator/services.ts';

/** A configuration with another Region or prefix may be asked about now and then. */
const MOST_SERVICES = 4;

/** What the commands of one process share: what takes long to make, and what AWS need not be asked again. */
export class Shared {
  readonly memory: Memory = newMemory();
  /** Returns credentials, an endpoint and a proxy. @throws MissingPrecondition, UsageError */
  access: () => Promise<ServicesOptions['access']>;
  readonly #connect: () => Promise<ServicesOptions['access']>;
  #services = new Recent<() => Promise<Services>>(MOST_SERVICES);

  /** @param connect see {@link access} */
  constructor(connect: () => Promise<ServicesOptions['access']>) {
    this.#connect = connect;
    this.access = once(connect);
  }

  /** Returns the services for these settings, the same for the same ones. @throws like {@link access} */
  async services(settings: Omit<ServicesOptions, 'access'>): Promise<Services> {
    const { region, namePrefix, perSecond } = settings;
    const key = JSON.stringify([region, namePrefix, perSecond]);
    const { access } = this;
    const known =
      this.#services.get(key) ??
      once(async () => {
        const { servicesOf } = await import('../../operator/services.ts');
        return servicesOf({ ...settings, access: await access() });
      });
    this.#services.set(key, known);
    return known();
  }

  /** Makes everyone who asks from now on connect anew: someone may have logged in again, also as someone else. */
  reconnect(): void {
    this.access = once(this.#connect);
    this.#services = new Recent(MOST_SERVICES);
  }
}
