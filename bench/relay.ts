import type { RelaySide } from '../contract/relay.ts'
import { type Bench, type Figure, median, type Workspace } from './bench.ts'
import { inspect } from './inspector.ts'
import { type Keys, makeKeys, startCandidate, type Started, withoutWebsockify } from './relay/candidates.ts'
import { type Candidate, Latency, Throughput } from './relay/job.ts'
import { runLoad, withIdle } from './relay/run-load.ts'

type Kind = Candidate['kind']
const kinds: readonly Kind[] = ['pipe', 'ws', 'relay']

const pairs = 8
const throughputRounds = 3
const throughputMs = 1_200
const latencyRounds = 3
const latencyMs = 2_000
const warmUpMs = 700
const messagesPerSecond = 30
const sessions = [1, 100, 500] as const
/** What the first pairs bring about once is not what one more costs. */
const idlePairs = [300, 1_000] as const
const idleRounds = 3
const browserMask = 0x5aa51234

interface Way {
  /** Without `aside` the name of the figure; with it only said. */
  readonly name: string
  readonly aside?: true
  readonly words: string
  readonly from: RelaySide
  readonly size: number
  /** Of the frames: 0 is what both of our sides send, since their payload is ciphertext already; a browser always masks. */
  readonly mask: number
}

const ways: readonly Way[] = [
  { name: '64k.down', words: '64 KB frames to the operator, mask of zero', from: 'device', size: 65_536, mask: 0 },
  { name: '64k.up', words: '64 KB frames to the device, mask of zero', from: 'operator', size: 65_536, mask: 0 },
  {
    name: '64k.up masked',
    aside: true,
    words: '64 KB frames to the device, masked as by a browser',
    from: 'operator',
    size: 65_536,
    mask: browserMask,
  },
  { name: '1k.down', words: '1 KB frames to the operator, mask of zero', from: 'device', size: 1_024, mask: 0 },
  { name: '1k.up', words: '1 KB frames to the device, mask of zero', from: 'operator', size: 1_024, mask: 0 },
  {
    name: '1k.up masked',
    aside: true,
    words: '1 KB frames to the device, masked as by a browser',
    from: 'operator',
    size: 1_024,
    mask: browserMask,
  },
]

const aims: Readonly<Record<string, string>> = { '64k.down': '0.9', '64k.up': '0.9', '1k.down': '0.75', '1k.up': '0.75' }

/** Results by kind, of several rounds. */
type Rounds<Result> = Record<Kind, Result[]>
const noRounds = <Result>(): Rounds<Result> => ({ pipe: [], ws: [], relay: [] })

async function withAll<Result>(folder: string, keys: Keys, use: (all: readonly Started[]) => Promise<Result>): Promise<Result> {
  const all: Started[] = []
  try {
    for (const kind of kinds) all.push(await startCandidate(kind, folder, keys))
    return await use(all)
  } finally {
    await Promise.all(all.map(({ part }) => part.stop()))
  }
}

async function throughput(all: readonly Started[], way: Way): Promise<Rounds<Throughput>> {
  const rounds = noRounds<Throughput>()
  for (let round = 0; round < throughputRounds; round++) {
    // Every other round in the opposite order, so that nobody always comes after the same one.
    for (const started of round % 2 === 0 ? all : all.toReversed()) {
      const { from, size, mask } = way
      rounds[started.candidate.kind].push(
        await runLoad(started, { what: 'throughput', from, size, pairs, mask, warmUpMs, ms: throughputMs }, Throughput),
      )
    }
  }
  return rounds
}

const rate = (results: readonly Throughput[]): number => median(results.map(({ bytesPerSecond }) => bytesPerSecond))
/** Processor seconds per GB. */
const perGb = ({ candidateCpu, bytesPerSecond, seconds }: Throughput): number => candidateCpu / ((bytesPerSecond * seconds) / 1e9)
const cpu = (results: readonly Throughput[]): number => median(results.map(perGb))

/** Each round against the pipe of the same round: what else the machine does changes from round to round. */
function againstPipe<Result>(rounds: Rounds<Result>, kind: Kind, compare: (one: Result, pipe: Result) => number): number {
  return median(rounds.pipe.flatMap((pipe, round) => rounds[kind].slice(round, round + 1).map((one) => compare(one, pipe))))
}
const busy = (results: readonly Throughput[], whose: 'candidateCpu' | 'loadCpu'): number =>
  median(results.map((one) => (100 * one[whose]) / one.seconds))

function throughputFigures({ name, words, aside }: Way, rounds: Rounds<Throughput>): Figure[] {
  const { pipe, relay } = rounds
  const share = (kind: Kind): number => againstPipe(rounds, kind, (one, other) => one.bytesPerSecond / other.bytesPerSecond)
  const times = (kind: Kind): number => againstPipe(rounds, kind, (one, other) => perGb(one) / perGb(other))
  return [
    {
      ...(aside ? {} : { name: `relay.${name}`, aim: aims[name] ?? '' }),
      what: `${words}: ours, share of the pipe`,
      value: share('relay'),
      unit: '',
    },
    { what: `${name}: ws with bufferutil, share of the pipe`, value: share('ws'), unit: '' },
    { what: `${name}: the pipe`, value: rate(pipe) / 1e6, unit: 'MB/s' },
    { what: `${name}: CPU s/GB of the pipe`, value: cpu(pipe), unit: 's/GB' },
    {
      ...(name === '64k.up' ? { name: 'relay.cpuTimesPipe', aim: '1.6' } : {}),
      what: `${name}: CPU of ours, times the pipe's`,
      value: times('relay'),
      unit: '×',
    },
    { what: `${name}: CPU of ws, times the pipe's`, value: times('ws'), unit: '×' },
    {
      what: `${name}: pipe busy / its load generator busy`,
      value: busy(pipe, 'candidateCpu'),
      unit: `% / ${Math.round(busy(pipe, 'loadCpu'))} %`,
    },
    {
      what: `${name}: ours busy / its load generator busy`,
      value: busy(relay, 'candidateCpu'),
      unit: `% / ${Math.round(busy(relay, 'loadCpu'))} %`,
    },
  ]
}

async function latencyFigures(all: readonly Started[], say: Workspace['say']): Promise<Figure[]> {
  const figures: Figure[] = []
  for (const count of sessions) {
    const rounds = noRounds<Latency>()
    for (let round = 0; round < latencyRounds; round++) {
      for (const started of round % 2 === 0 ? all : all.toReversed()) {
        rounds[started.candidate.kind].push(
          await runLoad(started, { what: 'latency', pairs: count, perSecond: messagesPerSecond, warmUpMs, ms: latencyMs }, Latency),
        )
      }
    }
    const p50 = (kind: Kind): number => median(rounds[kind].map((one) => one.p50))
    const p99 = (kind: Kind): number => median(rounds[kind].map((one) => one.p99))
    say(`p99 at ${count} sessions: ${kinds.map((kind) => `${kind} ${p99(kind).toFixed(1)} ms`).join(', ')}`)
    for (const kind of kinds) {
      figures.push(
        { what: `${count} sessions: p50 of ${kind}`, value: p50(kind), unit: 'ms' },
        { what: `${count} sessions: p99 of ${kind}`, value: p99(kind), unit: 'ms' },
      )
    }
    if (count === 500)
      figures.push({
        name: 'relay.p99AddedMs500',
        what: 'p99 that ours adds to the pipe’s at 500 sessions',
        value: againstPipe(rounds, 'relay', (one, other) => one.p99 - other.p99),
        unit: 'ms',
        aim: '2 ms',
      })
  }
  return figures
}

/** Live bytes that one more idle pair costs. */
async function idleBytes(kind: Kind, folder: string, keys: Keys): Promise<number> {
  const started = await startCandidate(kind, folder, keys, true)
  const inspector = await inspect(started.log)
  const live: number[] = []
  try {
    await withIdle(started, idlePairs, async () => {
      live.push((await inspector.memory()).live)
    })
  } finally {
    inspector.close()
    await started.part.kill()
  }
  return ((live[1] ?? Number.NaN) - (live[0] ?? Number.NaN)) / idlePairs[1]
}

async function idleFigures(folder: string, keys: Keys): Promise<Figure[]> {
  const rounds = noRounds<number>()
  for (let round = 0; round < idleRounds; round++) {
    for (const kind of kinds) rounds[kind].push(await idleBytes(kind, folder, keys))
  }
  const each = (kind: Kind): number => median(rounds[kind])
  return [
    ...kinds.map((kind) => ({ what: `memory per idle session: ${kind}`, value: each(kind) / 1024, unit: 'KiB' })),
    { name: 'relay.idleTimesPipe', what: 'ours as a multiple of the pipe', value: each('relay') / each('pipe'), unit: '×', aim: '1.2' },
  ]
}

export const relay: Bench = {
  name: 'relay',
  what: `the relay, beside a plain TCP pipe and a ws pipe in Node (${withoutWebsockify()})`,
  peers: [
    '64 KB frames, share of a pipe: ws 0.30, ws with bufferutil 0.83, uWebSockets 0.96, websockify (Python) 0.90, MeshCentral 0.20',
    '1 KB frames: ws with bufferutil 0.10 and 0.13, uWebSockets 0.29, websockify (Python) 0.78 and 0.04, MeshCentral 0.05 and 0.07',
  ],
  run: async ({ folder, say }) => {
    const keys = await makeKeys(folder)
    const measured = await withAll(folder, keys, async (all) => {
      const figures: Figure[] = []
      for (const way of ways) {
        const rounds = await throughput(all, way)
        figures.push(...throughputFigures(way, rounds))
        say(`${way.name}: ${kinds.map((kind) => `${kind} ${Math.round(rate(rounds[kind]) / 1e6)} MB/s`).join(', ')}`)
      }
      return [...figures, ...(await latencyFigures(all, say))]
    })
    return [...measured, ...(await idleFigures(folder, keys))]
  },
}
