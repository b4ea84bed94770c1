import type { ErrorCode } from '../../../contract/errors.ts'
import type { SessionEnd, SessionGrant } from '../../../contract/remote.ts'
import type { DisplayId } from '../../../contract/remoteFacts.ts'
import { FakeClock } from '../../../contract/testing/clock.ts'
import { settle } from '../../../contract/testing/wait.ts'
import type { SessionRecorder } from '../parts.ts'
import { RemoteSession } from '../session.ts'
import { FakeLink, FakeParts, grantFor } from './fakes.ts'

/** A session between fakes, with all that is seen of it. */
export class Running {
  readonly clock = new FakeClock()
  parts = new FakeParts(this.clock)
  readonly ends: { reason: SessionEnd; restart: boolean }[] = []
  readonly notes: string[] = []
  /** What the recorder was told. */
  readonly recorded: string[] = []
  failRecording: (why: string) => void = () => undefined
  loseDisplay: (display: DisplayId, code: ErrorCode) => void = () => undefined
  #link: FakeLink | undefined

  get link(): FakeLink {
    if (!this.#link) throw new Error('no session has begun')
    return this.#link
  }

  begin(changes: Partial<SessionGrant> = {}): RemoteSession {
    const session = new RemoteSession({
      grant: grantFor(this.clock.now(), changes),
      parts: this.parts,
      link: (events) => (this.#link = new FakeLink(events)),
      recorder: changes.record
        ? (failed, lost) => {
            this.failRecording = failed
            this.loseDisplay = lost
            return this.#recorder()
          }
        : undefined,
      timers: this.clock,
      now: this.clock.now,
      times: { idleMs: 60_000, restartShownMs: 1_000 },
      onNote: (_level, text) => this.notes.push(text),
      onEnded: (reason, restart) => this.ends.push({ reason, restart }),
    })
    session.start()
    return session
  }

  /** What the device has said last. */
  get last() {
    return this.link.heard.at(-1)
  }

  async openScreen(channel = 1, display = 'console'): Promise<void> {
    this.link.say({ type: 'openScreen', channel, display })
    await settle()
    this.link.bytes(channel, handshake)
  }

  async openTerminal(channel = 1): Promise<void> {
    this.link.say({ type: 'openTerminal', channel, columns: 80, rows: 24 })
    await settle()
  }

  #recorder(): SessionRecorder {
    const { recorded } = this
    return {
      show: (display) => {
        recorded.push(`show ${display}`)
        return this.parts.unseen ? Promise.reject(this.parts.unseen) : Promise.resolve()
      },
      hide: (display) => recorded.push(`hide ${display}`),
      terminalOpened: (terminal, columns, rows) => recorded.push(`opened ${terminal} ${columns}×${rows}`),
      terminalResized: (terminal, columns, rows) => recorded.push(`resized ${terminal} ${columns}×${rows}`),
      terminalWrote: (terminal, bytes) => recorded.push(`wrote ${terminal} ${Buffer.from(bytes).toString()}`),
      terminalClosed: (terminal) => recorded.push(`closed ${terminal}`),
      finish: () => {
        recorded.push('finish')
        return Promise.resolve()
      },
    }
  }
}

/** What a viewer says until it may ask for pictures: RFB 3.8, no security, shared. */
export const handshake = Buffer.concat([Buffer.from('RFB 003.008\n'), Buffer.of(1), Buffer.of(1)])
