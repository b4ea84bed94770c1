import { decodeJwt } from 'jose'
import { v7 } from 'uuid'
import { z } from 'zod'
import { run } from '../build/run.ts'
import { programs } from '../contract/testing/programs.ts'
import { type Bench, percentile } from './bench.ts'
import { openCopy } from './copy.ts'
import { enrolDevices, startService } from './stack.ts'

const rooms = 1_000
const withdrawals = 200
const warmUp = 5
const answerMs = 30_000
const Claims = z.object({ oid: z.string() })
const lead = 'emma.rossi@contoso.example'

export const withdrawal: Bench = {
  name: 'withdrawal',
  what: `a role over ${rooms.toLocaleString('en')} rooms taken away, until they are gone from an open console's copy`,
  peers: [],
  run: async ({ folder, say }) => {
    const service = await startService(folder)
    try {
      say(`enrolling ${rooms} rooms …`)
      const devices = await enrolDevices(service, rooms)
      const { code, output, answer } = await run(process.execPath, [programs.service, 'token', '--user', lead, '--data', folder])
      if (code !== 0) throw new Error(`no token: ${output}`)
      const token = answer.trim()
      const { oid } = Claims.parse(decodeJwt(token))
      const give = async (name: string, scope: readonly string[]): Promise<string> => {
        const assignment = v7()
        await service.api.command({
          type: 'assignment.save',
          assignment,
          role: 'siteLead',
          name,
          description: '',
          notify: false,
          members: [{ kind: 'person', id: oid }],
          scope: { rooms: [...scope], groups: [] },
        })
        return assignment
      }
      const all = devices.map(({ room }) => room)
      // One room stays hers, so that what is measured is a role that ends, and not a console that ends.
      await give('Stays', all.slice(0, 1))
      const copy = await openCopy({ url: service.url, data: folder, token })
      let waiting: { count: number; resolve: (at: number) => void } | undefined
      const look = (): void => {
        if (waiting?.count !== copy.rooms()) return
        waiting.resolve(performance.now())
        waiting = undefined
      }
      copy.onRooms(look)
      /** When the copy has so many rooms. */
      const holds = (count: number): Promise<number> =>
        new Promise((resolve, reject) => {
          const timer = setTimeout(
            () => reject(new Error(`the copy has ${copy.rooms()} rooms and not ${count} after ${answerMs / 1000} s`)),
            answerMs,
          )
          waiting = {
            count,
            resolve: (at) => {
              clearTimeout(timer)
              resolve(at)
            },
          }
          look()
        })
      const times: number[] = []
      const answered: number[] = []
      say('withdrawing …')
      for (let n = 0; n < withdrawals + warmUp; n++) {
        const assignment = await give(`Given ${n}`, all)
        await holds(rooms)
        const gone = holds(1)
        const from = performance.now()
        await service.api.command({ type: 'assignment.delete', assignment })
        const answeredAt = performance.now() - from
        const goneAt = (await gone) - from
        if (n < warmUp) continue
        times.push(goneAt)
        answered.push(answeredAt)
      }
      await copy.close()
      return [
        { what: 'from the command to a copy without the rooms, p50', value: percentile(times, 0.5), unit: 'ms' },
        {
          name: 'withdrawal.p99Ms',
          what: 'from the command to a copy without the rooms, p99',
          value: percentile(times, 0.99),
          unit: 'ms',
          aim: '1,000',
        },
        { what: 'limit: the command alone, until it is answered, p99', value: percentile(answered, 0.99), unit: 'ms' },
      ]
    } finally {
      await service.part.stop()
    }
  },
}
