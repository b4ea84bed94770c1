import { limits } from '../contract/limits.ts'
import { type Bench, type Figure } from './bench.ts'
import { type Connection, connect, inParallel } from './device.ts'
import { batchedSqlite, inMemory } from './report-limits.ts'
import { type Load, makeLoad } from './report-load.ts'
import { enrolDevices, type Service, startService } from './stack.ts'

/** Many, each with few changes: one that changes all the time is slowed down. */
const devices = 2_000
const messagesPerDevice = 3
const warmUpMessages = 1
const connectTogether = 32
/** Each device may have this many messages on their way. */
const window = limits.agentWindowReports / limits.reportsPerMessage
const change = 0.05

async function sendAll(connection: Connection, messages: readonly string[], from: number, to: number): Promise<void> {
  for (let index = from; index < to; index++) {
    await connection.whenAcknowledged((index - window + 1) * limits.reportsPerMessage)
    connection.socket.send(messages[index] ?? '')
  }
  await connection.whenAcknowledged(to * limits.reportsPerMessage)
}

/** Reports per second, from the first one sent to the last one acknowledged, by one service process. */
async function ours(service: Service, load: Load): Promise<number> {
  const enrolled = await enrolDevices(service, devices)
  const connections = await inParallel(devices, connectTogether, async (index) => {
    const device = enrolled[index]
    if (!device) throw new Error(`no device ${index}`)
    return connect(service.url, device)
  })
  const send = (from: number, to: number) =>
    Promise.all(connections.map((connection, index) => sendAll(connection, load.messages[index] ?? [], from, to)))
  await send(0, warmUpMessages)
  const startedAt = performance.now()
  await send(warmUpMessages, messagesPerDevice)
  const seconds = (performance.now() - startedAt) / 1000
  for (const { socket } of connections) socket.terminate()
  return (devices * (messagesPerDevice - warmUpMessages) * limits.reportsPerMessage) / seconds
}

export const reports: Bench = {
  name: 'reports',
  what: `reports per second from ${devices.toLocaleString('en')} agents, checked, evaluated, committed and acknowledged by one process`,
  peers: [
    'parsed, compared and committed to SQLite in batches of 1,000: 148,000/s with 5 % changed, 48,000/s with 100 % changed; ' +
      'one transaction each: 2,100/s',
    '300-byte reports to one subscriber, nothing stored: ws 72,600/s, mosquitto QoS 1 32,300/s, NATS 77,000/s',
  ],
  run: async ({ folder }) => {
    const load = makeLoad(devices, messagesPerDevice, change)
    const memory = inMemory(load)
    const sqlite = batchedSqlite(load, folder, 'some')
    const sqliteAll = batchedSqlite(makeLoad(devices, messagesPerDevice, 1), folder, 'all')
    const service = await startService(folder)
    try {
      const perSecond = await ours(service, load)
      const figures: Figure[] = [
        { name: 'reports.perSecond', what: 'ours, 5 % changed', value: perSecond, unit: '/s', aim: '30,000/s' },
        { what: 'limit in memory', value: memory, unit: '/s' },
        { what: 'limit in SQLite, 5 % changed', value: sqlite, unit: '/s' },
        { what: 'limit in SQLite, 100 % changed', value: sqliteAll, unit: '/s' },
        { name: 'reports.shareOfBatchedLimit', what: 'ours as a share of the SQLite limit', value: perSecond / sqlite, unit: '' },
      ]
      return figures
    } finally {
      await service.part.stop()
    }
  },
}
