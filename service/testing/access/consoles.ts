import { type Access, may } from '../../../contract/access.ts'
import { withDifference } from '../../../contract/difference.ts'
import { feedProtocolVersion, FeedToConsole, type Row, SnapshotPage } from '../../../contract/feed.ts'
import { settle } from '../../../contract/testing/wait.ts'
import type { FeedSocket } from '../../feed/follower.ts'
import type { FeedHub } from '../../feed/hub.ts'
import type { Caller } from '../../ground/caller.ts'
import { keyOf, type Organisation, organisations, people, type Person, rooms } from './cast.ts'

/** Everyone's consoles, which follow the feed as the real ones do; what they are sent and what they are left with (ACC-8). */

/** Which rooms' rows somebody may have. */
const reads = { room: 'rooms.view', device: 'rooms.view', incident: 'incidents.view', entry: 'incidents.view' } as const
const isOfRoom = (kind: string): kind is keyof typeof reads => kind in reads

export interface Following {
  readonly hub: FeedHub
  readonly caller: (person: Person, at: Organisation) => Promise<Caller | string>
  readonly snapshot: (caller: Caller, after?: string) => Promise<string>
}

/** Somebody in a tenant, as they are let in there, or why they are not. */
interface Somebody {
  readonly key: string
  readonly at: Organisation
  readonly caller: Caller | string
}

class Console implements FeedSocket {
  readyState = 1
  readonly bufferedAmount = 0
  readonly rows = new Map<string, Row>()
  /** Under which scope it was sent rows since the last look, and how it was told of others. */
  sent: { readonly scope: number; readonly row: Row }[] = []
  scopes = 0
  scope = -1
  readonly #inbox: string[] = []
  #cursor: string | undefined
  #wantsSnapshot = false
  readonly #line: ReturnType<FeedHub['follow']>

  constructor(hub: FeedHub, caller: Caller) {
    this.#line = hub.follow(this, caller)
  }

  send(text: string, sent?: () => void): void {
    this.#inbox.push(text)
    sent?.()
  }

  close(): void {
    this.readyState = 3
    this.#line.left()
  }

  terminate(): void {
    this.close()
  }

  async hello(): Promise<void> {
    const hello = {
      type: 'hello',
      versions: [feedProtocolVersion],
      ...(this.#cursor === undefined ? {} : { cursor: this.#cursor, scope: this.scope }),
    }
    await this.#line.received(Buffer.from(JSON.stringify(hello)), false)
  }

  /** Takes in what was sent. Whether there was anything. */
  async work(fetch: () => Promise<readonly string[]>): Promise<boolean> {
    const texts = this.#inbox.splice(0)
    for (const text of texts) this.#take(FeedToConsole.parse(JSON.parse(text)))
    if (this.#wantsSnapshot && this.readyState === 1) {
      this.#wantsSnapshot = false
      const pages = (await fetch()).map((page) => SnapshotPage.parse(JSON.parse(page)))
      for (const { rows, scope } of pages) for (const row of rows) this.#put(row, scope)
      const [first] = pages
      if (first && this.#cursor === undefined) {
        this.#cursor = first.cursor
        this.scope = first.scope
        await this.hello()
      }
      return true
    }
    return texts.length > 0
  }

  #take(message: FeedToConsole): void {
    switch (message.type) {
      case 'snapshot':
        this.#cursor = undefined
        this.rows.clear()
        this.#wantsSnapshot = true
        return
      case 'scope': {
        const { version, rooms: seen } = message
        this.scope = version
        this.scopes += 1
        this.#wantsSnapshot = true
        for (const [key, { kind, room }] of this.rows) {
          const kept = seen[kind]
          if (isOfRoom(kind) && kept !== 'all' && !(room !== null && kept?.includes(room))) this.rows.delete(key)
        }
        return
      }
      case 'batch': {
        this.#cursor = message.to
        for (const row of message.rows) this.#put(row, message.scope)
        return
      }
      case 'welcome':
      case 'beat':
      case 'error':
        return
    }
  }

  #put(row: Row, scope: number): void {
    this.sent.push({ scope, row })
    const key = `${row.kind}/${row.id}`
    const known = this.rows.get(key)
    if (known && known.rev > row.rev) return
    if (row.difference !== undefined) {
      if (known?.rev !== row.rev - 1) throw new Error(`Of ${key} revision ${row.rev - 1} is not here, and what has changed since is told.`)
      this.rows.set(key, { ...row, doc: withDifference({ ...Object(known.doc) }, row.difference) })
    } else if (row.doc === undefined) this.rows.delete(key)
    else this.rows.set(key, row)
  }
}

export class Consoles {
  readonly #following: Following
  readonly #open = new Map<string, Console>()
  /** What each could do when they were last looked at. */
  readonly #before = new Map<string, Access>()

  constructor(following: Following) {
    this.#following = following
  }

  /** All that was sent is taken in; then each has what they may see and no more, and nothing else was sent to them. */
  async check(): Promise<string | undefined> {
    const everyone = await this.#everyone()
    for (const { key, caller } of everyone) {
      if (typeof caller === 'string' || this.#open.get(key)?.readyState === 1) continue
      const console = new Console(this.#following.hub, caller)
      this.#open.set(key, console)
      await console.hello()
    }
    while (await this.#round(everyone));
    for (const { key, at, caller } of everyone) {
      const wrong = this.#look(key, at, caller)
      if (wrong !== undefined) return `the console of ${key} ${wrong}`
    }
    return undefined
  }

  async #everyone(): Promise<Somebody[]> {
    const found: Somebody[] = []
    for (const at of organisations)
      for (const person of people) found.push({ key: `${keyOf(person)} at ${at}`, at, caller: await this.#following.caller(person, at) })
    return found
  }

  /** One turn of everybody; false where nothing came. */
  async #round(everyone: readonly Somebody[]): Promise<boolean> {
    await settle()
    let came = false
    for (const { key, caller } of everyone) if (await this.#open.get(key)?.work(() => this.#pages(caller))) came = true
    return came
  }

  async #pages(caller: Somebody['caller']): Promise<string[]> {
    if (typeof caller === 'string') return []
    const pages: string[] = []
    let after: string | undefined
    do {
      const page = await this.#following.snapshot(caller, after)
      pages.push(page)
      after = SnapshotPage.parse(JSON.parse(page)).next
    } while (after !== undefined)
    return pages
  }

  #look(key: string, at: Organisation, caller: Caller | string): string | undefined {
    const console = this.#open.get(key)
    if (!console) return undefined
    if (typeof caller === 'string') {
      this.#before.delete(key)
      if (console.readyState === 1) return `follows on, though they are not let in (${caller})`
      this.#open.delete(key)
      // Who only has to sign in with more keeps the copy; from others it is taken.
      const kept = caller === 'partner.multiFactor' ? undefined : [...console.rows.values()].find(({ kind }) => isOfRoom(kind))
      return kept && `keeps a ${kept.kind} of ${kept.room}, though nothing is theirs (${caller})`
    }
    const before = this.#before.get(key)
    this.#before.set(key, caller.access)
    const { sent, scopes } = console
    console.sent = []
    console.scopes = 0
    for (const [kind, permission] of Object.entries(reads)) {
      const has = new Set([...console.rows.values()].flatMap((row) => (row.kind === kind && row.room !== null ? [row.room] : [])))
      const sees = rooms[at].filter(({ id }) => may(caller.access, permission, id)).map(({ id }) => id)
      const beyond = [...has].find((id) => !sees.includes(id))
      if (beyond !== undefined) return `has a ${kind} of ${beyond}, which they do not see`
      if (kind !== 'entry' && sees.some((id) => !has.has(id))) return `lacks a ${kind} that they see`
      if (scopes > 1) continue
      const wrong = sent.find(
        ({ scope, row }) =>
          row.kind === kind &&
          row.room !== null &&
          !sees.includes(row.room) &&
          !(scope < console.scope && before && may(before, permission, row.room)),
      )
      if (wrong) return `was sent a ${kind} of ${wrong.row.room}, which they do not see`
    }
    return undefined
  }
}
