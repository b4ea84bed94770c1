import { setTimeout } from 'node:timers/promises'
import { limits } from '../../contract/limits.ts'
import { ActionError } from '../actions.ts'
import { RunningRooms } from '../control/client.ts'
import { agentsFolder, dataHelp, networkHelp, print, required, type Command } from './command.ts'
import { openDevice, parseSingle, singleHelp } from './single-device.ts'

export const offboardCommand: Command = {
  help: `Usage: npm run agent -- offboard --room NAME [--data DIR]
       npm run agent -- offboard --device host|sim --service URL [options]

Removes the agent's key, journal and files from a device, and tells the service. The first form is for a room that is
running here; the second for a device whose agent does not run. A service that cannot be reached within
${limits.agentRequestMs / 1_000} s is not told. Afterwards, unenrol the room in the console.

${singleHelp}
${networkHelp}
${dataHelp}`,
  async run(args) {
    const values = parseSingle(args, {})
    if (values.service === undefined) {
      const running = await RunningRooms.find(agentsFolder(values.data))
      const name = await running.offboard(required(values.room, '--room'))
      print(`${name} is off-boarded.`)
      return 0
    }
    const { room, stop } = await openDevice(values, false)
    try {
      if (!(await room.resume())) throw new ActionError(`No agent is installed for ${room.name}.`)
      const late = new AbortController()
      const connected = await Promise.race([
        room.connect().then(({ state }) => state === 'connected'),
        setTimeout(limits.agentRequestMs, false, { signal: late.signal }),
      ])
      late.abort()
      // A service that wants it off-boarded says so at once, and the agent has obeyed.
      const told = connected || room.offboarded
      if (!room.offboarded) await room.offboard()
      print(`${room.name} is off-boarded${told ? '' : '; the service could not be told'}.`)
      return 0
    } finally {
      await stop()
    }
  },
}
