import { dataHelp, networkHelp, print, processHelp, processOptions, type Command } from './command.ts'
import { askedToEnd, processLog, releaseParent } from './process.ts'
import { openDevice, parseSingle, singleHelp } from './single-device.ts'

export const runCommand: Command = {
  help: `Usage: npm run agent -- run --service URL --key-file FILE [options]

Installs the agent where it is not installed yet (see "enrol"), connects, and reports until it is ended.

${singleHelp}
${networkHelp}
${dataHelp}
${processHelp}`,
  async run(args, system) {
    const values = parseSingle(args, processOptions)
    const log = processLog(values['log-level'])
    using asked = askedToEnd(values['parent-pipe'] ?? false)
    const { room, stop } = await openDevice(values, {
      system,
      control: true,
      note: (text) => {
        log.warn(text)
      },
    })
    let ending = false
    const starting = (async () => {
      await room.enrol()
      const state = await room.connect()
      if (state.state === 'stopped') log.error({ room: room.name }, state.why)
      const connected = state.state === 'connected' ? 1 : 0
      if (values.json) print(JSON.stringify({ ready: true, rooms: connected }))
      else print(connected ? `${room.name} is connected. Ctrl-C ends it.` : `${room.name} is not connected.`)
    })().catch((error: unknown) => {
      if (!ending) throw error
    })
    try {
      const why = await Promise.race([asked.end, starting.then(() => asked.end)])
      log.info({ why }, 'ending')
    } finally {
      ending = true
      await stop()
      releaseParent()
    }
    return 0
  },
}
