import { RoomkeeperError } from '../../contract/errors.ts'
import type { RoomId } from '../../contract/ids.ts'
import type { CallHandlers } from '../bridge/dispatcher.ts'
import type { Console } from '../console.ts'
import type { Windows } from '../sync/windows.ts'
import { roomHistory } from '../views/rooms.ts'
import { roomTimeline } from '../views/timeline.ts'

type Handlers = Pick<CallHandlers, 'rooms.history' | 'rooms.older' | 'rooms.timeline'>

/** What happened: what is here of it, brought up to date where the service is reached, and what is older, from the service alone. */
export function historyHandlers(core: Console): Handlers {
  const windowsOf = (room: RoomId): Windows | undefined =>
    core.use(({ everything }) => {
      const shown = everything.holder('room', room)
      return core.tenants.all.find((account) => account.shown === shown)?.windows
    })
  return {
    'rooms.history': async (input) => {
      const fresh = (await windowsOf(input.room)?.want(input.room)) ?? true
      return core.use(({ everything }) => ({ ...roomHistory(everything, input), away: !fresh }))
    },
    'rooms.older': async ({ room, before }) => {
      if (core.preferences.workOffline) throw new RoomkeeperError('network.offline')
      const windows = windowsOf(room)
      if (windows === undefined) throw new RoomkeeperError('room.notFound', { params: { room } })
      return windows.older(room, before)
    },
    'rooms.timeline': async ({ room, hours }) => {
      await windowsOf(room)?.want(room)
      return core.use(({ everything }) => roomTimeline(everything, room, hours, core.clock.now()))
    },
  }
}
