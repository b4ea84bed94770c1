import { z } from 'zod'
import { LinkId } from '../../../contract/ids.ts'
import type { TenantReader } from '../../ground/store/reader.ts'
import { withDevices } from '../../ground/store/rooms.ts'
import type { TenantFacts } from './facts.ts'

/** A tenant's policy as its tables have it, read without any of the product's own reading of it. */

const Members = z.array(z.object({ kind: z.enum(['person', 'group']), id: z.string() }))
const Scope = z.union([z.literal('all'), z.object({ rooms: z.array(z.string()), groups: z.array(z.string()) })])
const Rule = z
  .object({ conditions: z.array(z.object({ field: z.literal('building'), is: z.literal('equal'), value: z.string() })).length(1) })
  .nullable()
const Control = z.record(z.string(), z.enum(['automatic', 'manual']))

const fromJson = <T>(schema: z.ZodType<T>, text: string): T => schema.parse(JSON.parse(text))
const byId = <Row extends { readonly id: string }, T>(rows: readonly Row[], factOf: (row: Row) => T): Readonly<Record<string, T>> =>
  Object.fromEntries(rows.map((row) => [row.id, factOf(row)]))

const places = async (read: TenantReader): Promise<Pick<TenantFacts, 'rooms' | 'owners'>> => {
  const people = await read.tables.person().select(['id', 'directory', 'objectId']).execute()
  const keys = new Map(people.map(({ id, directory, objectId }) => [String(id), `${directory}/${objectId}`]))
  const incidents = await read.list('incident', { limit: 20 })
  return {
    rooms: byId(
      await withDevices(read, await read.list('room', { limit: 20 })),
      ({ id, name, place: { building }, lifecycle, device }) => ({
        ...{ id, name, building, lifecycle },
        device: device.id,
      }),
    ),
    owners: Object.fromEntries(incidents.flatMap(({ id, owner }) => (owner ? [[id, keys.get(owner.id) ?? owner.id]] : []))),
  }
}

export async function storedFacts(read: TenantReader): Promise<TenantFacts> {
  const { tables } = read
  const [link] = await tables.link().selectAll().execute()
  return {
    ...(await places(read)),
    roles: byId(await tables.role().selectAll().execute(), ({ link: of, name, permissions }) => ({
      link: of,
      name,
      permissions: fromJson(z.array(z.string()), permissions),
    })),
    groups: byId(await tables.roomGroup().selectAll().execute(), ({ name, rooms, rule }) => ({
      name,
      rooms: fromJson(z.array(z.string()), rooms),
      building: rule === null ? null : (fromJson(Rule, rule)?.conditions[0]?.value ?? null),
    })),
    assignments: byId(await tables.assignment().selectAll().execute(), (row) => ({
      link: row.link,
      role: row.role,
      name: row.name,
      description: row.description,
      members: fromJson(Members, row.members),
      scope: fromJson(Scope, row.scope),
      builtIn: row.builtIn === 1,
    })),
    link: link
      ? {
          id: LinkId.parse(link.id),
          active: link.status === 'active',
          scope: fromJson(Scope, link.scope),
          manual: fromJson(Control, link.changeControl)['rooms'] === 'manual',
          remoteAccess: link.remoteAccess === 1,
          multiFactor: link.multiFactor === 1,
        }
      : null,
  }
}
