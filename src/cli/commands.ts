/** The commands, in the order of the help. */

import type { Command } from './command.ts';

/** How each is loaded: only what runs costs time to start. */
export const commands: Readonly<Record<string, () => Promise<Command>>> = {
  serve: async () => (await import('./serve.ts')).serve,
  pub: async () => (await import('./pub.ts')).pub,
  sub: async () => (await import('./sub.ts')).sub,
  rr: async () => (await import('./rr.ts')).rr,
  store: async () => (await import('./store.ts')).store,
  passwd: async () => (await import('./passwd.ts')).passwd,
  compat: async () => (await import('./compat.ts')).compat,
  completion: async () => (await import('./completion.ts')).completion,
};

/** All of them, loaded. */
export async function loadCommands(): Promise<(readonly [name: string, command: Command])[]> {
  const loading = Object.entries(commands).map(
    async ([name, load]) => [name, await load()] as const,
  );
  return await Promise.all(loading);
}
