import { expect, it } from 'vitest'
import { measured, told } from './figures.ts'

it('README tells of every figure that is measured', () => {
  expect(Object.keys(measured()).filter((name) => told[name] === undefined)).toEqual([])
})
