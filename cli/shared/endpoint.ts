/** The default port of the emulator. */
export const EMULATOR_PORT = 4599;

/** The number of users in a generated directory, unless another is given. */
export const EMULATOR_PEOPLE = 20;

/** Returns the endpoint of the emulator. As in the AWS CLI, `AWS_ENDPOINT_URL` sets it for all services. */
export function emulatorEndpoint(env: NodeJS.ProcessEnv): string {
  return (env['AWS_ENDPOINT_URL'] || `http://127.0.0.1:${EMULATOR_PORT}`).replace(/\/$/, '');
}
