import { z } from 'zod'
import { EntryList, IncidentList, IncidentQuery, ListQuery, RoomList, RoomQuery } from '../../contract/api.ts'
import { type Doc, Incident, Room } from '../../contract/entities.ts'
import { RoomkeeperError } from '../../contract/errors.ts'
import { IncidentId, RoomId } from '../../contract/ids.ts'
import { limits } from '../../contract/limits.ts'
import { dayMs, kept } from '../../contract/retention.ts'
import { TransitionPage, TransitionQuery } from '../../contract/transitions.ts'
import type { Plugin } from '../ground/deps.ts'
import { callerOf } from '../ground/http/routeAccess.ts'
import type { TenantReader } from '../ground/store/reader.ts'
import { readRoom, withDevices } from '../ground/store/rooms.ts'

/** Rooms and incidents for scripts; consoles follow the feed instead. */
export const roomRoutes: Plugin = (app, { store, clock }) => {
  app.get(
    '/v1/rooms',
    {
      config: { access: { permission: 'rooms.view' } },
      schema: {
        operationId: 'listRooms',
        summary: 'Rooms, a page at a time',
        tags: ['rooms'],
        querystring: RoomQuery,
        response: { 200: RoomList },
      },
    },
    async (request) => {
      const { tenant, reach } = callerOf(request)
      const { after, limit, name } = request.query
      const read = store.read(tenant, reach)
      if (name !== undefined) return roomsNamed(read, name.toLocaleLowerCase(), after ?? '', limit)
      const items = await read.list('room', { limit, ...(after === undefined ? {} : { after }) })
      return { items: await withDevices(read, items), total: await read.count('room'), ...nextOf(items, limit) }
    },
  )

  app.get(
    '/v1/rooms/:room',
    {
      config: { access: { permission: 'rooms.view', room: 'room' } },
      schema: {
        operationId: 'getRoom',
        summary: 'A room with its signals',
        tags: ['rooms'],
        params: z.object({ room: RoomId }),
        response: { 200: Room },
      },
    },
    async (request) => {
      const { tenant, reach } = callerOf(request)
      const room = await readRoom(store.read(tenant, reach), request.params.room)
      if (!room) throw new RoomkeeperError('access.outOfScope')
      return room
    },
  )

  app.get(
    '/v1/rooms/:room/transitions',
    {
      config: { access: { permission: 'rooms.view', room: 'room' } },
      schema: {
        operationId: 'listRoomTransitions',
        summary: 'What happened to a room, the newest first, a page at a time',
        tags: ['rooms'],
        params: z.object({ room: RoomId }),
        querystring: TransitionQuery,
        response: { 200: TransitionPage },
      },
    },
    async (request) => {
      const { tenant, reach } = callerOf(request)
      const read = store.read(tenant, reach)
      if (!(await read.get('room', request.params.room))) throw new RoomkeeperError('access.outOfScope')
      return {
        ...(await read.transitions(request.params.room, request.query)),
        keptSince: Math.max(0, clock.now() - kept.transitionDays * dayMs),
      }
    },
  )

  app.get(
    '/v1/incidents',
    {
      config: { access: { permission: 'incidents.view' } },
      schema: {
        operationId: 'listIncidents',
        summary: 'Incidents, a page at a time',
        tags: ['incidents'],
        querystring: IncidentQuery,
        response: { 200: IncidentList },
      },
    },
    async (request) => {
      const { tenant, reach } = callerOf(request)
      const { after, limit, status, room } = request.query
      const read = store.read(tenant, reach)
      const filter = {
        past: true,
        ...(room === undefined ? {} : { room }),
        ...(status === undefined ? {} : { states: status === 'open' ? ['needAction', 'investigating'] : [status] }),
      }
      const items = await read.list('incident', { limit, ...filter, ...(after === undefined ? {} : { after }) })
      return { items, total: await read.count('incident', filter), ...nextOf(items, limit) }
    },
  )

  app.get(
    '/v1/incidents/:incident',
    {
      config: { access: { permission: 'incidents.view' } },
      schema: {
        operationId: 'getIncident',
        summary: 'An incident',
        tags: ['incidents'],
        params: z.object({ incident: IncidentId }),
        response: { 200: Incident },
      },
    },
    async (request) => {
      const { tenant, reach } = callerOf(request)
      const incident = await store.read(tenant, reach).get('incident', request.params.incident)
      if (!incident) throw new RoomkeeperError('access.outOfScope')
      return incident
    },
  )

  app.get(
    '/v1/incidents/:incident/entries',
    {
      config: { access: { permission: 'incidents.view' } },
      schema: {
        operationId: 'listIncidentEntries',
        summary: 'The history of an incident, the newest first, a page at a time',
        tags: ['rooms'],
        params: z.object({ incident: IncidentId }),
        querystring: ListQuery,
        response: { 200: EntryList },
      },
    },
    async (request) => {
      const { tenant, reach } = callerOf(request)
      const { after, limit } = request.query
      const { incident } = request.params
      const read = store.read(tenant, reach)
      const about = await read.get('incident', incident)
      if (!about) throw new RoomkeeperError('access.outOfScope')
      const filter = { past: true, room: about.room, states: [incident] }
      const items = await read.list('entry', { ...filter, limit, descending: true, ...(after === undefined ? {} : { after }) })
      return { items, total: await read.count('entry', filter), ...nextOf(items, limit) }
    },
  )
}

/** Where the next page starts, if this one is full. */
function nextOf(items: readonly { id: string }[], limit: number): { next?: string } {
  const last = items.at(-1)
  return last && items.length === limit ? { next: last.id } : {}
}

/** Rooms with this in their name. Reads all rooms within the scope, a page at a time, so that others are served too. */
async function roomsNamed(read: TenantReader, name: string, after: string, limit: number): Promise<z.infer<typeof RoomList>> {
  const items: Doc<'room'>[] = []
  let total = 0
  let from = ''
  for (;;) {
    const page = await read.list('room', { limit: limits.listRows, after: from })
    for (const room of page) {
      if (!room.name.toLocaleLowerCase().includes(name)) continue
      total += 1
      if (room.id > after && items.length < limit) items.push(room)
    }
    const last = page.at(-1)
    if (!last || page.length < limits.listRows) return { items: await withDevices(read, items), total, ...nextOf(items, limit) }
    from = last.id
  }
}
