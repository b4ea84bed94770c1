import { WebSocket } from 'ws'
import { withDifference } from '../../../contract/difference.ts'
import { feedProtocolVersion, FeedToConsole, type Row, SnapshotPage } from '../../../contract/feed.ts'
import { until } from '../../../contract/testing/wait.ts'

/** For tests: a console that keeps a copy by the rules of the protocol, and nothing more. */
export class TestConsole {
  /** Of the feed's protocol. */
  version: number = feedProtocolVersion
  readonly url: string
  readonly token: string
  readonly rows = new Map<string, Row>()
  heard: FeedToConsole[] = []
  cursor: string | undefined
  scope: number | undefined
  closed = false
  status: number | undefined
  socket: WebSocket | undefined

  constructor(url: string, token: string) {
    this.url = url
    this.token = token
  }

  async page(after?: string): Promise<SnapshotPage> {
    const place = after === undefined ? '' : `&after=${encodeURIComponent(after)}`
    const response = await fetch(`${this.url}/v1/snapshot?version=${this.version}${place}`, {
      headers: { authorization: `Bearer ${this.token}` },
    })
    return SnapshotPage.parse(await response.json())
  }

  /** All pages; `between` runs after each. */
  async snapshot(between: () => Promise<void> = async () => undefined): Promise<SnapshotPage[]> {
    const pages: SnapshotPage[] = []
    let after: string | undefined
    do {
      const page = await this.page(after)
      pages.push(page)
      for (const row of page.rows) this.#take(row)
      await between()
      after = page.next
    } while (after !== undefined)
    this.cursor = pages[0]?.cursor
    this.scope = pages[0]?.scope
    return pages
  }

  connect(headers: Record<string, string> = { authorization: `Bearer ${this.token}` }): void {
    this.heard = []
    this.closed = false
    const socket = new WebSocket(`${this.url.replace('http', 'ws')}/v1/feed`, { headers })
    this.socket = socket
    socket.on('open', () => this.hello())
    socket.on('message', (data) => this.#hear(FeedToConsole.parse(JSON.parse(String(data)))))
    socket.on('unexpected-response', (_, response) => {
      this.status = response.statusCode
      this.closed = true
    })
    socket.on('error', () => undefined)
    socket.on('close', () => {
      this.closed = true
    })
  }

  hello(): void {
    this.say({
      type: 'hello',
      versions: [this.version],
      ...(this.cursor === undefined ? {} : { cursor: this.cursor }),
      ...(this.scope === undefined ? {} : { scope: this.scope }),
    })
  }

  say(message: unknown): void {
    this.socket?.send(JSON.stringify(message))
  }

  async hears<T extends FeedToConsole['type']>(type: T): Promise<Extract<FeedToConsole, { type: T }>> {
    const is = (message: FeedToConsole): message is Extract<FeedToConsole, { type: T }> => message.type === type
    return until(
      () => `${type} from the feed; heard ${JSON.stringify(this.heard).slice(0, 500)}`,
      () => this.heard.find(is),
    )
  }

  /** Follows until nothing is behind. */
  async live(): Promise<void> {
    await until('the console to be live', () => this.heard.some((message) => message.type === 'batch' && message.behind === 0))
  }

  doc(kind: Row['kind'], id: string): unknown {
    return this.rows.get(`${kind}/${id}`)?.doc
  }

  count(kind: Row['kind']): number {
    return [...this.rows.values()].filter((row) => row.kind === kind && row.doc !== undefined).length
  }

  #hear(message: FeedToConsole): void {
    this.heard.push(message)
    if (message.type === 'scope') {
      this.scope = message.version
      for (const [key, { kind, room }] of this.rows) {
        const rooms = message.rooms[kind]
        if (rooms === undefined || (rooms !== 'all' && room !== null && !rooms.includes(room))) this.rows.delete(key)
      }
    }
    if (message.type !== 'batch' || message.scope !== this.scope) return
    if (message.from !== this.cursor) throw new Error('A batch does not begin where the console is.')
    this.cursor = message.to
    for (const row of message.rows) this.#take(row)
  }

  #take(row: Row): void {
    const key = `${row.kind}/${row.id}`
    const known = this.rows.get(key)
    if (known && known.rev >= row.rev) return
    if (row.difference === undefined) this.rows.set(key, row)
    else if (known?.rev === row.rev - 1) this.rows.set(key, { ...row, doc: withDifference({ ...Object(known.doc) }, row.difference) })
    else throw new Error(`A difference came of ${key}, whose revision before is not here.`)
  }
}
