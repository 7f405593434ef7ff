import type { Command } from 'commander';

/** The commands that, with `--local`, start an emulator if none runs. */
export const EMULATOR_STARTERS = new WeakSet<Command>();
