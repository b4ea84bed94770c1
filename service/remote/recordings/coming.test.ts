import { EventEmitter } from 'node:events'
import { v7 } from 'uuid'
import { expect, it } from 'vitest'
import { SessionId } from '../../../contract/ids.ts'
import { Coming } from './coming.ts'

class Body extends EventEmitter {
  destroyed = false

  destroy(): void {
    this.destroyed = true
  }
}

it('[rule 13] chunks that come in beside each other are few of each session, the newest ones; what is over counts no more', () => {
  const coming = new Coming(2)
  const [one, other] = [SessionId.parse(v7()), SessionId.parse(v7())]
  const bodies = Array.from({ length: 5 }, () => new Body())
  for (const body of bodies) coming.add(one, body)
  const theirs = new Body()
  coming.add(other, theirs)
  expect(bodies.map(({ destroyed }) => destroyed)).toEqual([true, true, true, false, false])
  bodies[3]?.emit('close')
  for (const body of bodies.slice(0, 3)) body.emit('close')
  const next = new Body()
  coming.add(one, next)
  expect([bodies[4], next, theirs].map((body) => body?.destroyed)).toEqual([false, false, false])
})
