import type { RelaySide, RelayToSide } from '../../relay.ts'
import { SideToRelay } from '../../relay.ts'
import { someBytes } from '../../testing/chance.ts'
import type { LinkSocket, LinkSocketEvents } from '../interfaces.ts'

/** What is on its way between a side and the relay. `gone`: that this connection is over is known at its end. */
type Item =
  | { readonly kind: 'hello'; readonly authorization: string }
  | { readonly kind: 'bytes'; readonly bytes: Uint8Array }
  | { readonly kind: 'text'; readonly text: string }
  | { readonly kind: 'gone'; readonly code?: number; readonly status?: number }

/** One connection: what goes up to the relay, and what comes down, each in order. */
class Pipe implements LinkSocket {
  readonly side: RelaySide
  readonly up: Item[] = []
  readonly down: Item[] = []
  readonly events: LinkSocketEvents
  /** What the side has let go of hears no more. */
  isOver = false
  isPaused = false

  constructor(side: RelaySide, authorization: string, events: LinkSocketEvents) {
    this.side = side
    this.events = events
    this.up.push({ kind: 'hello', authorization })
  }

  send(bytes: Uint8Array): void {
    if (!this.isOver) this.up.push({ kind: 'bytes', bytes })
  }
  sendText(text: string): void {
    if (!this.isOver) this.up.push({ kind: 'text', text })
  }
  get waiting(): number {
    return sizeOf(this.up)
  }
  pause(): void {
    this.isPaused = true
  }
  resume(): void {
    this.isPaused = false
  }
  close(code: number): void {
    if (!this.isOver) this.up.push({ kind: 'gone', code })
    this.isOver = true
  }
  drop(): void {
    if (!this.isOver) this.up.push({ kind: 'gone' })
    this.isOver = true
    this.down.length = 0
  }
}

const sizeOf = (items: readonly Item[]): number => items.reduce((sum, item) => sum + (item.kind === 'bytes' ? item.bytes.length : 0), 0)

interface Half {
  readonly side: RelaySide
  pipe: Pipe | undefined
  secret: string | undefined
  former: string | undefined
  epoch: number
  isRestarting: boolean
}

const half = (side: RelaySide): Half => ({ side, pipe: undefined, secret: undefined, former: undefined, epoch: 0, isRestarting: false })

/** For tests: one session of a relay, as docs/relay.md has it, whose every byte is moved by hand. */
export class MemoryRelay {
  readonly #random: () => number
  #halves = { operator: half('operator'), device: half('device') }
  readonly pipes = new Set<Pipe>()
  readonly #tickets = new Set<string>()
  #hasEnded = false
  /** Authorizations that were shown, without their secrets, and what sides said. */
  readonly shown: string[] = []
  readonly said: SideToRelay[] = []
  /** A relay that was taken over: what it gives on instead of the bytes that it got. */
  onForward: (to: RelaySide, bytes: Uint8Array) => Uint8Array[] = (_to, bytes) => [bytes]

  constructor(random: () => number) {
    this.#random = random
  }

  ticket(side: RelaySide): string {
    const ticket = `${side}-${someBytes(8).toString('hex')}`
    this.#tickets.add(ticket)
    return ticket
  }

  dial(side: RelaySide, authorization: string, events: LinkSocketEvents): LinkSocket {
    const pipe = new Pipe(side, authorization, events)
    this.pipes.add(pipe)
    return pipe
  }

  /** The newest connection of a side; undefined: there is none. */
  pipe(side: RelaySide): Pipe | undefined {
    return this.#halves[side].pipe
  }

  /** Moves one thing one step on its way. false: nothing moves. */
  step(): boolean {
    for (const pipe of this.pipes) if (pipe.isOver && pipe.up.length === 0 && pipe.down.length === 0) this.pipes.delete(pipe)
    const ways: (() => void)[] = []
    for (const pipe of this.pipes) {
      if (pipe.up.length > 0 && !this.#isHeld(pipe)) ways.push(() => this.#moveUp(pipe))
      if (pipe.down.length > 0 && !pipe.isPaused) ways.push(() => this.#moveDown(pipe))
    }
    const way = ways[Math.floor(this.#random() * ways.length)]
    way?.()
    return way !== undefined
  }

  /** The network between a side and the relay is lost; each end of it sees that after a part of what was on its way. */
  drop(side: RelaySide): void {
    const { pipe } = this.#halves[side]
    if (pipe && !pipe.isOver) this.#break(pipe)
  }

  /** The relay is killed, and another one is there that knows nobody. */
  kill(): void {
    for (const pipe of this.pipes) {
      pipe.up.length = 0
      this.#loseTail(pipe.down)
      pipe.down.push({ kind: 'gone' })
    }
    this.#halves = { operator: half('operator'), device: half('device') }
  }

  /** Nothing leads to the relay from there. */
  refuse(socket: LinkSocket): void {
    for (const pipe of this.pipes) {
      if (pipe !== socket) continue
      pipe.up.length = 0
      pipe.down.push({ kind: 'gone' })
    }
  }

  tell(side: RelaySide, message: RelayToSide): void {
    this.#halves[side].pipe?.down.push({ kind: 'text', text: JSON.stringify(message) })
  }

  /** Gives bytes to a side as if the other one had sent them. */
  inject(side: RelaySide, bytes: Uint8Array): void {
    this.#halves[side].pipe?.down.push({ kind: 'bytes', bytes })
  }

  #break(pipe: Pipe): void {
    this.#loseTail(pipe.up)
    this.#loseTail(pipe.down)
    pipe.up.push({ kind: 'gone' })
    pipe.down.push({ kind: 'gone' })
  }

  #loseTail(items: Item[]): void {
    items.splice(Math.floor(this.#random() * (items.length + 1)))
    const last = items.at(-1)
    if (last?.kind !== 'bytes') return
    items[items.length - 1] = { kind: 'bytes', bytes: last.bytes.subarray(0, Math.floor(this.#random() * last.bytes.length)) }
  }

  /** Not read, because the other side does not keep up. */
  #isHeld({ side, up }: Pipe): boolean {
    const peer = this.#peerOf(side)
    return up[0]?.kind === 'bytes' && peer.pipe !== undefined && sizeOf(peer.pipe.down) > 64 * 1024
  }

  #peerOf(side: RelaySide): Half {
    return this.#halves[side === 'operator' ? 'device' : 'operator']
  }

  #moveUp(pipe: Pipe): void {
    const item = this.#take(pipe.up)
    const own = this.#halves[pipe.side]
    if (item.kind === 'hello') {
      this.#admit(pipe, item.authorization)
    } else if (own.pipe === pipe) {
      if (item.kind === 'bytes') this.#forward(own, item.bytes)
      else if (item.kind === 'text') this.#control(own, SideToRelay.parse(JSON.parse(item.text)))
      else if (item.code === 1000) this.#end(own.side)
      else this.#dropped(own)
    }
    if (item.kind === 'bytes' && pipe.waiting === 0 && !pipe.isOver) pipe.events.drained()
  }

  #moveDown(pipe: Pipe): void {
    const item = this.#take(pipe.down)
    if (item.kind === 'gone') {
      pipe.down.length = 0
      pipe.isOver = true
      const { code, status } = item
      pipe.events.closed({ ...(code === undefined ? {} : { code }), ...(status === undefined ? {} : { status }) })
    } else if (!pipe.isOver) {
      if (item.kind === 'bytes') pipe.events.bytes(item.bytes)
      else if (item.kind === 'text') pipe.events.text(item.text)
    }
  }

  /** The first item, or the first bytes of it. */
  #take(items: Item[]): Item {
    const item = items.shift()
    if (!item) throw new Error('nothing moves here')
    if (item.kind !== 'bytes' || item.bytes.length < 2 || this.#random() < 0.5) return item
    const at = 1 + Math.floor(this.#random() * (item.bytes.length - 1))
    items.unshift({ kind: 'bytes', bytes: item.bytes.subarray(at) })
    return { kind: 'bytes', bytes: item.bytes.subarray(0, at) }
  }

  #forward(own: Half, bytes: Uint8Array): void {
    own.former = undefined
    const { pipe } = this.#peerOf(own.side)
    if (!pipe || own.isRestarting) return
    for (const given of this.onForward(pipe.side, bytes)) pipe.down.push({ kind: 'bytes', bytes: given })
  }

  #control(own: Half, message: SideToRelay): void {
    this.said.push(message)
    own.former = undefined
    if (message.type === 'end') this.#end(own.side)
    else if (message.type === 'restart' && message.epoch === own.epoch) own.isRestarting = false
  }

  #admit(pipe: Pipe, authorization: string): void {
    const [scheme = '', credential = ''] = authorization.split(' ')
    this.shown.push(`${pipe.side} ${scheme}`)
    const own = this.#halves[pipe.side]
    const status = this.#refusal(own, scheme, credential)
    if (status !== undefined) {
      pipe.down.push({ kind: 'gone', status })
      return
    }
    if (own.pipe) {
      own.pipe.down.push({ kind: 'gone' })
      this.#dropped(own)
    }
    const returns = own.secret !== undefined
    const secret = someBytes(32).toString('base64url')
    own.former = own.secret
    own.secret = secret
    own.isRestarting = false
    own.pipe = pipe
    const peer = this.#peerOf(pipe.side)
    this.tell(pipe.side, {
      type: 'open',
      secret,
      graceMs: 30_000,
      peer: peer.pipe ? 'here' : peer.secret === undefined ? 'waiting' : 'dropped',
    })
    if (!peer.pipe) return
    if (returns) {
      peer.epoch += 1
      peer.isRestarting = true
      this.tell(peer.side, { type: 'back', epoch: peer.epoch })
    } else {
      this.tell(peer.side, { type: 'joined' })
    }
  }

  #refusal(own: Half, scheme: string, credential: string): number | undefined {
    if (scheme === 'Resume') {
      const secret = credential.split('.')[2]
      return !this.#hasEnded && secret !== undefined && (secret === own.secret || secret === own.former) ? undefined : 410
    }
    if (!this.#tickets.has(credential) || own.pipe) return 409
    this.#tickets.delete(credential)
    return undefined
  }

  #dropped(own: Half): void {
    own.pipe = undefined
    this.tell(this.#peerOf(own.side).side, { type: 'dropped', graceMs: 30_000 })
  }

  #end(by: RelaySide): void {
    this.#hasEnded = true
    for (const own of [this.#halves.operator, this.#halves.device]) {
      this.tell(own.side, { type: 'ended', reason: 'ended', by })
      own.pipe?.down.push({ kind: 'gone', code: 1000 })
      own.pipe = undefined
    }
  }
}
