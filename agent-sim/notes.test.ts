import { expect, it } from 'vitest'
import { limits } from '../contract/limits.ts'
import { notesOf } from './notes.ts'

it('[ENR-2] says what a thousand devices have to say once, and again when it lasts', () => {
  const said: string[] = []
  let at = 0
  const note = notesOf(
    (text) => said.push(text),
    () => at,
  )
  for (let device = 0; device < 1_000; device += 1) note('no service')
  at = limits.noteMs - 1
  note('no service')
  note('another reason')
  expect(said).toEqual(['no service', 'another reason'])
  at = limits.noteMs
  note('no service')
  expect(said).toHaveLength(3)
})
