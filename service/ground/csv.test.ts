import { text } from 'node:stream/consumers'
import { describe, expect, it } from 'vitest'
import { csvOf } from './csv.ts'

async function* rowsOf(...cells: string[]): AsyncGenerator<string[]> {
  await Promise.resolve()
  for (const cell of cells) yield ['a', cell]
}
const linesOf = async (...cells: string[]): Promise<string[]> => {
  const written = await text(
    csvOf(['one', 'two'], rowsOf(...cells), (error) => {
      throw error
    }),
  )
  return written.split('\r\n')
}

describe('[AUD-1, REM-8] a table as CSV', () => {
  it('begins with a byte order mark, so that Excel reads é as é', async () => {
    const file = csvOf(['one', 'two'], rowsOf('Élysée 会議室'), () => undefined)
    const parts: Buffer[] = []
    for await (const part of file) parts.push(Buffer.from(part as Uint8Array))
    expect(Buffer.concat(parts).toString('hex').slice(0, 6)).toBe('efbbbf')
    expect(Buffer.concat(parts).toString('utf8').slice(1)).toBe('one,two\r\na,Élysée 会議室\r\n')
  })

  it.each([
    ['=1+2', "'=1+2"],
    ['@SUM(A1)', "'@SUM(A1)"],
    ['x;=1+2;y', "x;'=1+2;y"],
    ['x; -cmd', "x; '-cmd"],
    ['x|+1', "x|'+1"],
    ['x\n=1+2', '"x\n\'=1+2"'],
    ['x;"=1+2"', `"x;""'=1+2"""`],
    ['x;＝1+2', "x;'＝1+2"],
    ['Paris, -1; Lyon', '"Paris, -1; Lyon"'],
    ['a=b;c', 'a=b;c'],
  ])('writes %j as no formula, whatever separates cells', async (cell, written) => {
    expect((await linesOf(cell))[1]).toBe(`a,${written}`)
  })
})
