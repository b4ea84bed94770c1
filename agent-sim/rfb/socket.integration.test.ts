import { createServer, type Socket } from 'node:net'
import { afterEach, expect, it } from 'vitest'
import { FakeClock } from '../../contract/testing/clock.ts'
import { until } from '../../contract/testing/wait.ts'
import { portOf } from '../testing/proxy.ts'
import { connectStream } from './socket.ts'

const undo: (() => void)[] = []
afterEach(() => {
  for (const back of undo.splice(0)) back()
})

/** A server that has sent more than anybody has read, and what it hears. */
async function busy(): Promise<{ port: number; heard: string[]; socket: () => Socket | undefined }> {
  const heard: string[] = []
  let socket: Socket | undefined
  const server = createServer({ allowHalfOpen: true }, (one) => {
    one.on('error', (error) => heard.push(String(error)))
    one.on('end', () => heard.push('end'))
    one.write(Buffer.alloc(1 << 24), () => heard.push('sent'))
    socket = one
  })
  await new Promise<void>((done) => server.listen(0, '127.0.0.1', done))
  undo.push(
    () => server.close(),
    () => socket?.destroy(),
  )
  return { port: portOf(server), heard, socket: () => socket }
}

it('[REM-4] says its last words to a server that reads only when it has sent', async () => {
  const { port, heard, socket } = await busy()
  const stream = await connectStream('127.0.0.1', port, 5_000, new FakeClock())
  await until('it to send', () => socket() !== undefined)
  stream.send(Buffer.from('let go'))
  stream.close()
  await until('it to have sent, or not', () => heard.length > 0)
  socket()?.on('data', (bytes) => heard.push(String(bytes)))
  await until('the end', () => heard.length > 2 || heard.some((one) => one.startsWith('Error')))
  expect(heard).toEqual(['sent', 'let go', 'end'])
})

it('waits for no server that never leaves', async () => {
  const { port, heard, socket } = await busy()
  const clock = new FakeClock()
  const stream = await connectStream('127.0.0.1', port, 5_000, clock)
  const codes: unknown[] = []
  stream.listen({ bytes: () => undefined, room: () => undefined, closed: (code) => codes.push(code) })
  await until('it to send', () => socket() !== undefined)
  stream.close('remote.screenLost')
  socket()?.resume()
  await until('the end', () => heard.includes('end'))
  expect(codes).toEqual([])
  clock.advance(2_000)
  await until('it to be closed', () => codes.length === 1)
  expect(codes).toEqual(['remote.screenLost'])
})
