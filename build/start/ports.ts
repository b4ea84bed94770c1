import { createServer } from 'node:net'
import { readJson } from '../../contract/answer.ts'
import { limits } from '../../contract/limits.ts'
import { run } from '../run.ts'

function canListen(port: number): Promise<boolean> {
  return new Promise((resolve) => {
    const server = createServer()
    server.once('error', () => {
      resolve(false)
    })
    server.listen(port, '127.0.0.1', () => server.close(() => resolve(true)))
  })
}

/** A service that is busy starting still says what it is; who says nothing for so long is a stranger (ms). */
const answerMs = 10_000

/** Who listens there, in words, as far as it can be known. */
async function listener(port: number): Promise<string> {
  try {
    const answer = await fetch(`http://127.0.0.1:${port}/.well-known/roomkeeper`, { signal: AbortSignal.timeout(answerMs) })
    const discovery: unknown = await readJson(answer.body, limits.bodyBytes)
    if (JSON.stringify(discovery).includes('"roomkeeper"')) return 'another Roomkeeper service'
  } catch {
    // Not one of ours, or not speaking HTTP.
  }
  const { code, output } = await run('lsof', ['-nP', `-iTCP:${port}`, '-sTCP:LISTEN', '-Fpc'], { limitMs: 2_000 })
  const pid = /^p(\d+)$/m.exec(output)?.[1]
  if (code !== 0 || pid === undefined) return 'another program'
  return `${/^c(.+)$/m.exec(output)?.[1] ?? 'a program'} (process ${pid})`
}

/** Throws in plain words when a port cannot be had; port 0 is any free one. */
export async function checkPort(port: number, option: string): Promise<void> {
  if (port === 0 || (await canListen(port))) return
  throw new Error(`Port ${port} is in use by ${await listener(port)}.\nStop it, or choose another port with ${option} N (0: any free one).`)
}
