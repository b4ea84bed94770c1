import { reportedSignals, signals } from '../../contract/signals.ts'
import { RunningRooms } from '../control/client.ts'
import { agentsFolder, dataHelp, parse, print, required, type Command } from './command.ts'

export const faultCommand: Command = {
  help: `Usage: npm run agent -- fault --room NAME --signal ID --value VALUE [--detail TEXT] [--data DIR]

Example: npm run agent -- fault --room "Lyon 1.14 Gerland" --signal peripherals.camera --value unhealthy

  --room NAME                as "rooms" lists it; accents and capitals may differ
  --detail TEXT              what the device says of it
${dataHelp}

Signals and their values (notApplicable is always allowed):
${reportedSignals.map((id) => `  ${id.padEnd(29)}${signals[id].values.join(', ')}`).join('\n')}`,
  async run(args, { clock }) {
    const { values } = parse(args, {
      room: { type: 'string' },
      signal: { type: 'string' },
      value: { type: 'string' },
      detail: { type: 'string' },
      data: { type: 'string' },
    })
    const fault = {
      room: required(values.room, '--room'),
      signal: required(values.signal, '--signal'),
      value: required(values.value, '--value'),
      ...(values.detail === undefined ? {} : { detail: values.detail }),
    }
    const running = await RunningRooms.find(agentsFolder(values.data), clock)
    const room = await running.fault(fault)
    print(`${room}: ${fault.signal} is now ${fault.value}.`)
    return 0
  },
}
