import type { JWK } from 'jose'
import { z } from 'zod'
import { RelaySide } from '../../contract/relay.ts'

/** What lies between the two sides. */
export interface Candidate {
  readonly kind: 'pipe' | 'ws' | 'relay'
  readonly url: string
  /** The relay's name, and the key that its tickets are signed with. */
  readonly id: string
  readonly key: JWK
}

export const Job = z.object({
  candidate: z.object({ kind: z.enum(['pipe', 'ws', 'relay']), url: z.url(), id: z.string(), key: z.looseObject({ kty: z.string() }) }),
  /** Process of the candidate, for its processor time. */
  pid: z.int(),
  work: z.discriminatedUnion('what', [
    z.object({
      what: z.literal('throughput'),
      from: RelaySide,
      size: z.int(),
      pairs: z.int(),
      mask: z.int(),
      warmUpMs: z.int(),
      ms: z.int(),
    }),
    z.object({ what: z.literal('latency'), pairs: z.int(), perSecond: z.int(), warmUpMs: z.int(), ms: z.int() }),
    /** Opens pairs, says so, and for each line that it is told opens more, and stays until the input ends. */
    z.object({ what: z.literal('idle'), pairs: z.array(z.int()) }),
  ]),
})
export type Job = z.infer<typeof Job>

export const Throughput = z.object({ bytesPerSecond: z.number(), candidateCpu: z.number(), loadCpu: z.number(), seconds: z.number() })
export type Throughput = z.infer<typeof Throughput>
export const Latency = z.object({ p50: z.number(), p99: z.number(), messages: z.number() })
export type Latency = z.infer<typeof Latency>
