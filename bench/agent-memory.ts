import { join } from 'node:path'
import WebSocket from 'ws'
import { z } from 'zod'
import { type Part, startPart } from '../build/part.ts'
import { reportedSignals } from '../contract/signals.ts'
import { type Bench, median } from './bench.ts'
import { connect, type Device, inParallel } from './device.ts'
import { inspect, type Memory } from './inspector.ts'
import { enrolDevices, startService } from './stack.ts'

const agents = 3_000
/** More than the rooms that the service keeps in memory, which is a bounded cache and not a price of connections. */
const warmUp = 2_000
const connectTogether = 32
const rounds = 3

const Ready = z.object({ ready: z.literal(true), service: z.url() })

const fullReport = JSON.stringify({
  type: 'report',
  reports: [
    {
      number: 1,
      observedAt: Date.now(),
      full: true,
      signals: Object.fromEntries(reportedSignals.map((id) => [id, { value: 'healthy', detail: 'as it should be' }])),
    },
  ],
})

/** Bytes that each of the sockets costs the process which has written this log. */
async function bytesPerSocket(log: string, open: (index: number) => Promise<WebSocket>): Promise<Memory> {
  const inspector = await inspect(log)
  // What the first connections bring about once (compiled code, caches, buffers) is not what one more costs.
  const sockets = await inParallel(warmUp, connectTogether, open)
  const before = await inspector.memory()
  sockets.push(...(await inParallel(agents, connectTogether, (index) => open(warmUp + index))))
  const after = await inspector.memory()
  for (const socket of sockets) socket.terminate()
  inspector.close()
  return { live: (after.live - before.live) / agents, resident: (after.resident - before.resident) / agents }
}

/** A `ws` connection that has said one thing and was answered. */
function openBare(url: string): Promise<WebSocket> {
  const socket = new WebSocket(url.replace(/^http/, 'ws'), { perMessageDeflate: false })
  return new Promise((resolve, reject) => {
    socket.once('error', reject)
    socket.once('open', () => {
      socket.send(fullReport)
    })
    socket.once('message', () => {
      resolve(socket)
    })
  })
}

async function bareRound(folder: string, round: number): Promise<Memory> {
  const log = join(folder, `bare-${round}.log`)
  const part: Part<z.infer<typeof Ready>> = await startPart({
    name: 'bare server',
    args: ['--inspect=127.0.0.1:0', 'bench/bare-socket.ts'],
    ready: Ready,
    log,
  })
  try {
    return await bytesPerSocket(log, () => openBare(part.ready.service))
  } finally {
    await part.stop()
  }
}

/** An agent that has proved who it is and whose full report is committed. */
async function openAgent(url: string, device: Device): Promise<WebSocket> {
  const connection = await connect(url, device)
  if (connection.acknowledged() === 0) connection.socket.send(fullReport)
  await connection.whenAcknowledged(1)
  return connection.socket
}

async function agentRound(folder: string, devices: readonly Device[]): Promise<Memory> {
  // A fresh process: what enrolling has left in memory is not what a connection costs.
  const service = await startService(folder)
  try {
    return await bytesPerSocket(service.log, (index) => {
      const device = devices[index]
      if (!device) throw new Error(`no device ${index}`)
      return openAgent(service.url, device)
    })
  } finally {
    await service.part.stop()
  }
}

export const agentMemory: Bench = {
  name: 'agent',
  what: `memory of the service per connected, idle agent (${agents.toLocaleString('en')} of them), against a bare ws connection`,
  peers: ['ws with JSON 6.3 KiB, uWebSockets 0.25 KiB, mosquitto 0.7 KiB, NATS 20 KiB, MeshCentral 16 KiB per idle connection'],
  run: async ({ folder, say }) => {
    const first = await startService(folder)
    let devices: Device[]
    try {
      say(`enrolling ${warmUp + agents} devices …`)
      devices = await enrolDevices(first, warmUp + agents)
    } finally {
      await first.part.stop()
    }
    const bare: Memory[] = []
    const ours: Memory[] = []
    for (let round = 0; round < rounds; round++) {
      bare.push(await bareRound(folder, round))
      ours.push(await agentRound(folder, devices))
      say(`round ${round + 1}: bare ${Math.round(bare[round]?.live ?? 0)} B, ours ${Math.round(ours[round]?.live ?? 0)} B`)
    }
    const live = (memory: readonly Memory[]) => median(memory.map((one) => one.live))
    const resident = (memory: readonly Memory[]) => median(memory.map((one) => one.resident))
    return [
      { what: 'ours, live after collecting garbage', value: live(ours) / 1024, unit: 'KiB' },
      { what: 'limit: a bare ws connection', value: live(bare) / 1024, unit: 'KiB' },
      { name: 'agent.timesBareSocket', what: 'ours as a multiple of it', value: live(ours) / live(bare), unit: '×', aim: '1.3' },
      { what: 'growth of resident memory, with SQLite and what garbage has touched: ours', value: resident(ours) / 1024, unit: 'KiB' },
      { what: 'growth of resident memory: a bare ws connection', value: resident(bare) / 1024, unit: 'KiB' },
    ]
  },
}
