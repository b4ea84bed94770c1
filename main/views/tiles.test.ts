import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import { QueuedCommand } from '../../contract/commands.ts'
import { RoomId } from '../../contract/ids.ts'
import { submitCommand } from '../calls/submit.ts'
import { TestCopy } from '../testing/copy.ts'
import { idOf, makeMe, makeRoom, rowOf } from '../testing/documents.ts'
import { roomTiles } from './tiles.ts'

let copy: TestCopy
beforeEach(() => {
  copy = new TestCopy()
})
afterEach(() => copy.close())

const room = (n: number, building: string, floor: string, changes: Parameters<typeof makeRoom>[1] = {}) =>
  rowOf('room', makeRoom(n, { ...changes, place: { ...makeRoom(n).place, building, floor } }))
const tiles = (input: Partial<Parameters<typeof roomTiles>[1]> = {}) =>
  roomTiles(copy.picture(), { filter: {}, offset: 0, limit: 2_000, ...input })

describe('[ROM-2] tiles of rooms', () => {
  it('stand by building and name, with what a tile shows of each', () => {
    copy.load([
      rowOf('me', makeMe()),
      room(1, 'North', '2', { name: 'B 12', health: 'unhealthy' }),
      room(2, 'North', '1', { name: 'B 2' }),
      room(3, 'Alpha', '', { name: 'C', lifecycle: 'onboarding' }),
    ])
    expect(tiles().rows).toEqual([
      { id: idOf('room', 3), name: 'C', building: 'Alpha', floor: '', state: 'onboarding' },
      { id: idOf('room', 2), name: 'B 2', building: 'North', floor: '1', state: 'healthy' },
      { id: idOf('room', 1), name: 'B 12', building: 'North', floor: '2', state: 'unhealthy' },
    ])
    expect(tiles({ offset: 1, limit: 1 })).toMatchObject({ total: 3, rows: [{ name: 'B 2' }] })
    expect(tiles({ filter: { states: ['unhealthy'] } }).rows.map(({ name }) => name)).toEqual(['B 12'])
    expect(tiles({ filter: { search: 'b' } }).rows.map(({ name }) => name)).toEqual(['B 2', 'B 12'])
  })

  it('[CON-3] have the state that one’s own unsent changes make', () => {
    copy.load([rowOf('me', makeMe()), room(3, 'Alpha', '', { name: 'C', lifecycle: 'onboarding' })])
    submitCommand(copy.shown, QueuedCommand.parse({ type: 'rooms.enrol', rooms: [RoomId.parse(idOf('room', 3))] }))
    expect(tiles().rows.map(({ state }) => state)).not.toContain('onboarding')
  })
})
