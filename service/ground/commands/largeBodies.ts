import { pipeline, Transform } from 'node:stream'
import type { preParsingAsyncHookHandler } from 'fastify'
import { mayImport } from '../../../contract/commands.ts'
import { RoomkeeperError } from '../../../contract/errors.ts'
import { limits } from '../../../contract/limits.ts'

/** Commands are small, but for a policy file: only who may import one may send as much (`policyFileBytes`). */
export const largeBodies: { readonly bodyLimit: number; readonly preParsing: preParsingAsyncHookHandler } = {
  bodyLimit: limits.policyFileBytes,
  preParsing: async (request, _reply, payload) => {
    if (request.caller && mayImport(request.caller.access)) return payload
    const length = request.headers['content-length']
    if (length === undefined) return pipeline(payload, atMost(limits.bodyBytes), () => undefined)
    if (Number(length) > limits.bodyBytes) throw new RoomkeeperError('request.tooLarge')
    return payload
  },
}

function atMost(bytes: number): Transform {
  let length = 0
  return new Transform({
    transform(chunk: Buffer, _encoding, done) {
      length += chunk.byteLength
      if (length > bytes) done(new RoomkeeperError('request.tooLarge'))
      else done(null, chunk)
    },
  })
}
