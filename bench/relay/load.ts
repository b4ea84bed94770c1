import { readFileSync } from 'node:fs'
import { createInterface } from 'node:readline'
import { setTimeout as wait } from 'node:timers/promises'
import { percentile } from '../bench.ts'
import { Job, type Latency, type Throughput } from './job.ts'
import { block, openPairs, type Pair } from './sides.ts'

/** The load generator, in a process of its own: one job, its result as one line of JSON. */

const ticksPerSecond = 100

/** Processor seconds that a process has used; NaN where the system does not say. */
function cpuOf(pid: number): number {
  try {
    const fields = readFileSync(`/proc/${pid}/stat`, 'utf8').split(') ')[1]?.split(' ') ?? []
    return (Number(fields[11]) + Number(fields[12])) / ticksPerSecond
  } catch {
    return Number.NaN
  }
}

type Work<What> = Extract<Job['work'], { what: What }>

async function throughput(
  { candidate, pid }: Job,
  { from, size, pairs: count, mask, warmUpMs, ms }: Work<'throughput'>,
): Promise<Throughput> {
  const pairs = await openPairs(candidate, count)
  const piece = block(candidate, size, Math.max(1, Math.round(262_144 / size)), mask)
  let bytes = 0
  for (const pair of pairs) {
    const [sender, receiver] = from === 'device' ? [pair.device, pair.operator] : [pair.operator, pair.device]
    receiver.onPayload = (_, start, end) => {
      bytes += end - start
    }
    const send = (): void => {
      while (sender.socket.write(piece));
    }
    sender.socket.on('drain', send)
    send()
  }
  await wait(warmUpMs)
  const before = { bytes, at: performance.now(), candidate: cpuOf(pid), load: cpuOf(process.pid) }
  await wait(ms)
  const seconds = (performance.now() - before.at) / 1000
  return {
    bytesPerSecond: (bytes - before.bytes) / seconds,
    candidateCpu: cpuOf(pid) - before.candidate,
    loadCpu: cpuOf(process.pid) - before.load,
    seconds,
  }
}

const messageBytes = 100
const mask = 0x12345678

/** Each pair sends messages from device to operator, at even distances; each message says when it was sent. */
async function latency({ candidate }: Job, { pairs: count, perSecond, warmUpMs, ms }: Work<'latency'>): Promise<Latency> {
  const pairs = await openPairs(candidate, count)
  const took: number[] = []
  let measured = false
  for (const { operator } of pairs) {
    const record = Buffer.alloc(messageBytes)
    let filled = 0
    operator.onPayload = (bytes, from, to) => {
      for (let at = from; at < to;) {
        const part = Math.min(messageBytes - filled, to - at)
        bytes.copy(record, filled, at, at + part)
        filled = (filled + part) % messageBytes
        at += part
        if (filled === 0 && measured) took.push(performance.now() - record.readDoubleBE(0))
      }
    }
  }
  // The mask of zero: the time of sending can be written into the frame as it is.
  const sample = block(candidate, messageBytes, 1, 0)
  const timeAt = sample.length - messageBytes
  const send = ({ device }: Pair): void => {
    const message = Buffer.from(sample)
    message.writeDoubleBE(performance.now(), timeAt)
    device.socket.write(message)
  }
  const start = performance.now()
  let sent = 0
  const perMs = (count * perSecond) / 1000
  const timer = setInterval(() => {
    const due = Math.floor((performance.now() - start) * perMs)
    for (; sent < due; sent++) {
      const pair = pairs[sent % count]
      if (pair) send(pair)
    }
  }, 1)
  await wait(warmUpMs)
  measured = true
  await wait(ms)
  clearInterval(timer)
  return { p50: percentile(took, 0.5), p99: percentile(took, 0.99), messages: took.length }
}

async function idle({ candidate }: Job, { pairs }: Work<'idle'>): Promise<void> {
  const lines = createInterface({ input: process.stdin })[Symbol.asyncIterator]()
  for (const count of pairs) {
    const opened = await openPairs(candidate, count)
    // Each has been used once.
    const hello = block(candidate, messageBytes, 1, mask)
    await Promise.all(
      opened.map(
        ({ device, operator }) =>
          new Promise<void>((resolve) => {
            operator.onPayload = () => resolve()
            device.socket.write(hello)
          }),
      ),
    )
    console.log(JSON.stringify({ ready: true }))
    await lines.next()
  }
}

const job = Job.parse(JSON.parse(process.argv[2] ?? ''))
const { work } = job
if (work.what === 'throughput') console.log(JSON.stringify(await throughput(job, work)))
else if (work.what === 'latency') console.log(JSON.stringify(await latency(job, work)))
else await idle(job, work)
process.exit(0)
