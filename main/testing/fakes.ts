import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import {
  type Bridge,
  type BridgeRequest,
  BridgeResponse,
  type BridgeStream,
  type CallInput,
  type CallName,
  type CallOutput,
  calls,
  type StreamEvents,
  type StreamInput,
  type StreamName,
  type TopicInput,
  type TopicName,
  type TopicOutput,
  topics,
} from '../../contract/bridge.ts'
import { StreamEnd } from '../../contract/byteStream.ts'
import { RoomkeeperError } from '../../contract/errors.ts'
import type { Undo } from '../../contract/system.ts'
import { someBytes } from '../../contract/testing/chance.ts'
import { Emitter } from '../emitter.ts'
import type { AccessToken, AccountState, BridgeServer, Session, Vault } from '../platform.ts'

/** Stand-ins for what surrounds the core, for its tests. */

/** A session that a test signs in and out by hand. */
export class FakeSession implements Session {
  state: AccountState
  token: () => Promise<AccessToken>
  readonly #changed = new Emitter<AccountState>()

  constructor(token = 'token', account = 'a'.repeat(16)) {
    this.state = {
      state: 'signedIn',
      account: { id: account, name: 'Amélie Laurent', email: 'amelie.laurent@contoso.example' },
      renewalNeeded: false,
    }
    this.token = () => Promise.resolve({ token, expiresAt: Date.now() + 3_600_000 })
  }

  set(state: AccountState): void {
    this.state = state
    this.#changed.emit(state)
  }

  listen(listener: (state: AccountState) => void): Undo {
    return this.#changed.listen(listener)
  }

  accessToken(_options?: { renew?: boolean }): Promise<AccessToken> {
    if (this.state.state !== 'signedIn' || this.state.renewalNeeded) return Promise.reject(new RoomkeeperError('session.none'))
    return this.token()
  }

  signIn(method: 'browser' | 'deviceCode'): Promise<void> {
    this.set({ state: 'signingIn', method })
    return Promise.resolve()
  }

  cancelSignIn(): Promise<void> {
    return this.signOut()
  }

  signOut(): Promise<void> {
    this.set({ state: 'signedOut' })
    return Promise.resolve()
  }
}

export class FakeVault implements Vault {
  readonly protection = 'none'
  readonly keys = new Map<string, Uint8Array>()

  key(name: string): Promise<Uint8Array> {
    const key = this.keys.get(name) ?? someBytes(32)
    this.keys.set(name, key)
    return Promise.resolve(key)
  }

  forget(name: string): Promise<void> {
    this.keys.delete(name)
    return Promise.resolve()
  }
}

/** A window on a bridge server, which checks every answer by its schema. */
export function openWindow(server: BridgeServer): { bridge: Bridge; close: Undo } {
  const toCore = new Emitter<unknown>()
  const waiting = new Map<number, { value(value: unknown): void; problem(error: RoomkeeperError): void }>()
  const streams = new Map<number, StreamEnd>()
  let next = 1
  const close = server.serve({
    onMessage: (listener) => toCore.listen(listener),
    send(message) {
      const answer = BridgeResponse.parse(structuredClone(message))
      const asked = waiting.get(answer.id)
      const stream = streams.get(answer.id)
      const error = answer.type === 'problem' ? new RoomkeeperError(answer.problem.code, answer.problem) : undefined
      if (answer.type === 'value') asked?.value(answer.value)
      else if (answer.type === 'bytes') stream?.received(answer.bytes)
      else if (answer.type === 'credit') stream?.credited(answer.bytes)
      else if (stream !== undefined) stream.ended(error)
      else if (error !== undefined) asked?.problem(error)
    },
  })
  const send = (request: BridgeRequest): void => toCore.emit(structuredClone(request))
  const bridge: Bridge = {
    call<N extends CallName>(name: N, input: CallInput<N>): Promise<CallOutput<N>> {
      const id = next++
      return new Promise((resolve, reject) => {
        waiting.set(id, {
          value: (value) => {
            waiting.delete(id)
            resolve(calls[name].output.parse(value) as CallOutput<N>)
          },
          problem: reject,
        })
        send({ type: 'call', id, name, input })
      })
    },
    listen<N extends TopicName>(
      name: N,
      input: TopicInput<N>,
      onValue: (value: TopicOutput<N>) => void,
      onProblem?: (error: Error) => void,
    ): Undo {
      const id = next++
      waiting.set(id, {
        value: (value) => onValue(topics[name].output.parse(value) as TopicOutput<N>),
        problem: (error) => onProblem?.(error),
      })
      send({ type: 'listen', id, name, input })
      return () => {
        waiting.delete(id)
        send({ type: 'end', id })
      }
    },
    open<N extends StreamName>(name: N, input: StreamInput<N>, events: StreamEvents): BridgeStream {
      const id = next++
      const stream = new StreamEnd(
        {
          bytes: (bytes) => send({ type: 'bytes', id, bytes }),
          credit: (bytes) => send({ type: 'credit', id, bytes }),
          end: () => send({ type: 'end', id }),
        },
        events,
      )
      streams.set(id, stream)
      send({ type: 'open', id, name, input })
      return stream
    },
  }
  return { bridge, close }
}

/** A folder of its own, with what removes it. */
export function tempFolder(): { path: string; remove: Undo } {
  const path = mkdtempSync(join(tmpdir(), 'roomkeeper-'))
  return { path, remove: () => rmSync(path, { recursive: true, force: true }) }
}
