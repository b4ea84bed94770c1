import { once } from 'node:events'
import { connect } from 'node:net'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { Problem } from '../../../contract/errors.ts'
import { limits } from '../../../contract/limits.ts'
import { makeFolder, removeFolder, TestService } from '../../testing/process.ts'

let data: string
let service: TestService
beforeAll(async () => {
  data = makeFolder()
  service = await TestService.start(data)
})
afterAll(async () => {
  await service.stop()
  removeFolder(data)
})

/** What is answered to these bytes, until the connection ends. */
async function raw(text: string): Promise<string> {
  const { hostname, port } = new URL(service.url)
  const socket = connect(Number(port), hostname)
  let said = ''
  socket.on('data', (bytes) => (said += String(bytes)))
  socket.on('error', () => undefined)
  socket.write(text)
  await once(socket, 'close')
  return said
}

const upgrade =
  'Connection: Upgrade\r\nUpgrade: websocket\r\nSec-WebSocket-Version: 13\r\nSec-WebSocket-Key: AAAAAAAAAAAAAAAAAAAAAA==\r\n\r\n'

it.each([
  ['no HTTP', 'hello\r\n\r\n', 400, 'request.invalid'],
  ['a header that is none', 'GET /healthz HTTP/1.1\r\nHost: localhost\r\nno colon\r\n\r\n', 400, 'request.invalid'],
  [
    'headers without end',
    `GET /healthz HTTP/1.1\r\nHost: localhost\r\nX: ${'x'.repeat(limits.loopbackHeaderBytes)}\r\n\r\n`,
    413,
    'request.tooLarge',
  ],
  ['no host', 'GET /healthz HTTP/1.1\r\nConnection: close\r\n\r\n', 400, 'request.invalid'],
  ['an expectation', 'GET /healthz HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\nExpect: tea\r\n\r\n', 400, 'request.invalid'],
  ['a path that cannot be read', 'GET /v1/rooms/%ZZ HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n', 400, 'request.invalid'],
  [
    'a parameter without end',
    `GET /v1/rooms/${'x'.repeat(2_000)} HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n`,
    400,
    'request.invalid',
  ],
  ['nothing at an address', 'GET /nowhere HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n', 404, 'request.notFound'],
  ['a method that there is not', 'PURGE /healthz HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n', 404, 'request.notFound'],
  [
    'a WebSocket nowhere',
    'GET /v1/nowhere HTTP/1.1\r\nHost: localhost\r\nConnection: Upgrade\r\nUpgrade: websocket\r\n\r\n',
    404,
    'request.notFound',
  ],
  ['a WebSocket of a page', `GET /v1/agent HTTP/1.1\r\nHost: localhost\r\nOrigin: http://localhost\r\n${upgrade}`, 400, 'request.invalid'],
  ['a WebSocket under a name of elsewhere', `GET /v1/agent HTTP/1.1\r\nHost: evil.example\r\n${upgrade}`, 400, 'request.invalid'],
  ['two hosts', 'GET /healthz HTTP/1.1\r\nHost: localhost\r\nHost: evil.example\r\nConnection: close\r\n\r\n', 400, 'request.invalid'],
  [
    'a body of no type',
    'POST /v1/enrolments HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\nContent-Type: text/x\r\nContent-Length: 1\r\n\r\nx',
    400,
    'request.invalid',
  ],
  [
    'a body without end',
    'POST /v1/enrolments HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\nContent-Type: application/json\r\n' +
      'Content-Length: 999999999\r\n\r\nx',
    413,
    'request.tooLarge',
  ],
])('every refusal is a problem document: %s', async (_, text, status, code) => {
  const said = await raw(text)
  const [head = '', body = ''] = said.split('\r\n\r\n')
  expect(head).toMatch(new RegExp(`^HTTP/1.1 ${status} `))
  expect(head.toLowerCase()).toContain('content-type: application/problem+json')
  expect(Problem.parse(JSON.parse(body.slice(body.indexOf('{'), body.lastIndexOf('}') + 1)))).toMatchObject({ status, code })
})

describe('the edges', () => {
  it('answers under loopback names only', async () => {
    const { hostname, port } = new URL(service.url)
    /** As it is written on the wire; clients of Node's own would not send some of these. */
    const answerTo = (host: string) =>
      new Promise<string>((resolve) => {
        let text = ''
        const socket = connect(Number(port), hostname, () =>
          socket.write(`GET /healthz HTTP/1.1\r\nHost: ${host}\r\nConnection: close\r\n\r\n`),
        )
        socket.on('data', (bytes) => (text += String(bytes))).on('close', () => resolve(text))
      })
    for (const host of [`localhost:${port}`, `127.0.0.1:${port}`, '127.0.0.1', '[::1]:1'])
      expect(await answerTo(host), host).toContain(' 200 ')
    for (const host of ['evil.example', '', '127.0.0.1:80@evil', '127.0.0.999', '127.0.0.1:99999', 'a b', '[', '%00', '127.0.0.1/../']) {
      const answer = await answerTo(host)
      expect(answer, host).toMatch(/^HTTP\/1.1 400 /)
      expect(answer, host).toContain('request.invalid')
    }
  })
})
