import { z } from 'zod'
import { RoomMoment, RoomMomentQuery } from '../../contract/api.ts'
import { kindOf } from '../../contract/entities.ts'
import { RoomkeeperError } from '../../contract/errors.ts'
import { RoomId } from '../../contract/ids.ts'
import { limits } from '../../contract/limits.ts'
import type { Transition } from '../../contract/transitions.ts'
import type { Plugin } from '../ground/deps.ts'
import { callerOf } from '../ground/http/routeAccess.ts'
import type { TenantReader } from '../ground/store/reader.ts'
import { lastCheckpoint } from './checkpoints.ts'
import { stateAt } from './replay.ts'
import { Rules, TenantRules } from './rules.ts'
import { countsOf, memories } from './state.ts'

/** Rooms at moments that are past. */
export const incidentRoutes: Plugin = (app, { store, clock }) => {
  app.get(
    '/v1/rooms/:room/state',
    {
      config: { access: { permission: 'rooms.view', room: 'room' } },
      schema: {
        operationId: 'getRoomState',
        summary: 'A room as it was at a moment',
        tags: ['rooms'],
        params: z.object({ room: RoomId }),
        querystring: RoomMomentQuery,
        response: { 200: RoomMoment },
      },
    },
    async (request) => {
      const { tenant, reach } = callerOf(request)
      const { room } = request.params
      const at = Math.min(request.query.at, clock.now())
      const read = store.read(tenant, reach)
      if (!(await read.get('room', room))) throw new RoomkeeperError('access.outOfScope')
      return momentOf(read, room, at)
    },
  )
}

async function momentOf(read: TenantReader, room: RoomId, at: number): Promise<RoomMoment> {
  const device = await read.get('device', room)
  const checkpoint = await lastCheckpoint(read, room, at)
  if (checkpoint === undefined || !device) return { at, checkpointAt: null, state: null }
  const settings = (await rulesOf(read)).map((rules) => rules.for(kindOf(device.device)))
  const state = stateAt(checkpoint, await happenedSince(read, room, checkpoint.at + 1), settings, at)
  const { lifecycle, health, healthSince, contact } = state
  const signals: NonNullable<RoomMoment['state']>['signals'] = {}
  for (const [signal, { value, since }] of memories(state)) signals[signal] = { value, since }
  return {
    at,
    checkpointAt: checkpoint.at,
    state: { lifecycle, health, healthSince, connected: contact === 'connected', signals, incidents: countsOf(state) },
  }
}

/** What the service took in of a room from this moment on (UTC ms). */
async function happenedSince(read: TenantReader, room: RoomId, since: number): Promise<Transition[]> {
  const all: Transition[] = []
  for (let before: string | undefined; ;) {
    const page = await read.transitions(room, { since, limit: limits.listRows, ...(before === undefined ? {} : { before }) })
    all.push(...page.items)
    if (page.next === undefined) return all
    before = page.next
  }
}

async function rulesOf(read: TenantReader): Promise<Rules[]> {
  const rows = await read.tables.settingsHistory().select(['validFrom', 'body']).orderBy('validFrom').execute()
  return rows.map(({ validFrom, body }) => new Rules(TenantRules.parse(JSON.parse(body)), validFrom))
}
