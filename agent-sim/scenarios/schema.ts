import { z } from 'zod'
import { limits } from '../../contract/limits.ts'
import { isReportable, SignalId, SignalValue } from '../../contract/signals.ts'

/** A time or an interval in a scenario: "500ms", "5s", "2m". Parsed to milliseconds. */
export const Duration = z
  .string()
  .regex(/^\d{1,7}(ms|s|m)$/u, 'must look like 500ms, 5s or 2m')
  .transform((text) => {
    const unit = text.endsWith('ms') ? 1 : text.endsWith('s') ? 1_000 : 60_000
    return Number.parseInt(text, 10) * unit
  })

/** Which rooms a step is about. What was chosen at random can be named (`as`) and chosen again (`same`). */
export const Selector = z.union([
  z.literal('all'),
  z.strictObject({ name: z.string().min(1) }),
  z.strictObject({ building: z.string().min(1), as: z.string().optional() }),
  z.strictObject({ random: z.int().min(1), building: z.string().min(1).optional(), as: z.string().optional() }),
  z.strictObject({ randomBuilding: z.literal(true), as: z.string().optional() }),
  z.strictObject({ same: z.string() }),
])
export type Selector = z.infer<typeof Selector>

const detail = z.string().max(limits.deviceTextChars).optional()
const Setting = z.union([SignalValue, z.strictObject({ value: SignalValue, detail })])
const settings = z.partialRecord(SignalId, Setting).superRefine((given, context) => {
  for (const [id, setting] of Object.entries(given)) {
    const value = typeof setting === 'string' ? setting : setting.value
    if (!isReportable(SignalId.parse(id), value)) context.addIssue({ code: 'custom', path: [id], message: `cannot be ${value}` })
  }
})

/** One step. Exactly one of its verbs is given. */
export const Step = z
  .strictObject({
    at: Duration,
    rooms: Selector,
    /** Sets signals, each to a value or to a value with a detail. */
    set: settings.optional(),
    /** Takes the network of the devices away, or gives it back. */
    network: z.enum(['down', 'up']).optional(),
    inCall: z.boolean().optional(),
    /** Makes a signal bad and good again, `times` times. */
    flap: z.strictObject({ signal: SignalId, every: Duration, times: z.int().min(1).max(10_000), detail }).optional(),
    /** Small things that go wrong and right again, here and there. */
    noise: z.strictObject({ for: Duration, perMinute: z.int().min(1).max(60_000) }).optional(),
  })
  .refine(
    ({ set, network, inCall, flap, noise }) => [set, network, inCall, flap, noise].filter((verb) => verb !== undefined).length === 1,
    'must have exactly one of set, network, inCall, flap, noise',
  )
export type Step = z.infer<typeof Step>

/** A scenario file. With the same rooms and seed it does the same things in the same order. */
export const Scenario = z.strictObject({
  name: z.string().min(1).max(limits.nameChars),
  description: z.string().max(400),
  seed: z.union([z.string(), z.int()]).default(1),
  steps: z.array(Step).min(1).max(1_000),
})
export type Scenario = z.infer<typeof Scenario>
