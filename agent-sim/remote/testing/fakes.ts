import { v7 } from 'uuid'
import type { ErrorCode } from '../../../contract/errors.ts'
import { DeviceId, PersonId, RoomId, SessionId, TenantId } from '../../../contract/ids.ts'
import { controlChannel, DeviceToConsole, type SessionEnd, type SessionGrant } from '../../../contract/remote.ts'
import type { DisplayId, RemoteFacts } from '../../../contract/remoteFacts.ts'
import type { Link, LinkOptions, LinkState } from '../../../contract/sealed/interfaces.ts'
import type { Timers } from '../../../contract/system.ts'
import type { Rect, Screen } from '../../rfb/interfaces.ts'
import { serveScreen } from '../../rfb/server.ts'
import type { Terminal } from '../../terminal/terminal.ts'
import type { Look, Reached, RemoteParts } from '../parts.ts'

/** A grant of `modify` with everything, over a day from `now` (ms), unless told otherwise. */
export function grantFor(now: number, changes: Partial<SessionGrant> = {}): SessionGrant {
  return {
    iss: 'test service',
    sid: SessionId.parse(v7()),
    tenant: TenantId.parse(v7()),
    room: RoomId.parse(v7()),
    device: DeviceId.parse(v7()),
    operator: { id: PersonId.parse(v7()), name: 'Ada Lovelace' },
    mode: 'modify',
    displays: ['console', 'frontOfRoom1', 'frontOfRoom2'],
    terminal: true,
    record: false,
    key: 'k'.repeat(43),
    iat: now / 1_000,
    exp: now / 1_000 + 3_600,
    ...changes,
  }
}

/** The device's end of a link, with the console played by a test. */
export class FakeLink implements Link {
  state: LinkState = { state: 'connecting' }
  readonly sent: { channel: number; bytes: Uint8Array }[] = []
  /** Whether `send` says that there is room. */
  hasRoom = true
  paused = false
  started = false
  endedAs: SessionEnd | undefined
  readonly events: Pick<LinkOptions, 'onFrame' | 'onState' | 'onRoom'>

  constructor(events: Pick<LinkOptions, 'onFrame' | 'onState' | 'onRoom'>) {
    this.events = events
  }

  start(): void {
    this.started = true
    this.state = { state: 'live' }
  }

  send(channel: number, bytes: Uint8Array): boolean {
    this.sent.push({ channel, bytes: Uint8Array.from(bytes) })
    return this.hasRoom
  }

  pause(): void {
    this.paused = true
  }

  resume(): void {
    this.paused = false
  }

  end(reason: SessionEnd): void {
    this.endedAs = reason
    this.is({ state: 'ended', reason })
  }

  is(state: LinkState): void {
    this.state = state
    this.events.onState(state)
  }

  /** The console says something; anything at all. */
  say(message: unknown): void {
    this.bytes(controlChannel, Buffer.from(JSON.stringify(message)))
  }

  bytes(channel: number, bytes: Uint8Array): void {
    this.events.onFrame(channel, bytes)
  }

  /** What the device has said. */
  get heard(): DeviceToConsole[] {
    return this.sent
      .filter(({ channel }) => channel === controlChannel)
      .map(({ bytes }) => DeviceToConsole.parse(JSON.parse(Buffer.from(bytes).toString('utf8'))))
  }

  /** All bytes that came over a channel. */
  on(channel: number): Buffer {
    return Buffer.concat(this.sent.filter((frame) => frame.channel === channel).map(({ bytes }) => bytes))
  }
}

/** A screen that remembers what reached it. */
export class FakeScreen implements Screen {
  readonly name = 'fake'
  width = 128
  height = 128
  readonly input: string[] = []
  readonly #damaged = new Set<(rect: Rect) => void>()
  readonly #sized = new Set<() => void>()
  #pixels = Buffer.alloc(this.width * this.height * 4, 255)

  read({ x, y, width, height }: Rect): Uint8Array {
    const answer = Buffer.alloc(width * height * 4)
    for (let row = 0; row < height; row += 1) {
      const from = ((y + row) * this.width + x) * 4
      this.#pixels.copy(answer, row * width * 4, from, from + width * 4)
    }
    return answer
  }

  get watched(): boolean {
    return this.#damaged.size > 0
  }

  onDamage(listener: (rect: Rect) => void) {
    this.#damaged.add(listener)
    return () => void this.#damaged.delete(listener)
  }

  onSize(listener: () => void) {
    this.#sized.add(listener)
    return () => void this.#sized.delete(listener)
  }

  /** Draws one pixel, and tells more than that. */
  draw(x: number, y: number, value: number): void {
    this.#pixels.writeUInt32LE((value | 0xff000000) >>> 0, (y * this.width + x) * 4)
    for (const listener of this.#damaged) listener({ x: 0, y: 0, width: this.width, height: this.height })
  }

  resize(width: number, height: number): void {
    this.width = width
    this.height = height
    this.#pixels = Buffer.alloc(width * height * 4, 255)
    for (const listener of this.#sized) listener()
  }

  pointer(x: number, y: number, buttons: number): void {
    this.input.push(`pointer ${x} ${y} ${buttons}`)
  }

  key(keysym: number, down: boolean): void {
    this.input.push(`key ${keysym} ${down ? 'down' : 'up'}`)
  }

  cutText(text: string): void {
    this.input.push(`cut ${text}`)
  }

  onCutText() {
    return () => undefined
  }
}

/** A terminal whose program is a test. */
export class FakeTerminal implements Terminal {
  readonly typed: string[] = []
  size = ''
  started = false
  paused = false
  killed = 0
  fails: Error | undefined
  readonly #bytes = new Set<(bytes: Uint8Array) => void>()
  readonly #ends = new Set<() => void>()

  start(columns: number, rows: number): Promise<void> {
    if (this.fails) return Promise.reject(this.fails)
    this.started = true
    this.resize(columns, rows)
    return Promise.resolve()
  }

  write(bytes: Uint8Array): void {
    this.typed.push(Buffer.from(bytes).toString('utf8'))
  }

  resize(columns: number, rows: number): void {
    this.size = `${columns}×${rows}`
  }

  onBytes(listener: (bytes: Uint8Array) => void) {
    this.#bytes.add(listener)
    return () => void this.#bytes.delete(listener)
  }

  onEnd(listener: () => void) {
    this.#ends.add(listener)
    return () => void this.#ends.delete(listener)
  }

  pause(): void {
    this.paused = true
  }

  resume(): void {
    this.paused = false
  }

  kill(): void {
    this.killed += 1
  }

  prints(text: string): void {
    for (const listener of this.#bytes) listener(Buffer.from(text))
  }

  exits(): void {
    for (const listener of this.#ends) listener()
  }
}

/** A device of one fake screen for each display, served by the real RFB server. */
export class FakeParts implements RemoteParts {
  readonly facts: RemoteFacts
  readonly timers: Timers
  readonly rings: (string | undefined)[] = []
  readonly terminals: FakeTerminal[] = []
  readonly screen = new FakeScreen()
  readonly lost = new Set<(code: ErrorCode) => void>()
  unreachable: Error | undefined
  unseen: Error | undefined
  reached = 0
  looks = 0
  shownRestarting = 0
  restarts = 0
  closes = 0

  constructor(timers: Timers, facts: RemoteFacts = { displays: ['console', 'frontOfRoom1'], terminal: true, restart: true }) {
    this.timers = timers
    this.facts = facts
  }

  reach(_display: DisplayId): Promise<Reached> {
    if (this.unreachable) return Promise.reject(this.unreachable)
    this.reached += 1
    return Promise.resolve({
      serve: (options) => serveScreen({ ...options, screen: this.screen, timers: this.timers }),
      close: () => {
        this.reached -= 1
      },
    })
  }

  look(_display: DisplayId): Promise<Look> {
    if (this.unseen) return Promise.reject(this.unseen)
    this.looks += 1
    return Promise.resolve({
      picture: this.screen,
      onLost: (listener) => {
        this.lost.add(listener)
        return () => void this.lost.delete(listener)
      },
      close: () => {
        this.looks -= 1
      },
    })
  }

  terminal(): Promise<Terminal> {
    const made = new FakeTerminal()
    this.terminals.push(made)
    return Promise.resolve(made)
  }

  ring(session: Parameters<RemoteParts['ring']>[0]): void {
    this.rings.push(session?.who)
  }

  restarting(): void {
    this.shownRestarting += 1
  }

  restart(): void {
    this.restarts += 1
  }

  close(): void {
    this.closes += 1
  }
}
