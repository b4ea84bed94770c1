import { inject, type InjectionKey } from 'vue'
import type { Bridge, TopicInput, TopicName, TopicOutput } from '../../contract/bridge.ts'
import { type ErrorCode, RoomkeeperError } from '../../contract/errors.ts'
import type { StatefulPipe } from './pipes.ts'

export const bridgeKey: InjectionKey<Bridge> = Symbol('bridge')
export const pipeKey: InjectionKey<StatefulPipe> = Symbol('pipe')

/** The bridge of this page. Only while a component or a store is being set up. */
export function useBridge(): Bridge {
  const bridge = inject(bridgeKey)
  if (!bridge) throw new Error('No bridge was provided to this application.')
  return bridge
}

/** The code to translate for anything that was thrown; what has none counts as a failure of the console itself. */
export function codeOf(error: unknown): ErrorCode {
  return error instanceof RoomkeeperError ? error.code : 'bridge.invalid'
}

/** The present value of a topic, heard once. */
export function readOnce<N extends TopicName>(bridge: Bridge, name: N, input: TopicInput<N>): Promise<TopicOutput<N>> {
  return new Promise((resolve, reject) => {
    // A value may come before `listen` has returned, so the end waits for a moment.
    const end = (): void => queueMicrotask(() => stop())
    const stop = bridge.listen(
      name,
      input,
      (value) => {
        end()
        resolve(value)
      },
      (error) => {
        end()
        reject(error)
      },
    )
  })
}
