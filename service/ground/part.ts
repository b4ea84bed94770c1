import type { CommandHandlers } from './commands/commands.ts'
import type { GroundDeps, Plugin } from './deps.ts'

/**
 * A capability, as the composition root sees it. `D`: what it is given, which is what it and the parts below it stand on.
 */
export interface Part<D = GroundDeps> {
  /** As its folder is called. */
  readonly name: string
  /** The commands that it has. Each command of the contract belongs to one part. */
  readonly commands?: (deps: D) => Partial<CommandHandlers>
  /** Its routes, sockets and timers, in the order in which they start; they end in the same one. */
  readonly plugins?: readonly Plugin<D>[]
  /** Deletes what it has kept long enough; says how much that was, by kind. */
  readonly prune?: (deps: D) => Promise<Readonly<Record<string, number>>>
}
