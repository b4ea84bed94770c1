import { once } from 'node:events'
import { expect } from 'vitest'
import { WebSocket } from 'ws'
import { BridgeResponse, type CallName, type TopicName, type TopicOutput, topics } from '../../../contract/bridge.ts'
import { protocolsOf, Renewed } from '../../../contract/tab.ts'
import { untilPasses } from '../../../contract/testing/wait.ts'
import { tabFrom, type TestPage } from './transports.ts'

/** A page of a host, listening to some topics, keeping the newest value of each. */
export class Watcher {
  readonly #page: TestPage
  readonly #names = new Map<number, TopicName>()
  readonly #values = new Map<TopicName, unknown>()
  readonly #answers = new Map<number, BridgeResponse>()
  #last = 0

  constructor(page: TestPage, ...names: TopicName[]) {
    this.#page = page
    page.onMessage((message) => {
      const answer = BridgeResponse.parse(message)
      const name = this.#names.get(answer.id)
      if (name === undefined) this.#answers.set(answer.id, answer)
      else if (answer.type === 'value') this.#values.set(name, answer.value)
    })
    for (const name of names) {
      const id = this.#next()
      this.#names.set(id, name)
      page.send({ type: 'listen', id, name, input: {} })
    }
  }
  #next(): number {
    this.#last += 1
    return this.#last
  }
  async call(name: CallName, input: object = {}): Promise<BridgeResponse> {
    const id = this.#next()
    this.#page.send({ type: 'call', id, name, input })
    return untilPasses(() => {
      const answer = this.#answers.get(id)
      if (!answer) throw new Error(`no answer to ${name}`)
      return answer
    })
  }
  /** Waits until the topic's value is like this one. */
  async see<N extends TopicName>(name: N, like: object): Promise<TopicOutput<N>> {
    await untilPasses(() => expect(this.#values.get(name)).toMatchObject(like))
    return topics[name].output.parse(this.#values.get(name)) as TopicOutput<N>
  }
}

/** A page of the browser host at one of its links; `undo` ends it with the test. */
export async function pageOf(link: string, undo: (() => unknown)[]): Promise<TestPage> {
  const { origin, host } = new URL(link)
  const socket = new WebSocket(`ws://${host}/bridge`, protocolsOf(await tabFrom(link)), { origin })
  const waiting: unknown[] = []
  const listeners = new Set<(message: unknown) => void>()
  socket.on('message', (data) => {
    const message: unknown = JSON.parse(String(data))
    if (Renewed.safeParse(message).success) return
    if (listeners.size === 0) waiting.push(message)
    for (const listener of listeners) listener(message)
  })
  socket.on('error', () => {})
  await once(socket, 'open')
  undo.push(() => socket.terminate())
  return {
    send: (message) => socket.send(JSON.stringify(message)),
    onMessage: (listener) => {
      listeners.add(listener)
      for (const message of waiting.splice(0)) listener(message)
    },
    close: async () => socket.terminate(),
  }
}
