/** Style sheets are bundled by esbuild. */
declare module '*.css';

/** A state machine, laid out by the build. */
declare module '*.asl.yaml' {
  export const graph: import('../graph.ts').Graph;
}
