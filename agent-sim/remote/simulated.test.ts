import { describe, expect, it } from 'vitest'
import { FakeClock } from '../../contract/testing/clock.ts'
import { SimulatedDevice } from '../devices/simulated.ts'
import { SimulatedParts } from './simulated.ts'

const place = { country: 'France', city: 'Lyon', building: 'Lyon', floor: '1', timeZone: 'Europe/Paris' }

describe('a simulated device', () => {
  it('shows everybody in the room who is there, and that it is recorded', async () => {
    const clock = new FakeClock()
    const device = new SimulatedDevice({ roomName: 'Lyon 1.14', place, seed: 1, boot: 'boot' })
    const parts = await SimulatedParts.of({
      device,
      now: clock.now,
      timers: clock,
      onNote: () => undefined,
      restart: () => undefined,
      onAsked: () => undefined,
    })
    if (!parts) throw new Error('nothing is offered')
    const { picture, close } = await parts.look('console')
    const all = { x: 0, y: 0, width: picture.width, height: picture.height }
    const undo = picture.onDamage(() => undefined)
    const shown = (session: Parameters<SimulatedParts['ring']>[0]) => {
      parts.ring(session)
      return Buffer.from(picture.read(all))
    }
    const before = shown(undefined)
    const looking = shown({ who: 'Ada Lovelace', mode: 'view', recorded: false })
    const recorded = shown({ who: 'Ada Lovelace', mode: 'view', recorded: true })
    // A red edge.
    expect([...looking.subarray(0, 3)].map((value) => Math.round(value / 128))).toEqual([2, 0, 0])
    expect(looking.equals(before)).toBe(false)
    expect(recorded.equals(looking)).toBe(false)
    expect(shown(undefined).equals(before)).toBe(true)
    undo()
    close()
    expect(clock.waiting).toBe(0)
  })
})
