import { connect, type Socket } from 'node:net'
import { systemTimers, type Timers } from '../agent/timers.ts'
import type { ByteStream } from './interfaces.ts'

/** A TCP socket as a stream. The other end's close, and any error, close it with `remote.screenLost`. */
export function socketStream(socket: Socket): ByteStream {
  socket.setNoDelay(true)
  socket.pause()
  let code: Parameters<ByteStream['close']>[0] = 'remote.screenLost'
  return {
    listen(listener) {
      socket.on('data', (bytes) => {
        listener.bytes(typeof bytes === 'string' ? Buffer.from(bytes) : bytes)
      })
      socket.on('drain', () => {
        listener.room()
      })
      socket.once('close', () => {
        listener.closed(code)
      })
      socket.resume()
      // It may have gone before anybody listened.
      if (socket.closed) queueMicrotask(() => {
        listener.closed(code)
      })
    },
    send: (bytes) => !socket.writable || socket.write(bytes),
    pause() {
      socket.pause()
    },
    resume() {
      socket.resume()
    },
    close(why) {
      if (socket.destroyed) return
      code = why
      socket.end()
      // The other end may never close its side.
      socket.destroySoon()
    },
  }
}

/** Connects within `ms` milliseconds. @throws where nothing answers there. */
export function connectStream(host: string, port: number, ms: number, timers: Timers = systemTimers): Promise<ByteStream> {
  return new Promise((resolve, reject) => {
    const socket = connect({ host, port })
    const enough = timers.after(ms, () => {
      socket.destroy(new Error(`${host}:${port} did not answer.`))
    })
    const refused = (error: Error) => {
      enough()
      reject(error)
    }
    socket.once('error', refused)
    socket.once('connect', () => {
      enough()
      socket.off('error', refused)
      // What follows it is `close`.
      socket.on('error', () => undefined)
      resolve(socketStream(socket))
    })
  })
}
