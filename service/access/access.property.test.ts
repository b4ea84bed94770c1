import { rmSync } from 'node:fs'
import fc from 'fast-check'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { deep } from '../../contract/testing/chance.ts'
import { cases } from '../testing/access/cases.ts'
import { casesOfSight } from '../testing/access/casesOfSight.ts'
import { furnish, play } from '../testing/access/play.ts'
import { steps } from '../testing/access/steps.ts'

/**
 * Who may do what, as the service has it, against a model of the requirements that shares nothing with it (testing/facts.ts,
 * testing/laws.ts): after each of many steps, for everyone, in two tenants. `npm test -- --seed N` plays others.
 */

/** A busy machine takes its time (ms); chance stops before. */
const patient = 180_000

let furnished: string
beforeAll(async () => {
  furnished = await furnish()
}, patient)
afterAll(() => rmSync(furnished, { recursive: true, force: true }))

describe('access, step by step', () => {
  it.each([...cases, ...casesOfSight])('$title', ({ steps: some }) => expect(play(furnished, some)).resolves.toBeUndefined(), patient)

  it(
    '[ACC-3, ACC-6, ACC-7, PAR-3, PAR-4, PAR-5, CON-3] is what the model says, whatever happens',
    async () => {
      await fc.assert(
        fc.asyncProperty(fc.array(steps, { minLength: 8, maxLength: 30 }), (some) => play(furnished, some)),
        { numRuns: deep ? 100 : 8, interruptAfterTimeLimit: patient / 2 },
      )
    },
    patient,
  )
})
