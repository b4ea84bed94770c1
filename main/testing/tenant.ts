import type { WebSocket } from 'ws'
import type { CommandRequest } from '../../contract/commands.ts'
import { idOf, personId, rowOf } from './documents.ts'

interface Kept {
  kind: string
  room: string | null
  rev: number
  doc?: { id: string }
}

/** One tenant of a `FakeService`: its documents, and the consoles that follow them. */
export class FakeTenant {
  readonly docs = new Map<string, Kept>()
  readonly log: string[] = []
  scope = 1
  pageRows = 50
  /** How often the command of each key was applied. */
  readonly appliedKeys = new Map<string, number>()
  readonly #feeds = new Map<WebSocket, string | null>()
  readonly #send: (socket: WebSocket, text: string) => void

  constructor(send: (socket: WebSocket, text: string) => void) {
    this.#send = send
  }

  /** Puts documents of one kind, together, and tells the consoles. */
  put(kind: string, ...docs: { id: string; room?: unknown }[]): void {
    for (const doc of docs) this.#keep(kind, doc)
    this.tell()
  }

  remove(kind: string, id: string): void {
    const kept = this.docs.get(`${kind}:${id}`)
    if (kept === undefined) return
    const { doc: _gone, ...rest } = kept
    this.docs.set(`${kind}:${id}`, { ...rest, rev: kept.rev + 1 })
    this.log.push(`${kind}:${id}`)
    this.tell()
  }

  say(message: unknown): void {
    for (const socket of this.#feeds.keys()) this.#send(socket, JSON.stringify(message))
  }

  /** Sends every console what it has not got. */
  tell(): void {
    for (const [socket, cursor] of this.#feeds) {
      if (cursor !== null && cursor !== this.cursor) this.#batch(socket, cursor)
    }
  }

  get cursor(): string {
    return `c${this.log.length}`
  }

  follow(socket: WebSocket, cursor: string | undefined): void {
    this.#feeds.set(socket, cursor ?? null)
    this.#send(socket, JSON.stringify({ type: 'welcome', version: 1, scope: this.scope, beatMs: 5_000, at: Date.now() }))
    if (cursor === undefined) this.#send(socket, JSON.stringify({ type: 'snapshot' }))
    else this.#batch(socket, cursor)
  }

  unfollow(socket: WebSocket): void {
    this.#feeds.delete(socket)
  }

  page(after: string | null): unknown {
    const [start, from] = after === null ? [this.log.length, ''] : (JSON.parse(after) as [number, string])
    const keys = [...this.docs]
      .filter(([key, { doc }]) => doc !== undefined && key > from)
      .map(([key]) => key)
      .sort()
    const some = keys.slice(0, this.pageRows)
    const next = keys.length > some.length ? { next: JSON.stringify([start, some.at(-1)]) } : {}
    return { cursor: `c${start}`, scope: this.scope, rows: some.map((key) => this.#row(key)), total: this.docs.size, ...next }
  }

  /** Applies a command once, whatever comes of its answer. */
  apply({ key, command, issuedAt }: CommandRequest): void {
    if (this.appliedKeys.has(key)) return
    this.appliedKeys.set(key, 1)
    if (command.type === 'incident.comment') {
      const incident = this.docs.get(`incident:${command.incident}`)
      this.#keep('entry', {
        id: idOf('applied', this.appliedKeys.size),
        incident: command.incident,
        room: incident?.room,
        kind: 'comment',
        actor: { kind: 'person', id: personId, name: 'Amélie Laurent' },
        at: issuedAt,
        receivedAt: issuedAt,
        text: command.text,
      } as { id: string })
    }
    this.#keep('receipt', { id: key, person: personId, at: 1 } as { id: string })
    this.tell()
  }

  #batch(socket: WebSocket, from: string): void {
    const keys = [...new Set(this.log.slice(Number(from.slice(1))))]
    this.#feeds.set(socket, this.cursor)
    this.#send(
      socket,
      JSON.stringify({ type: 'batch', scope: this.scope, from, to: this.cursor, rows: keys.map((key) => this.#row(key)), behind: 0 }),
    )
  }

  #row(key: string): Record<string, unknown> {
    const [kind = '', id = ''] = key.split(':')
    const { rev, room, doc } = this.docs.get(key) ?? { rev: 1, room: null }
    return doc === undefined ? { kind, id, room, rev } : rowOf(kind, doc, rev)
  }

  #keep(kind: string, doc: { id: string; room?: unknown }): void {
    const key = `${kind}:${doc.id}`
    const { room } = rowOf(kind, doc)
    this.docs.set(key, { kind, room: room as string | null, rev: (this.docs.get(key)?.rev ?? 0) + 1, doc })
    this.log.push(key)
  }
}
