import { createHash, timingSafeEqual } from 'node:crypto'
import { rmSync } from 'node:fs'
import { createServer, type IncomingMessage, type ServerResponse } from 'node:http'
import { join } from 'node:path'
import { ZodError, type z } from 'zod'
import { AnswerTooLarge, readJson } from '../../contract/answer.ts'
import { detailsOf } from '../../contract/errors.ts'
import type { Random } from '../../contract/system.ts'
import { ActionError, findRoom, resolveFault, type Action } from '../actions.ts'
import { writePrivateFile } from '../agent/files.ts'
import {
  ActionsRequest,
  controlFileName,
  FaultRequest,
  OffboardRequest,
  secretHeader,
  type ControlFile,
  type DoneAnswer,
  type RoomsAnswer,
  type RoomStatus,
} from './protocol.ts'

/** A room of this process, as it is seen and told things from another. */
export interface ControlledRoom {
  readonly name: string
  status(): Promise<z.input<typeof RoomStatus>>
  /** Removes the agent from its device; gives what could not be removed. */
  offboard(): Promise<readonly string[]>
}

/** Largest body of a request, in bytes. */
const bodyBytes = 4 * 1024 * 1024

/**
 * Listens on loopback for commands to the running rooms. Address and secret stand in `control.json` of the folder,
 * which only this user can read; without the secret nothing is answered.
 */
export async function startControl(
  folder: string,
  rooms: readonly ControlledRoom[],
  act: (actions: readonly Action[]) => Promise<void>,
  random: Random,
): Promise<{ stop(): Promise<void> }> {
  const secret = random.bytes(32).toString('base64url')
  const file = join(folder, controlFileName)
  const names = rooms.map(({ name }) => name)

  const answer = async (request: IncomingMessage): Promise<z.input<typeof RoomsAnswer> | z.input<typeof DoneAnswer> | undefined> => {
    switch (`${request.method} ${request.url}`) {
      case 'GET /rooms':
        return { rooms: await Promise.all(rooms.map((room) => room.status())) }
      case 'POST /fault': {
        const action = resolveFault(names, FaultRequest.parse(await bodyOf(request)))
        const { signals } = (await rooms.find(({ name }) => name === action.room)?.status()) ?? { signals: {} }
        if (!(action.signal in signals)) {
          throw new ActionError(`"${action.room}" has no ${action.signal}. It has: ${Object.keys(signals).join(', ')}.`)
        }
        await act([action])
        return { room: action.room }
      }
      case 'POST /actions':
        await act(ActionsRequest.parse(await bodyOf(request)).actions)
        return {}
      case 'POST /offboard': {
        const name = findRoom(names, OffboardRequest.parse(await bodyOf(request)).room)
        const left = await rooms.find((room) => room.name === name)?.offboard()
        return { room: name, ...(left ? { left: [...left] } : {}) }
      }
      default:
        return undefined
    }
  }

  const server = createServer((request, response) => {
    if (!isSecret(request.headers[secretHeader], secret)) {
      reply(response, 401, { message: 'The secret of control.json is missing or wrong.' })
      return
    }
    answer(request).then(
      (body) => {
        if (body) reply(response, 200, body)
        else reply(response, 404, { message: 'There is nothing at this address.' })
      },
      (error: unknown) => {
        if (error instanceof ActionError) reply(response, 400, { message: error.message })
        else if (error instanceof ZodError) reply(response, 400, { message: malformed(error) })
        else reply(response, 500, { message: error instanceof Error ? error.message : String(error) })
      },
    )
  })
  await new Promise<void>((listening, failed) => {
    server.once('error', failed)
    server.listen(0, '127.0.0.1', listening)
  })
  const address = server.address()
  if (address === null || typeof address === 'string') throw new Error('The control server has no port.')
  const said: ControlFile = { pid: process.pid, url: `http://127.0.0.1:${address.port}`, secret }
  writePrivateFile(file, `${JSON.stringify(said)}\n`)
  return {
    stop: () =>
      new Promise((done) => {
        rmSync(file, { force: true })
        server.close(() => {
          done()
        })
        server.closeAllConnections()
      }),
  }
}

/** Compared over digests, so that neither length nor content shows in the time it takes. */
function isSecret(given: string | string[] | undefined, secret: string): boolean {
  const digest = (text: string) => createHash('sha256').update(text).digest()
  return typeof given === 'string' && timingSafeEqual(digest(given), digest(secret))
}

async function bodyOf(request: IncomingMessage): Promise<unknown> {
  try {
    return await readJson(request, bodyBytes)
  } catch (error) {
    throw new ActionError(error instanceof AnswerTooLarge ? 'The request is too large.' : 'The request is not JSON.')
  }
}

function malformed(error: ZodError): string {
  const { field = 'the request', detail = 'does not fit' } = detailsOf(error)
  return `${field}: ${detail}`
}

function reply(response: ServerResponse, status: number, body: object): void {
  response.writeHead(status, { 'content-type': 'application/json' })
  response.end(JSON.stringify(body))
}
