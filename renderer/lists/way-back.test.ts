import { describe, expect, it } from 'vitest'
import { backToRooms, leftList } from './way-back.ts'

describe('[CON-4] the way back from a room', () => {
  it('leads to the list with its filters, however many other screens were between', () => {
    expect(backToRooms()).toBe('/rooms')
    leftList({ name: 'rooms', fullPath: '/rooms?search=lab&states=unhealthy' })
    leftList({ name: 'room', fullPath: '/rooms/1/history' })
    leftList({ name: 'incidents', fullPath: '/incidents?chip=mine' })
    expect(backToRooms()).toBe('/rooms?search=lab&states=unhealthy')
    leftList({ name: 'rooms', fullPath: '/rooms' })
    expect(backToRooms()).toBe('/rooms')
  })
})
