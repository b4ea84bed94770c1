import { existsSync, readFileSync } from 'node:fs'
import { describe, expect, it } from 'vitest'
import { mistakes, pathOf, plantedMistake, propertyTest, timesIn } from './planted.ts'

describe('mistakes to plant', () => {
  it('are at least twelve, each by a name of its own', () => {
    expect(new Set(mistakes.map(({ name }) => name)).size).toBe(mistakes.length)
    expect(mistakes.length).toBeGreaterThanOrEqual(12)
  })

  it('have a test that must find them', () => {
    expect(existsSync(propertyTest)).toBe(true)
  })

  it.each(mistakes)('$name: its text stands once in $file', (mistake) => {
    const code = readFileSync(pathOf(mistake), 'utf8')
    expect(timesIn(code, mistake)).toBe(1)
    expect(plantedMistake(mistake.name).transform(code, pathOf(mistake))).toBe(code.replace(mistake.text, () => mistake.instead))
  })

  it('are in no other file, and nowhere without being asked for', () => {
    const [first] = mistakes
    expect(plantedMistake(first?.name).transform(first?.text ?? '', '/elsewhere.ts')).toBeUndefined()
    expect(plantedMistake(undefined).transform(first?.text ?? '', first ? pathOf(first) : '')).toBeUndefined()
    expect(() => plantedMistake('none')).toThrow('There is no mistake "none" to plant.')
  })
})
