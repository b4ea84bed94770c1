import { expect, it } from 'vitest'
import { sizesOf43 } from '../testing/feed/sizes.ts'

it('[rule 9] a room of 43 signals is small, and that one of them changed is told in a few words', () => {
  const { documentBytes, wireBytes } = sizesOf43()
  expect(documentBytes).toBeLessThanOrEqual(1_500)
  expect(wireBytes).toBeLessThanOrEqual(600)
})
