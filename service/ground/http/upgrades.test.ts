import { PassThrough } from 'node:stream'
import { expect, it } from 'vitest'
import { RoomkeeperError } from '../../../contract/errors.ts'
import { refuse } from './upgrades.ts'

it('[rule 13] a WebSocket that is refused hears what is wrong, and when to ask again', () => {
  const socket = new PassThrough()
  refuse(socket, new RoomkeeperError('feed.tooMany', { params: { retryAfter: 30 } }))
  const answer = String(socket.read())
  expect(answer).toContain('\r\nRetry-After: 30\r\n')
  expect(JSON.parse(answer.slice(answer.indexOf('\r\n\r\n') + 4))).toMatchObject({ code: 'feed.tooMany' })
})
