import { expect, it } from 'vitest'
import { RoomId, TenantId } from '../../contract/ids.ts'
import { v7 } from 'uuid'
import { Absence } from './absence.ts'
import { Silences } from './silences.ts'

it('[ROM-1] a look that comes late is an absence of the service, once', () => {
  let up = 5_000
  const absence = new Absence(() => up, 10_000)
  const looks = [5_000, 10_000, 180_000, 5_000].map((ms) => {
    up += ms
    return absence.look()
  })
  expect(looks).toEqual([0, 0, 180_000, 0])
})

it('[ROM-1] what nobody could hear is no silence of a room, and what goes on after the grace is', () => {
  const silences = new Silences(60_000, 0)
  const room = RoomId.parse(v7())
  silences.expect(TenantId.parse(v7()), room, 1_000)
  silences.hold(300_000)
  expect(silences.due(299_999)).toEqual([])
  expect(silences.due(300_000)).toMatchObject([{ room }])
})
