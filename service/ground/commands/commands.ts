import type { Command, CommandType } from '../../../contract/commands.ts'
import { commandTypes } from '../../../contract/commands.ts'
import type { Effect } from '../../../contract/policyApi.ts'
import type { AuditRecord, TenantTransaction } from '../store/transaction.ts'
import type { Asker, AskingHandler, CommandContext, CommandHandler, CommandOf } from './handler.ts'

/** A command with its handler, and with what was asked for it before the write. */
export interface ReadyCommand {
  /** Everybody who was asked has answered. */
  readonly answered: boolean
  /** Keeps what was said of people and groups, before anything is decided by it. */
  know(tx: TenantTransaction): Promise<void>
  check(context: CommandContext): Promise<void>
  apply(context: CommandContext): Promise<AuditRecord | null>
  changes(context: CommandContext): Promise<Effect['changes']>
}

/** A command with its handler. */
export interface BoundCommand {
  /** Asks what its handler has to know; it may take seconds. @throws RoomkeeperError directory.unavailable */
  ask(asker: Asker): Promise<ReadyCommand>
  /** Nobody was asked. */
  readonly unasked: ReadyCommand
}

type Entry<T extends CommandType> = (command: CommandOf<T>) => BoundCommand

/** What parts register: made by `handle` and `handleAsking`. */
export type CommandHandlers = { readonly [T in CommandType]: Entry<T> }

/** A handler, ready to be registered. */
export const handle =
  <T extends CommandType>(handler: CommandHandler<T>): Entry<T> =>
  (command) => {
    const unasked: ReadyCommand = {
      answered: true,
      know: async () => undefined,
      check: (context) => handler.check(command, context),
      apply: (context) => handler.apply(command, context),
      changes: async (context) => (await handler.changes?.(command, context)) ?? [],
    }
    return { ask: async () => unasked, unasked }
  }

/** A handler that asks, ready to be registered. */
export const handleAsking =
  <T extends CommandType, A>(handler: AskingHandler<T, A>): Entry<T> =>
  (command) => {
    const ready = (asked: A): ReadyCommand => ({
      answered: handler.answered?.(asked) ?? true,
      know: async (tx) => handler.know?.(tx, asked),
      check: (context) => handler.check(command, { ...context, asked }),
      apply: (context) => handler.apply(command, { ...context, asked }),
      changes: async (context) => (await handler.changes?.(command, { ...context, asked })) ?? [],
    })
    return { ask: async (asker) => ready(await handler.ask(command, asker)), unasked: ready(handler.nothing) }
  }

/** Every command with its handler, as the parts have them. */
export class Commands {
  readonly #handlers = new Map<CommandType, Partial<CommandHandlers>>()

  /** @throws where another part has the command already: a mistake of the program. */
  add(handlers: Partial<CommandHandlers>): void {
    for (const type of commandTypes) {
      if (!handlers[type]) continue
      if (this.#handlers.has(type)) throw new Error(`Two parts have the command ${type}.`)
      this.#handlers.set(type, handlers)
    }
  }

  /** @throws where no part has it: a mistake of the program. */
  of(command: Command): BoundCommand {
    return this.#bind(command.type, command)
  }

  #bind<T extends CommandType>(type: T, command: CommandOf<T>): BoundCommand {
    const entry = this.#handlers.get(type)?.[type]
    if (!entry) throw new Error(`No part has the command ${type}.`)
    return entry(command)
  }

  /** Commands that no part has. */
  get missing(): readonly CommandType[] {
    return commandTypes.filter((type) => !this.#handlers.has(type))
  }
}
