import { z } from 'zod'
import { may } from '../../contract/access.ts'
import { RoomkeeperError } from '../../contract/errors.ts'
import { SuppressionId } from '../../contract/ids.ts'
import { limits } from '../../contract/limits.ts'
import { HiddenList, SuppressionList, SuppressionQuery } from '../../contract/suppression.ts'
import type { Plugin } from '../ground/deps.ts'
import { callerOf } from '../ground/http/routeAccess.ts'
import type { SuppressionDeps } from './deps.ts'
import { listSuppressions } from './list.ts'

/** Suppressions as whoever sees their rooms may know them. */
export const suppressionRoutes: Plugin<SuppressionDeps> = (app, { store, clock }) => {
  app.get(
    '/v1/suppressions',
    {
      config: { access: { permission: 'rooms.view' } },
      schema: {
        operationId: 'listSuppressions',
        summary: 'Suppressions and maintenance windows, a page at a time',
        tags: ['rooms'],
        querystring: SuppressionQuery,
        response: { 200: SuppressionList },
      },
    },
    async (request) => {
      const caller = callerOf(request)
      return listSuppressions(
        store.read(caller.tenant, 'wholeTenant'),
        store.read(caller.tenant, caller.reach),
        caller,
        request.query,
        clock.now(),
      )
    },
  )

  app.get(
    '/v1/suppressions/:suppression/hidden',
    {
      config: { access: { permission: 'rooms.view' } },
      schema: {
        operationId: 'listHiddenFaults',
        summary: 'What a suppression hid in the rooms that one may see',
        tags: ['rooms'],
        params: z.object({ suppression: SuppressionId }),
        response: { 200: HiddenList },
      },
    },
    async (request) => {
      const { tenant, access, reach } = callerOf(request)
      const { tables } = store.read(tenant, 'wholeTenant')
      const { suppression } = request.params
      const members = await tables.suppressionRoom().select('room').where('suppression', '=', suppression).execute()
      const rooms = new Set(members.map(({ room }) => room).filter((room) => may(access, 'rooms.view', room)))
      if (rooms.size === 0) throw new RoomkeeperError('suppression.notFound')
      const all = await tables.hiddenFault().selectAll().where('suppression', '=', suppression).orderBy('since').execute()
      const seen = all.filter(({ room }) => rooms.has(room))
      const some = seen.slice(0, limits.hiddenRows)
      const named = await store.read(tenant, reach).getMany(
        'room',
        some.map(({ room }) => room),
      )
      const items = some.map(({ room, signal, times, since, until }) => ({
        room,
        roomName: named.get(room)?.name ?? '',
        signal,
        times,
        since,
        until,
      }))
      return { items, total: seen.length }
    },
  )
}
