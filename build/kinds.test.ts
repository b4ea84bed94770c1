import { existsSync } from 'node:fs'
import { expect, it } from 'vitest'
import { plantAll } from './kinds.ts'

it('what is started by its path stands there', () => {
  expect(existsSync(plantAll)).toBe(true)
})
