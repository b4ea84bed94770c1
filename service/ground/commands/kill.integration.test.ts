import { v7 } from 'uuid'
import { afterEach, beforeEach, expect, it } from 'vitest'
import { type z } from 'zod'
import type { CommandRequest } from '../../../contract/commands.ts'
import { Entry } from '../../../contract/entities.ts'
import { SnapshotPage } from '../../../contract/feed.ts'
import { CommandKey, type IncidentId } from '../../../contract/ids.ts'
import type { TestDevice } from '../../testing/agents/device.ts'
import { demo, makeFolder, removeFolder, TestService } from '../../testing/process.ts'
import { breakCamera, makeRooms } from '../../testing/rooms.ts'

let data: string
let service: TestService
let device: TestDevice | undefined
beforeEach(async () => {
  data = makeFolder()
  service = await TestService.start(data, '--demo', '--open-hold-ms', '0')
})
afterEach(async () => {
  device?.drop()
  await service.stop('SIGKILL')
  removeFolder(data)
})

async function entries(token: string): Promise<Entry[]> {
  const found: Entry[] = []
  let next: string | undefined
  do {
    const query: string = next === undefined ? '' : `?after=${encodeURIComponent(next)}`
    const page: z.infer<typeof SnapshotPage> = SnapshotPage.parse((await service.ask(`/v1/snapshot${query}`, { token })).json)
    for (const row of page.rows) if (row.kind === 'entry') found.push(Entry.parse(row.doc))
    next = page.next
  } while (next !== undefined)
  return found
}

const comment = (incident: IncidentId, text: string): CommandRequest => ({
  key: CommandKey.parse(v7()),
  issuedAt: Date.now(),
  command: { type: 'incident.comment', incident, text },
})

it('[CON-3] killed in the middle of commands, the service has lost none that it answered, and a retry applies none twice', async () => {
  ;[device] = await makeRooms(service, 1)
  if (!device) throw new Error('no device')
  const manager = await service.tokenOf(demo.manager)
  const enrol = { key: v7(), issuedAt: Date.now(), command: { type: 'rooms.enrol', rooms: [device.enrolment.room] } }
  expect((await service.ask('/v1/commands', { token: manager, body: enrol })).status).toBe(200)
  const { id } = await breakCamera(service, device)
  device.drop()

  const sent: CommandRequest[] = []
  const answered = new Set<string>()
  for (let round = 0; round < 3; round += 1) {
    const token = await service.tokenOf(demo.manager)
    const killAfter = 5 + round * 20
    let killed: Promise<void> | undefined
    const stream = async (): Promise<void> => {
      while (!killed) {
        const request = comment(id, `comment ${sent.length}`)
        sent.push(request)
        try {
          if ((await service.ask('/v1/commands', { token, body: request })).status === 200) answered.add(request.key)
        } catch {
          return
        }
        if (answered.size >= killAfter) killed ??= service.stop('SIGKILL')
      }
    }
    await Promise.all(Array.from({ length: 8 }, stream))
    await killed
    service = await TestService.start(data, '--demo')
  }

  const token = await service.tokenOf(demo.manager)
  const textOf = (request: CommandRequest): string => (request.command.type === 'incident.comment' ? request.command.text : '')
  const before = (await entries(token)).flatMap(({ text }) => text ?? [])
  expect(sent.filter(({ key }) => answered.has(key)).filter((request) => !before.includes(textOf(request)))).toEqual([])

  for (const request of sent) expect((await service.ask('/v1/commands', { token, body: request })).status).toBe(200)
  const after = (await entries(token)).flatMap(({ text }) => text ?? [])
  expect([...after].sort()).toEqual(sent.map(textOf).sort())
})
