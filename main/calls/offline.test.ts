import { join } from 'node:path'
import fc from 'fast-check'
import { v7 } from 'uuid'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { may } from '../../contract/access.ts'
import { alsoNeeded, commandNeeds, QueuedCommand } from '../../contract/commands.ts'
import { type ErrorCode, RoomkeeperError } from '../../contract/errors.ts'
import { accessOf, resolvePolicy } from '../../contract/evaluate.ts'
import type { RoomId } from '../../contract/ids.ts'
import { someBytes } from '../../contract/testing/chance.ts'
import { modelEverywhere, modelManages, modelMay } from '../../contract/testing/model.ts'
import { policies, requests, rooms, subjects } from '../../contract/testing/policies.ts'
import { fakeSystem } from '../../contract/testing/system.ts'
import { Outbox } from '../outbox/outbox.ts'
import { OutboxStore } from '../outbox/store.ts'
import { bytesOf, openTestCache, type TestCache } from '../testing/cache.ts'
import { idOf, makeIncident, makeRoom, personId, rowOf, tenantId } from '../testing/documents.ts'
import { tempFolder } from '../testing/fakes.ts'
import { Shown } from '../views/shown.ts'
import { submitCommand } from './submit.ts'

/** What the console answers offline is what the service would (ACC-6): the same rule, from the synced `me` row. */

let cache: TestCache
let folder: ReturnType<typeof tempFolder>
let outbox: Outbox
let shown: Shown
let revision = 1

const incidentOf = (room: RoomId): string => idOf('incident', rooms.findIndex(({ id }) => id === room) + 1)

beforeAll(() => {
  cache = openTestCache()
  folder = tempFolder()
  outbox = new Outbox(OutboxStore.open(join(folder.path, 'outbox.db'), someBytes(32), 1).store, fakeSystem())
  cache.fill(
    rooms.flatMap(({ id, name }, n) => [
      rowOf('room', makeRoom(n, { id, name })),
      rowOf('incident', { ...makeIncident(n + 1, 1), id: incidentOf(id) as never, room: id }),
    ]),
    'c1',
  )
  shown = new Shown(cache.reader, outbox)
})
afterAll(() => {
  shown.close()
  outbox.close()
  cache.remove()
  folder.remove()
})

/** The person's row as the feed brings it: written, read, parsed. */
function sync(me: { id: string }): void {
  const row = rowOf('me', me, ++revision)
  const { change } = cache.writer.feed(
    bytesOf({ type: 'batch', scope: 1, from: `c${revision - 1}`, to: `c${revision}`, rows: [row], behind: 0 }),
    1,
  )
  if (change === undefined) throw new Error('the row was not taken')
  shown.cacheChanged(change)
}

/** What becomes of the command here; 'taken': it is in the outbox (and is taken out again). */
function submitted(command: QueuedCommand): 'taken' | ErrorCode {
  try {
    outbox.discard(submitCommand(shown, command))
    return 'taken'
  } catch (error) {
    if (error instanceof RoomkeeperError) return error.code
    throw error
  }
}

const someRooms = fc.subarray(
  rooms.map(({ id }) => id),
  { minLength: 1, maxLength: 3 },
)
const changes = fc.constantFrom({ flapCount: 3 }, { remoteAccess: false }, { recordSessions: true, flapCount: 3 })
const commands = fc
  .tuple(fc.constantFrom(...QueuedCommand.options.map((option) => option.shape.type.value)), someRooms, changes)
  .map(([type, on, changes]) => {
    const [room = rooms[0]!.id] = on
    const two = [room, on[1] ?? rooms.find(({ id }) => id !== room)?.id ?? room]
    const some = type === 'rooms.rename' ? [room] : type === 'rooms.replace' ? two : on
    const suppression = { suppression: v7(), groups: [], signals: null, reason: 'typed', from: null, until: null, recurrence: null }
    const issue = { report: v7(), incidents: some.map(() => v7()), high: false }
    const more = { ...suppression, ...issue, ring: 'Staging', licence: 'basic', name: 'Another name', place: { floor: '9' } }
    const command = QueuedCommand.parse({
      type,
      rooms: some,
      incident: incidentOf(room),
      text: 'typed',
      owner: null,
      alone: true,
      changes,
      ...more,
    })
    return { command, about: aboutOf(type, some, room) }
  })

/** The rooms on which the console looks. Over which a suppression is that it names by its id, the service knows. */
function aboutOf(type: QueuedCommand['type'], some: readonly RoomId[], room: RoomId): readonly RoomId[] {
  if (type === 'settings.change' || type === 'suppression.end' || type === 'suppression.confirm') return []
  return namesRooms(type) ? some : [room]
}

const namesRooms = (type: QueuedCommand['type']): boolean =>
  type.startsWith('rooms.') || type === 'suppression.save' || type === 'issue.report'

describe('[ACC-6] the answer of the console', () => {
  it('is that of the service, for any policy, person, permission, room and command', () => {
    fc.assert(
      fc.property(
        policies,
        subjects,
        fc.array(requests, { maxLength: 20 }),
        fc.array(commands, { minLength: 1, maxLength: 6 }),
        (policy, subject, asked, done) => {
          const access = accessOf(resolvePolicy(policy, rooms), subject)
          sync({ id: personId, tenant: tenantId, name: 'Anyone', email: 'anyone@contoso.example', access } as { id: string })
          const mirrored = shown.me!.access
          for (const { permission, room } of asked)
            expect(may(mirrored, permission, room)).toBe(modelMay(policy, rooms, subject, permission, room))
          for (const { command, about } of done) {
            const { permission, about: over } = commandNeeds[command.type]
            const remote = command.type === 'settings.change' && Object.keys(command.changes).some((name) => name !== 'flapCount')
            const also = alsoNeeded[command.type]
            const mayAt = (room?: RoomId) =>
              modelMay(policy, rooms, subject, permission, room) && (also === undefined || modelMay(policy, rooms, subject, also, room))
            const any =
              (over === 'tenant' ? modelEverywhere(policy, subject, permission) : mayAt()) && (!remote || modelManages(policy, subject))
            const all = any && about.every((room) => mayAt(room))
            const hidden = namesRooms(command.type) ? 'room.notFound' : 'incident.notFound'
            expect(submitted(command)).toBe(all ? 'taken' : any ? hidden : 'access.denied')
          }
        },
      ),
      { numRuns: 120 },
    )
  })
})
