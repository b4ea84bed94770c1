import { evidenceOf } from '../../contract/signals.ts'
import { RunningRooms } from '../control/client.ts'
import type { RoomStatus } from '../control/protocol.ts'
import { agentsFolder, dataHelp, parse, print, type Command } from './command.ts'

export const roomsCommand: Command = {
  help: `Usage: npm run agent -- rooms [--json] [--data DIR]

  --json                     everything, as one JSON array
${dataHelp}`,
  async run(args, { clock }) {
    const { values } = parse(args, { json: { type: 'boolean' }, data: { type: 'string' } })
    const running = await RunningRooms.find(agentsFolder(values.data), clock)
    const order = new Intl.Collator('en', { numeric: true })
    const rooms = running.rooms.sort((one, other) => order.compare(one.building, other.building) || order.compare(one.name, other.name))
    print(values.json ? JSON.stringify(rooms) : table(rooms))
    return 0
  },
}

function table(rooms: readonly RoomStatus[]): string {
  const head = ['ROOM', 'BUILDING', 'CONNECTION', 'LIFECYCLE', 'WAITING', 'SESSION', 'NOT WELL']
  const lines = rooms.map((room) => [
    room.name,
    room.building,
    room.why !== undefined && room.connection !== 'connected' ? `${room.connection} (${room.why})` : room.connection,
    room.lifecycle ?? '',
    String(room.waiting),
    room.session ?? '',
    Object.entries(room.signals)
      .filter(([, { value }]) => evidenceOf(value) !== 'good')
      .map(([id, { value }]) => `${id}=${value}`)
      .join(' '),
  ])
  const widths = head.map((title, column) => Math.max(title.length, ...lines.map((line) => (line[column] ?? '').length)))
  return [head, ...lines]
    .map((line) =>
      line
        .map((cell, column) => cell.padEnd(widths[column] ?? 0))
        .join('  ')
        .trimEnd(),
    )
    .join('\n')
}
