import { connect, type Socket } from 'node:net'
import type { Timers } from '../../contract/system.ts'
import type { ByteStream } from './interfaces.ts'

/** How long the other end of a connection that was closed here may take to close it there. */
const leaveMs = 2_000

/** A TCP socket as a stream. The other end's close, and any error, close it with `remote.screenLost`. */
export function socketStream(socket: Socket, timers: Timers): ByteStream {
  socket.setNoDelay(true)
  socket.pause()
  let code: Parameters<ByteStream['close']>[0] = 'remote.screenLost'
  let left = false
  return {
    listen(listener) {
      socket.on('data', (bytes) => {
        if (!left) listener.bytes(typeof bytes === 'string' ? Buffer.from(bytes) : bytes)
      })
      socket.on('drain', () => {
        listener.room()
      })
      socket.once('close', () => {
        listener.closed(code)
      })
      socket.resume()
      // It may have gone before anybody listened.
      if (socket.closed)
        queueMicrotask(() => {
          listener.closed(code)
        })
    },
    send: (bytes) => !socket.writable || socket.write(bytes),
    pause() {
      if (!left) socket.pause()
    },
    resume() {
      socket.resume()
    },
    close(why) {
      if (left || socket.destroyed) return
      left = true
      code = why
      socket.end()
      // The last words (a key is let go of) count only where all is read that still comes: bytes that nobody read reset the connection,
      // and a server that is about to send then reads no further.
      socket.resume()
      const enough = timers.after(leaveMs, () => {
        socket.destroy()
      })
      socket.once('close', enough)
    },
  }
}

/** Connects within `ms` milliseconds. @throws where nothing answers there. */
export function connectStream(host: string, port: number, ms: number, timers: Timers): Promise<ByteStream> {
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
      resolve(socketStream(socket, timers))
    })
  })
}
