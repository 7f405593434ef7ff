/** Where the local stack listens unless it is told otherwise. */
export const LOCAL_PORT = 4599;

/** As the AWS CLI has it: the variable names an endpoint, for all services. */
export function localEndpoint(env: NodeJS.ProcessEnv): string {
  return (env['AWS_ENDPOINT_URL'] || `http://127.0.0.1:${LOCAL_PORT}`).replace(/\/$/, '');
}
