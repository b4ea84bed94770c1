import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import { readJson } from '../../contract/answer.ts'
import { EnrolmentKey } from '../../contract/api.ts'
import { Incident } from '../../contract/entities.ts'
import type { SignalId, SignalValue } from '../../contract/signals.ts'
import { chance } from '../../contract/testing/chance.ts'
import { until } from '../../contract/testing/wait.ts'
import { TransitionPage } from '../../contract/transitions.ts'
import { TestDevice } from '../testing/agents/device.ts'
import { TestConsole } from '../testing/feed/console.ts'
import { demo, makeFolder, removeFolder, TestService } from '../testing/process.ts'

let folder: string
let service: TestService

beforeEach(async () => {
  folder = makeFolder()
  service = await TestService.start(folder, '--demo')
})
afterEach(async () => {
  await service.stop()
  removeFolder(folder)
})

const devices = 8
const reportsEach = 160
const window = 40

/** So many that none of them turns too often for a row of the history each. */
const turning: readonly SignalId[] = ['peripherals.camera', 'audio.microphone', 'audio.speaker', 'display.frontOfRoom1']

/** What turns with report `number` of every journal, so that one lost or taken twice shows in the history. */
function turnOf(number: number): { signal: SignalId; value: SignalValue } {
  const [place, round] = [(number - 1) % turning.length, Math.floor((number - 1) / turning.length)]
  return { signal: turning[place] ?? 'peripherals.camera', value: round % 2 === 0 ? 'unhealthy' : 'healthy' }
}
const reportOf = (number: number) => {
  const { signal, value } = turnOf(number)
  return { number, observedAt: Date.now(), signals: { [signal]: { value } } }
}

/** Sends the journal from where the service has it, as fast as the window allows, until the socket ends or all is acknowledged. */
async function sendFrom(device: TestDevice, known: number): Promise<number> {
  let acknowledged = known
  let sent = 0
  const pump = () => {
    const reports = []
    while (sent < reportsEach && sent < acknowledged + window) reports.push(reportOf(++sent))
    if (reports.length > 0) device.say({ type: 'report', reports })
  }
  try {
    const welcome = await device.connect()
    // Nothing that was acknowledged may be lost; more may have been committed than was heard of.
    expect(welcome.acknowledged).toBeGreaterThanOrEqual(known)
    acknowledged = sent = welcome.acknowledged
    pump()
    device.socket?.on('message', (data) => {
      const message: { type: string; upTo?: number } = JSON.parse(String(data))
      if (message.type !== 'ack' || message.upTo === undefined) return
      acknowledged = Math.max(acknowledged, message.upTo)
      pump()
    })
    await until('acknowledgements', () => acknowledged === reportsEach || device.closed !== undefined)
  } catch (error) {
    if (device.closed === undefined) throw error
  }
  return acknowledged
}

/** The highest number that the device was told is committed, on this connection. */
const acknowledgedBy = (device: TestDevice): number =>
  device.heard.reduce((highest, message) => {
    if (message.type === 'ack') return Math.max(highest, message.upTo)
    return message.type === 'welcome' ? Math.max(highest, message.acknowledged) : highest
  }, 0)

describe('[INC-2, rule 10] kill -9 of the service under load', () => {
  it('loses nothing that was acknowledged, and applies nothing twice', async () => {
    const manager = await service.tokenOf(demo.manager)
    const { key } = EnrolmentKey.parse((await service.ask('/v1/enrolment/key', { token: manager })).json)
    let fleet: TestDevice[] = []
    for (let i = 0; i < devices; i++) fleet.push(await TestDevice.enrol(service.url, { room: roomNamed(i) }, key))
    await service.ask('/v1/commands', {
      token: manager,
      body: {
        key: '018f0000-0000-7000-8000-00000000aaaa',
        issuedAt: Date.now(),
        command: { type: 'rooms.enrol', rooms: fleet.map(({ enrolment }) => enrolment.room) },
      },
    })
    let progress = fleet.map(() => 0)
    const random = chance('kill of the service')
    for (let kills = 0; kills < 3; kills++) {
      const known = progress
      const running = fleet.map((device, index) => sendFrom(device, known[index] ?? 0))
      // At a moment that the seed of the run gives, in the middle of what is left to do.
      const left = known.reduce((sum, acknowledged) => sum + reportsEach - acknowledged, 0)
      const share = left * random() * 0.7
      const done = () => fleet.reduce((sum, device, index) => sum + acknowledgedBy(device) - (known[index] ?? 0), 0)
      await until('work in progress', () => left === 0 || done() > share)
      await service.stop('SIGKILL')
      progress = await Promise.all(running)
      service = await TestService.start(folder, '--demo')
      fleet = fleet.map((device) => {
        const again = new TestDevice(service.url, device.key, device.enrolment)
        again.journal = device.journal
        return again
      })
    }
    progress = await Promise.all(fleet.map((device, index) => sendFrom(device, progress[index] ?? 0)))
    expect(progress).toEqual(fleet.map(() => reportsEach))

    const console = new TestConsole(service.url, await service.tokenOf(demo.manager))
    await console.snapshot()
    const docs = [...console.rows.values()]
    const incidents = docs.flatMap(({ kind, doc }) => (kind === 'incident' ? [Incident.parse(doc)] : []))
    for (const { enrolment } of fleet) {
      const answer = await fetch(`${service.url}/v1/rooms/${enrolment.room}/transitions?limit=500`, {
        headers: { authorization: `Bearer ${await service.tokenOf(demo.manager)}` },
      })
      const { items } = TransitionPage.parse(await readJson(answer.body, 1_000_000))
      const turns = items.toReversed().filter(({ kind }) => kind === 'signal')
      expect(turns.map(({ signal, value }) => ({ signal, value }))).toEqual(Array.from({ length: reportsEach }, (_, i) => turnOf(i + 1)))
      const own = incidents.filter(({ room }) => room === enrolment.room).map(({ signal }) => signal)
      for (const signal of turning) expect(own.filter((one) => one === signal)).toHaveLength(1)
    }
    expect(new Set(incidents.map(({ number }) => number)).size).toBe(incidents.length)
  }, 180_000)
})

const roomNamed = (index: number) => ({
  name: `Room ${index}`,
  place: { country: 'France', city: 'Lyon', building: 'Confluence', floor: '1', timeZone: 'Europe/Paris' },
})
