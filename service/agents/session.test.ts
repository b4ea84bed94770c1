import { expect, it } from 'vitest'
import { AgentSession, AgentSocket } from './session.ts'

/** A socket that is connected to nothing. */
class StillSocket extends AgentSocket {
  reads = true
  constructor() {
    super('ws://127.0.0.1:9', { lookup: () => undefined })
    this.on('error', () => undefined)
  }
  override pause(): void {
    this.reads = false
  }
  override resume(): void {
    this.reads = true
  }
}

it('[rule 13] a device is read from again only when both the intake and its own budget allow', () => {
  const socket = new StillSocket()
  const session = new AgentSession(socket, { receive: () => undefined, broken: () => undefined, gone: () => undefined }, '', 0)
  for (const [first, second] of [
    ['paused', 'crowded'],
    ['crowded', 'paused'],
  ] as const) {
    session.pause('paused')
    session.pause('crowded')
    session.resume(first)
    expect(socket.reads).toBe(false)
    session.resume(second)
    expect(socket.reads).toBe(true)
  }
  socket.terminate()
})
