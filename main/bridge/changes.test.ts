import { describe, expect, it } from 'vitest'
import { FakeClock } from '../../contract/testing/clock.ts'
import { idOf } from '../testing/documents.ts'
import { Changeset } from './changes.ts'

describe('changes', () => {
  it('are told at once, then gathered, with a revision that grows', () => {
    const clock = new FakeClock()
    const changes = new Changeset(clock)
    const heard: { revision: number; rooms?: readonly string[] }[] = []
    changes.listen((change) => heard.push(change))
    const room = (n: number) => changes.add({ kinds: ['room'], rooms: [idOf('room', n)], incidents: [] })
    room(1)
    expect(heard).toEqual([{ revision: 1, kinds: ['room'], rooms: [idOf('room', 1)], incidents: [] }])
    for (let n = 0; n < 50; n++) room(2 + (n % 2))
    expect(heard.length).toBe(1)
    clock.advance(30)
    expect(heard[1]).toEqual({ revision: 2, kinds: ['room'], rooms: [idOf('room', 2), idOf('room', 3)], incidents: [] })
    clock.advance(1_000)
    expect(heard.length).toBe(2)
    room(4)
    expect(heard.length).toBe(3)
  })

  it('of too many things, or of everything, name none, and come less often', () => {
    const clock = new FakeClock()
    const changes = new Changeset(clock)
    const heard: { rooms?: readonly string[] }[] = []
    changes.listen((change) => heard.push(change))
    changes.add({ kinds: ['room'], rooms: Array.from({ length: 1_001 }, (_, n) => idOf('room', n)), incidents: [] })
    expect(heard[0]?.rooms).toBeUndefined()
    changes.add({ kinds: ['room'] })
    clock.advance(30)
    expect(heard.length).toBe(1)
    clock.advance(170)
    expect(heard.length).toBe(2)
  })
})
