import { once } from 'node:events'
import { connect, createServer, type AddressInfo, type Server, type Socket } from 'node:net'
import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import { type CutProxy, startCutProxy } from './cut-proxy.ts'

let echo: Server
let proxy: CutProxy

beforeEach(async () => {
  echo = createServer((socket) => {
    socket.on('error', () => socket.destroy())
    socket.pipe(socket)
  })
  await new Promise<void>((resolve) => echo.listen(0, '127.0.0.1', resolve))
  proxy = await startCutProxy({ port: (echo.address() as AddressInfo).port })
})
afterEach(async () => {
  await proxy.close()
  echo.close()
})

async function dial(): Promise<Socket> {
  const socket = connect(Number(new URL(proxy.url).port), '127.0.0.1')
  socket.on('error', () => socket.destroy())
  await once(socket, 'connect')
  return socket
}

async function answer(socket: Socket, text: string): Promise<string> {
  const data = once(socket, 'data')
  socket.write(text)
  return String((await data)[0])
}

describe('the cut proxy', () => {
  it('forwards both ways', async () => {
    const socket = await dial()
    expect(await answer(socket, 'one')).toBe('one')
    socket.destroy()
  })

  it('ends what is open and takes nothing new while it is cut', async () => {
    const socket = await dial()
    expect(await answer(socket, 'one')).toBe('one')
    const closed = once(socket, 'close')
    proxy.cut()
    await closed
    const second = await dial()
    await once(second, 'close')
    proxy.resume()
    const third = await dial()
    expect(await answer(third, 'two')).toBe('two')
    third.destroy()
  })

  it('delivers after a hold what was sent during it, in order', async () => {
    const socket = await dial()
    expect(await answer(socket, 'one')).toBe('one')
    proxy.hold()
    socket.write('two ')
    socket.write('three')
    let got = ''
    socket.on('data', (chunk) => (got += String(chunk)))
    // Another connection, made after the hold, gets nothing either.
    const other = await dial()
    other.write('silent')
    // Round trips past the proxy: time enough for what was sent to have come back, had it been let through.
    const direct = connect((echo.address() as AddressInfo).port, '127.0.0.1')
    for (const text of ['a', 'b', 'c', 'd']) expect(await answer(direct, text)).toBe(text)
    direct.destroy()
    expect(got).toBe('')
    proxy.resume()
    while (got !== 'two three') await once(socket, 'data')
    socket.destroy()
    other.destroy()
  })
})
