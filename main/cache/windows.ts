import { dayMs, kept } from '../../contract/retention.ts'
import type { Transition } from '../../contract/transitions.ts'
import type { Db } from './open.ts'

/** What the service said of a room's history, the newest first. `anew`: all of it; else what came since. */
export interface WindowNews {
  readonly room: string
  /** Of the room's document when it was asked for. */
  readonly rev: number
  readonly items: readonly Transition[]
  readonly anew: boolean
}

/** The histories of rooms that are here: written in the worker, inside a transaction of the caller. */
export class WindowStore {
  readonly #known
  readonly #receivedAt
  readonly #set
  readonly #use
  readonly #add
  readonly #empty
  readonly #drop
  readonly #leastUsed
  readonly #rooms
  readonly #old
  readonly #dropAll

  constructor(db: Db) {
    this.#known = db.prepare<[string]>(`select 1 from document where kind = 'room' and id = ? and body is not null`).pluck()
    this.#receivedAt = db.prepare<[string], number>('select receivedAt from room_window where room = ?').pluck()
    this.#set = db.prepare('insert or replace into room_window (room, rev, receivedAt, usedAt) values (?, ?, ?, ?)')
    this.#use = db.prepare('update room_window set usedAt = ? where room = ?')
    this.#add = db.prepare('insert or replace into transition (room, at, number, kind, signal, value, body) values (?, ?, ?, ?, ?, ?, ?)')
    this.#empty = db.prepare('delete from transition where room = ?')
    this.#drop = db.prepare('delete from room_window where room = ?')
    this.#leastUsed = db.prepare<[number], string>('select room from room_window order by usedAt desc limit -1 offset ?').pluck()
    this.#rooms = db.prepare<[], string>('select room from room_window').pluck()
    this.#old = db.prepare('delete from transition where room = ? and at < ?')
    this.#dropAll = [db.prepare('delete from transition'), db.prepare('delete from room_window')]
  }

  /** Takes it in, and lets go what is over here. Whether the room is (still) one that may be seen. `now`: the service's time, UTC ms. */
  take({ room, rev, items, anew }: WindowNews, now: number): boolean {
    if (this.#known.get(room) === undefined) return false
    if (anew) this.#empty.run(room)
    let receivedAt = anew ? 0 : (this.#receivedAt.get(room) ?? 0)
    for (const item of items) {
      const { at, number, kind, signal = null, value = null } = item
      this.#add.run(room, at, number, kind, signal, value, JSON.stringify(item))
      receivedAt = Math.max(receivedAt, item.receivedAt)
    }
    this.#set.run(room, rev, receivedAt, now)
    for (const one of this.#leastUsed.all(kept.windowRooms)) this.drop(one)
    for (const one of this.#rooms.all()) this.#old.run(one, now - kept.windowDays * dayMs)
    return true
  }

  /** Somebody looked at it. */
  used(room: string, now: number): void {
    this.#use.run(now, room)
  }

  drop(room: string): void {
    this.#empty.run(room)
    this.#drop.run(room)
  }

  dropAll(): void {
    for (const statement of this.#dropAll) statement.run()
  }
}
