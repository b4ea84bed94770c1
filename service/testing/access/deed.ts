import type { Command } from '../../../contract/commands.ts'
import type { Organisation } from './cast.ts'
import type { Facts, Subject } from './facts.ts'

/** A command as it is judged: in whose tenant, by whom as they are today, and what it was asked with. */
export interface Deed {
  readonly at: Organisation
  readonly maker: Subject
  readonly command: Command
  readonly before: Facts
  /** The room of the incident that it is about, where it is about one that exists. */
  readonly room?: string
  /** Whom it gives the incident to, by key. */
  readonly owner?: string
  /** The deed that a decision is about. */
  readonly request?: Deed
}
