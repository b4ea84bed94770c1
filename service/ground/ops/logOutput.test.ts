import { expect, it } from 'vitest'
import { realSystem } from '../../../contract/testing/system.ts'
import { LogOutput } from './logOutput.ts'

/** A disk with room for so many bytes, which may be made. */
function disk(room: number) {
  let text = ''
  const output = new LogOutput(realSystem.clock, (bytes) => {
    if (room === 0) throw Object.assign(new Error('no space left on device'), { code: 'ENOSPC' })
    const taken = bytes.subarray(0, room)
    room -= taken.length
    text += Buffer.from(taken).toString()
    return taken.length
  })
  return { output, lines: () => text.split('\n').filter((line) => line !== ''), free: (bytes: number) => (room = bytes) }
}

it('[rule 9] a full disk of the log costs lines, which the first one after says', () => {
  const { output, lines, free } = disk(20)
  output.write('{"msg":"one"}\n')
  for (let n = 0; n < 3; n++) output.write('{"msg":"another"}\n')
  free(10_000)
  output.write('{"msg":"again"}\n')
  output.write('{"msg":"and on"}\n')
  expect(lines().at(0)).toBe('{"msg":"one"}')
  expect(JSON.parse(lines().at(-3) ?? '')).toMatchObject({ dropped: 3, msg: 'log lines could not be written' })
  expect(lines().slice(-2)).toEqual(['{"msg":"again"}', '{"msg":"and on"}'])
})
