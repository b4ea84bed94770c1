import type { Incident } from '../../contract/entities.ts'
import { RoomkeeperError } from '../../contract/errors.ts'
import type { IncidentId, RoomId } from '../../contract/ids.ts'
import type { IncidentView } from '../../contract/views.ts'
import type { CallHandlers } from '../bridge/dispatcher.ts'
import type { Console } from '../console.ts'
import type { Windows } from '../sync/windows.ts'
import type { OpenAccount } from '../tenants/account.ts'
import { roomHistory } from '../views/rooms.ts'
import { roomTimeline } from '../views/timeline.ts'

type Handlers = Pick<
  CallHandlers,
  'rooms.history' | 'rooms.older' | 'rooms.timeline' | 'incidents.past' | 'incidents.pastOfRoom' | 'incidents.pastEntries'
>

/** What happened: what is here of it, brought up to date where the service is reached, and what is older, from the service alone. */
export function historyHandlers(core: Console): Handlers {
  const holderOf = (kind: 'room' | 'incident', id: string): OpenAccount | undefined =>
    core.use(({ everything }) => {
      const shown = everything.holder(kind, id)
      return core.tenants.all.find((account) => account.shown === shown)
    })
  const windowsOf = (room: RoomId): Windows | undefined => holderOf('room', room)?.windows
  const needNetwork = (): void => {
    if (core.preferences.workOffline) throw new RoomkeeperError('network.offline')
  }
  /** An incident that no copy has, and whose it is: each organisation that is open is asked. */
  const pastIncident = async (id: IncidentId): Promise<{ account: OpenAccount; incident: Incident }> => {
    needNetwork()
    for (const account of core.use(() => core.tenants.all)) {
      const incident = await account.past.incident(id)
      if (incident !== undefined) return { account, incident }
    }
    throw new RoomkeeperError('incident.notFound')
  }
  const viewIn = ({ shown }: OpenAccount, incident: Incident): IncidentView =>
    core.use(({ everything }) => everything.tagged(shown, shown.incidentView(incident)))
  return {
    'rooms.history': async (input) => {
      const fresh = (await windowsOf(input.room)?.want(input.room)) ?? true
      return core.use(({ everything }) => ({ ...roomHistory(everything, input), away: !fresh }))
    },
    'rooms.older': async ({ room, before }) => {
      needNetwork()
      const windows = windowsOf(room)
      if (windows === undefined) throw new RoomkeeperError('room.notFound', { params: { room } })
      return windows.older(room, before)
    },
    'rooms.timeline': async ({ room, hours }) => {
      await windowsOf(room)?.want(room)
      return core.use(({ everything }) => roomTimeline(everything, room, hours, core.clock.now()))
    },
    'incidents.past': async ({ incident: id }) => {
      const { account, incident } = await pastIncident(id)
      return viewIn(account, incident)
    },
    'incidents.pastOfRoom': async ({ room }) => {
      needNetwork()
      const account = holderOf('room', room)
      if (account === undefined) throw new RoomkeeperError('room.notFound', { params: { room } })
      return { rows: (await account.past.ofRoom(room)).map((incident) => viewIn(account, incident)) }
    },
    'incidents.pastEntries': async ({ incident, after }) => {
      needNetwork()
      const { past } = holderOf('incident', incident) ?? (await pastIncident(incident)).account
      const { items, next } = await past.entries(incident, after)
      return { rows: items.map((entry) => ({ ...entry, pending: false })), ...(next === undefined ? {} : { next }) }
    },
  }
}
