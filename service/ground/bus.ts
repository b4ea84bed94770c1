import type { Kind, Lifecycle } from '../../contract/entities.ts'
import type { DeviceId, PersonId, RoomId, TenantId } from '../../contract/ids.ts'

/** One changed document, as the feed sends it. */
export interface ChangedRow {
  readonly kind: Kind
  readonly id: string
  readonly room: RoomId | null
  readonly owner: PersonId | null
  readonly rev: number
  readonly seq: number
  /** The document's JSON, or null for a removal. */
  readonly body: string | null
  /** What is other than in its revision before, as JSON (`contract/difference.ts`); null: only the whole is known. */
  readonly difference: string | null
}

/** What is said after a commit. Messages are facts, small and serialisable: a network bus may stand in here later. */
export interface BusTopics {
  /** All of a tenant's changes of one commit, in the order of `seq`; `upTo` is the highest. */
  changes: { readonly tenant: TenantId; readonly upTo: number; readonly rows: readonly ChangedRow[] }
  /** The person's effective read scope changed; pages and batches of an older version are void. */
  scope: { readonly tenant: TenantId; readonly person: PersonId; readonly version: number }
  /** Roles, assignments, groups, links, or the rooms that rules find, are others. */
  policy: { readonly tenant: TenantId }
  /** A suppression begins, ends or is asked about then (UTC ms). */
  suppressions: { readonly nextAt: number }
  /** Rooms are new, or have another name or place. */
  placed: { readonly tenant: TenantId }
  /** The embedded directory was edited. */
  directory: { readonly directory: string }
  /** A room is new, or back in onboarding: its agent is waited for. */
  enrolled: { readonly tenant: TenantId; readonly room: RoomId }
  /** Tell the connected agent, if it is. */
  device: { readonly tenant: TenantId; readonly device: DeviceId; readonly change: DeviceChange }
}

export type DeviceChange =
  | { readonly type: 'lifecycle'; readonly lifecycle: Lifecycle }
  | { readonly type: 'offboard' }
  | { readonly type: 'revoked' }
  /** Another key has taken the place of the one that it connected with. */
  | { readonly type: 'newKey' }
  /** It stands in another room now. */
  | { readonly type: 'moved' }

export type BusTopic = keyof BusTopics

/**
 * Publish and subscribe. Every subscriber gets the messages of one publisher in order; none may rely on being called
 * before `publish` returns. A subscriber that throws hurts nobody else.
 */
export interface Bus {
  publish<T extends BusTopic>(topic: T, message: BusTopics[T]): void
  /** Returns its undo. */
  subscribe<T extends BusTopic>(topic: T, listener: (message: BusTopics[T]) => void): () => void
}

type Listeners = { [T in BusTopic]: Set<(message: BusTopics[T]) => void> }

/** The bus of a service that is one process. */
export function inProcessBus(onProblem: (error: unknown, topic: BusTopic) => void): Bus {
  const listeners: Listeners = {
    changes: new Set(),
    scope: new Set(),
    policy: new Set(),
    suppressions: new Set(),
    placed: new Set(),
    directory: new Set(),
    enrolled: new Set(),
    device: new Set(),
  }
  return {
    publish(topic, message) {
      for (const listener of [...listeners[topic]]) {
        try {
          listener(message)
        } catch (error) {
          onProblem(error, topic)
        }
      }
    },
    subscribe(topic, listener) {
      listeners[topic].add(listener)
      return () => void listeners[topic].delete(listener)
    },
  }
}
